import {
  closeAt,
  isExpired,
  isVisible,
  type Memory,
  type MemoryChange,
  type PutOutcome,
  restate,
  type Scope,
  type StoreRow
} from "@keepsake/core/driver"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { Body, encodeBody } from "../codec/bodyBlob.ts"
import type { Connection } from "../connection/Connection.ts"
import { bodyTable } from "../schema/schema.ts"
import {
  COLUMNS,
  lastLocal,
  lifetimeOf,
  memoryOf,
  type MemoryRow,
  ridOf,
  stringKey
} from "../codec/memoryRow.ts"
import type { ScopeRow } from "./ScopeTable.ts"

/** A stored row: its number, its memory, and its body. */
export interface Known {
  readonly rid: number
  readonly memory: Memory
  readonly body: Body
}

/** A scope's row while a transaction changes the scope. */
export interface Change {
  readonly sid: number
  next: number
  rows: number
  readonly seq: number
  removed: number
}

/** Opens a change of a scope: everything in it carries one sequence number. */
export const changeOf = (row: ScopeRow): Change => ({
  sid: row.sid,
  next: row.next,
  rows: row.rows,
  seq: row.seq + 1,
  removed: row.removed
})

/** The `memory` and `body_N` tables, row by row. Everything that writes runs inside a transaction. */
export class MemoryTable {
  readonly #db: DatabaseSync
  readonly #byId: StatementSync
  readonly #byRid: StatementSync
  readonly #rid: StatementSync
  readonly #insert: StatementSync
  readonly #insertBody: StatementSync
  readonly #lifetime: StatementSync
  readonly #body: StatementSync
  readonly #touch: StatementSync
  readonly #delete: StatementSync
  readonly #deleteBody: StatementSync
  readonly #staged: StatementSync
  readonly #generation: number
  readonly #pageSize: number

  constructor({ db, generation, pageSize }: Connection) {
    const body = bodyTable(generation)
    const joined = `SELECT ${COLUMNS}, b.data FROM memory m JOIN ${body} b ON b.rid = m.rid`
    this.#db = db
    this.#generation = generation
    this.#pageSize = pageSize
    this.#byId = db.prepare(`${joined} WHERE m.sid = ? AND m.id = ?`)
    this.#byRid = db.prepare(`${joined} WHERE m.rid = ?`)
    this.#rid = db.prepare("SELECT rid FROM memory WHERE sid = ? AND id = ?")
    this.#insert = db.prepare(
      "INSERT INTO memory (rid, sid, id, flags, session_key, turn, said_at, importance, created_at, updated_at, " +
        "expires_at, valid_from, valid_to, history, superseded_by, access_count, accessed_at, changed) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL) " +
        "ON CONFLICT (sid, id) DO NOTHING"
    )
    this.#insertBody = db.prepare(`INSERT INTO ${body} (rid, data) VALUES (?, ?)`)
    this.#lifetime = db.prepare(
      "UPDATE memory SET flags = ?, importance = ?, updated_at = ?, expires_at = ?, valid_from = ?, valid_to = ?, " +
        "history = ?, superseded_by = ?, changed = ? WHERE rid = ?"
    )
    this.#body = db.prepare(`UPDATE ${body} SET data = ? WHERE rid = ?`)
    this.#touch = db.prepare(
      "UPDATE memory SET access_count = access_count + 1, accessed_at = ? WHERE sid = ? AND id = ?"
    )
    this.#staged = db.prepare("SELECT 1 FROM meta WHERE key = 'staged'")
    this.#delete = db.prepare("DELETE FROM memory WHERE rid = ?")
    this.#deleteBody = db.prepare(`DELETE FROM ${body} WHERE rid = ?`)
  }

  #known(scope: Scope, found: unknown): Known | null {
    if (found === undefined) return null
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns asked for
    const row = found as MemoryRow
    const body = new Body(row.data)
    return { rid: row.rid, memory: memoryOf(scope, row, body), body }
  }

  byId(scope: Scope, sid: number, id: string): Known | null {
    return this.#known(scope, this.#byId.get(sid, id))
  }

  byRid(scope: Scope, rid: number): Known | null {
    return this.#known(scope, this.#byRid.get(rid))
  }

  ridOf(sid: number, id: string): number | null {
    const rid = this.#rid.get(sid, id)?.["rid"]
    return rid === undefined ? null : Number(rid)
  }

  /** False, and nothing done, where the scope has a row of this id. */
  insert(change: Change, { memory, terms, vector }: StoreRow): boolean {
    if (change.next > lastLocal) throw new RangeError("A scope holds 67 million rows at most")
    const rid = ridOf(change.sid, change.next)
    const life = lifetimeOf(memory)
    const { changes } = this.#insert.run(
      rid,
      change.sid,
      memory.id,
      life.flags,
      memory.sessionId === null ? null : stringKey(memory.sessionId),
      memory.turn,
      memory.saidAt,
      life.importance,
      memory.createdAt,
      life.updated_at,
      life.expires_at,
      life.valid_from,
      life.valid_to,
      life.history,
      life.superseded_by,
      memory.accessCount,
      memory.lastAccessedAt
    )
    if (changes === 0) return false
    this.#insertBody.run(rid, encodeBody(memory, terms, vector, this.#pageSize))
    change.next += 1
    change.rows += 1
    return true
  }

  /** Everything but content, provenance, vector and terms, which never change. */
  update(change: Change, known: Known, memory: Memory): void {
    const life = lifetimeOf(memory)
    this.#lifetime.run(
      life.flags,
      life.importance,
      life.updated_at,
      life.expires_at,
      life.valid_from,
      life.valid_to,
      life.history,
      life.superseded_by,
      change.seq,
      known.rid
    )
    if (memory.metadata === known.memory.metadata) return
    this.#body.run(encodeBody(memory, known.body.terms, known.body.vector, this.#pageSize), known.rid)
    // The space being filled holds the metadata too: it takes this row anew.
    this.#unstage(known.rid)
  }

  /** What `restate` decides, done. */
  put(scope: Scope, change: Change, row: StoreRow, now: number): PutOutcome {
    // Nearly everything is new: it is looked for only where it cannot be put.
    if (this.insert(change, row)) return "created"
    const known = this.byId(scope, change.sid, row.memory.id)
    if (known === null) throw new RangeError("A row has no body")
    const restated = restate(known.memory, row.memory, now)
    if (restated.outcome === "created") {
      // What derives from a row's number never changes under it: other content is another row.
      this.remove(change, known.rid)
      this.insert(change, row)
    } else if (restated.outcome !== "conflict") this.update(change, known, restated.memory)
    return restated.outcome
  }

  patch(scope: Scope, change: Change, id: string, fields: MemoryChange, now: number): Memory | null {
    const known = this.byId(scope, change.sid, id)
    if (known === null || isExpired(known.memory, now)) return null
    const memory: Memory = { ...known.memory, ...fields, updatedAt: now }
    this.update(change, known, memory)
    return memory
  }

  /** Closes `id` at the start of the successor's current interval; false when there is nothing to close. */
  close(scope: Scope, change: Change, id: string, successorId: string, now: number): boolean {
    const known = this.byId(scope, change.sid, id)
    const successor = this.byId(scope, change.sid, successorId)
    if (known === null || !isVisible(known.memory, now)) return false
    const at = successor?.memory.validity.at(-1)?.from ?? now
    this.update(change, known, { ...closeAt(known.memory, at, successorId), updatedAt: now })
    return true
  }

  touch(sid: number, id: string, now: number): void {
    this.#touch.run(now, sid, id)
  }

  remove(change: Change, rid: number): void {
    this.#delete.run(rid)
    this.#deleteBody.run(rid)
    this.#unstage(rid)
    change.rows -= 1
    change.removed = change.seq
  }

  /** Drops a row from the space being filled, if one is. */
  #unstage(rid: number): void {
    if (this.#staged.get() !== undefined)
      this.#db.prepare(`DELETE FROM ${bodyTable(this.#generation + 1)} WHERE rid = ?`).run(rid)
  }
}
