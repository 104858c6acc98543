import type { StatementSync } from "node:sqlite"
import { hashString } from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import { turnCounterKey } from "../sessionKey.ts"

/** The `session` table: which turns were given away and then removed. Call the methods that write inside a transaction. */
export class SessionTable {
  readonly #salt: string
  readonly #select: StatementSync
  readonly #raise: StatementSync
  readonly #delete: StatementSync

  constructor({ db, salt }: Connection) {
    this.#salt = salt
    this.#select = db.prepare("SELECT last_turn FROM session WHERE sid = ? AND key = ?")
    this.#raise = db.prepare(
      "INSERT INTO session (sid, key, last_turn) VALUES (?, ?, ?) " +
        "ON CONFLICT (sid, key) DO UPDATE SET last_turn = excluded.last_turn WHERE excluded.last_turn > last_turn"
    )
    this.#delete = db.prepare("DELETE FROM session WHERE sid = ?")
  }

  /** The greatest turn removed; null for none. */
  lastTurn(sid: number, sessionId: string): number | null {
    const turn = this.#select.get(sid, turnCounterKey(this.#salt, sid, hashString(sessionId)))?.["last_turn"]
    return turn === undefined ? null : Number(turn)
  }

  /** @param sessionKey `memory.session_key` of the removed row */
  countRemoved(sid: number, sessionKey: number, turn: number): void {
    this.#raise.run(sid, turnCounterKey(this.#salt, sid, sessionKey), turn)
  }

  deleteAll(sid: number): void {
    this.#delete.run(sid)
  }
}
