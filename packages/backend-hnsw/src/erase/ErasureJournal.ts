import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { ScopeRow } from "../tables/ScopeTable.ts"

const PREFIX = "erasing."

const toSid = (key: unknown): number => Number(String(key).slice(PREFIX.length))

/**
 * Which scopes are being erased, in the file: an erasure takes several transactions, and a kill may come between two.
 * Call the methods inside a transaction. No name or text is in it.
 */
export class ErasureJournal {
  readonly #select: StatementSync
  readonly #selectAll: StatementSync
  readonly #insert: StatementSync
  readonly #delete: StatementSync

  constructor({ db }: { readonly db: DatabaseSync }) {
    this.#select = db.prepare("SELECT value FROM meta WHERE key = ?")
    this.#selectAll = db.prepare("SELECT key FROM meta WHERE key GLOB ?")
    this.#insert = db.prepare("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)")
    this.#delete = db.prepare("DELETE FROM meta WHERE key = ?")
  }

  /** Notes the scope unless it is noted already. The number below which its rows are to be erased. */
  begin({ next, sid }: ScopeRow): number {
    const key = `${PREFIX}${sid}`
    this.#insert.run(key, String(next))
    return Number(this.#select.get(key)?.["value"])
  }

  end(sid: number): void {
    this.#delete.run(`${PREFIX}${sid}`)
  }

  get sids(): ReadonlyArray<number> {
    return this.#selectAll.all(`${PREFIX}*`).map(({ key }) => toSid(key))
  }
}
