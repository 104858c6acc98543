import {
  closeAt,
  isExpired,
  isVisible,
  type Memory,
  type MemoryChange,
  type PutResult,
  restate,
  type Scope,
  type StoreRow
} from "@keepsake/core/driver"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { Body, encodeBody } from "../codec/bodyBlob.ts"
import {
  COLUMNS,
  decodeMemory,
  encodeLifetime,
  hashString,
  LAST_LOCAL,
  makeRid,
  type MemoryRow
} from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import { bodyTable } from "../schema/schema.ts"
import type { ScopeRow } from "./ScopeTable.ts"
import type { SessionTable } from "./SessionTable.ts"

export interface StoredMemory {
  readonly rid: number
  readonly memory: Memory
  readonly body: Body
}

/** A scope's row while a transaction changes the scope; save it at the end. */
export interface ScopeChange {
  readonly sid: number
  next: number
  rows: number
  readonly seq: number
  removed: number
}

/** Everything in one change has the same sequence number. */
export const beginChange = (row: ScopeRow): ScopeChange => ({
  sid: row.sid,
  next: row.next,
  rows: row.rows,
  seq: row.seq + 1,
  removed: row.removed
})

const decode = (scope: Scope, values: unknown): StoredMemory | null => {
  if (values === undefined) return null
  const row = values as MemoryRow
  const body = new Body(row.data)
  return { rid: row.rid, memory: decodeMemory(scope, row, body), body }
}

/** The `memory` and `body_N` tables, row by row. Call the methods that write inside a transaction. */
export class MemoryTable {
  readonly #db: DatabaseSync
  readonly #sessions: SessionTable
  readonly #selectById: StatementSync
  readonly #selectByRid: StatementSync
  readonly #selectRid: StatementSync
  readonly #selectKnownIds: StatementSync
  readonly #selectFirstRids: StatementSync
  readonly #insert: StatementSync
  readonly #insertBody: StatementSync
  readonly #updateLifetime: StatementSync
  readonly #updateBody: StatementSync
  readonly #updateAccess: StatementSync
  readonly #delete: StatementSync
  readonly #deleteBody: StatementSync
  readonly #selectStaged: StatementSync
  readonly #generation: number
  readonly #pageSize: number

  constructor({ db, generation, pageSize }: Connection, sessions: SessionTable) {
    const body = bodyTable(generation)
    const joined = `SELECT ${COLUMNS}, b.data FROM memory m JOIN ${body} b ON b.rid = m.rid`
    this.#db = db
    this.#sessions = sessions
    this.#generation = generation
    this.#pageSize = pageSize
    this.#selectById = db.prepare(`${joined} WHERE m.sid = ? AND m.id = ?`)
    this.#selectByRid = db.prepare(`${joined} WHERE m.rid = ?`)
    this.#selectRid = db.prepare("SELECT rid FROM memory WHERE sid = ? AND id = ?")
    this.#selectKnownIds = db.prepare("SELECT id FROM memory WHERE sid = ? AND id IN (?, ?, ?, ?)")
    this.#selectFirstRids = db.prepare(
      "SELECT rid FROM memory WHERE rid BETWEEN ? AND ? ORDER BY rid LIMIT ?"
    )
    this.#insert = db.prepare(
      "INSERT INTO memory (rid, sid, id, flags, session_key, turn, said_at, importance, created_at, updated_at, " +
        "expires_at, valid_from, valid_to, history, superseded_by, access_count, accessed_at, changed) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL) " +
        "ON CONFLICT (sid, id) DO NOTHING"
    )
    this.#insertBody = db.prepare(`INSERT INTO ${body} (rid, data) VALUES (?, ?)`)
    this.#updateLifetime = db.prepare(
      "UPDATE memory SET flags = ?, importance = ?, updated_at = ?, expires_at = ?, valid_from = ?, valid_to = ?, " +
        "history = ?, superseded_by = ?, changed = ? WHERE rid = ?"
    )
    this.#updateBody = db.prepare(`UPDATE ${body} SET data = ? WHERE rid = ?`)
    this.#updateAccess = db.prepare(
      "UPDATE memory SET access_count = access_count + 1, accessed_at = ? WHERE sid = ? AND id = ?"
    )
    this.#selectStaged = db.prepare("SELECT 1 FROM meta WHERE key = 'staged'")
    this.#delete = db.prepare("DELETE FROM memory WHERE rid = ? RETURNING session_key, turn")
    this.#deleteBody = db.prepare(`DELETE FROM ${body} WHERE rid = ?`)
  }

  findById(scope: Scope, sid: number, id: string): StoredMemory | null {
    return decode(scope, this.#selectById.get(sid, id))
  }

  findByRid(scope: Scope, rid: number): StoredMemory | null {
    return decode(scope, this.#selectByRid.get(rid))
  }

  findRid(sid: number, id: string): number | null {
    const rid = this.#selectRid.get(sid, id)?.["rid"]
    return rid === undefined ? null : Number(rid)
  }

  /** Row numbers of the scope, ascending. */
  firstRids(sid: number, limit: number): ReadonlyArray<number> {
    return this.#selectFirstRids
      .all(makeRid(sid, 0), makeRid(sid, LAST_LOCAL), limit)
      .map(({ rid }) => Number(rid))
  }

  /** False if the scope already has a row of this id. */
  insert(change: ScopeChange, { memory, terms, vector }: StoreRow): boolean {
    if (change.next > LAST_LOCAL) throw new RangeError("A scope holds 67 million rows at most")
    const rid = makeRid(change.sid, change.next)
    const lifetime = encodeLifetime(memory)
    const { changes } = this.#insert.run(
      rid,
      change.sid,
      memory.id,
      lifetime.flags,
      memory.sessionId === null ? null : hashString(memory.sessionId),
      memory.turn,
      memory.saidAt,
      lifetime.importance,
      memory.createdAt,
      lifetime.updated_at,
      lifetime.expires_at,
      lifetime.valid_from,
      lifetime.valid_to,
      lifetime.history,
      lifetime.superseded_by,
      memory.accessCount,
      memory.lastAccessedAt
    )
    if (changes === 0) return false
    this.#insertBody.run(rid, encodeBody(memory, terms, vector, this.#pageSize))
    change.next += 1
    change.rows += 1
    return true
  }

  /** Updates lifetime and metadata; content, provenance, vector and terms never change. */
  #update(change: ScopeChange, stored: StoredMemory, memory: Memory): void {
    const lifetime = encodeLifetime(memory)
    this.#updateLifetime.run(
      lifetime.flags,
      lifetime.importance,
      lifetime.updated_at,
      lifetime.expires_at,
      lifetime.valid_from,
      lifetime.valid_to,
      lifetime.history,
      lifetime.superseded_by,
      change.seq,
      stored.rid
    )
    if (memory.metadata === stored.memory.metadata) return
    const { terms, vector } = stored.body
    this.#updateBody.run(encodeBody(memory, terms, vector, this.#pageSize), stored.rid)
    // The staged body holds the old metadata: stage the row again.
    this.#deleteStaged(stored.rid)
  }

  /** The id of the row that is restated; the row's own where it is new. */
  #findTarget(sid: number, { formerIds = [], memory }: StoreRow): string {
    if (formerIds.length === 0) return memory.id
    const [first = null, second = null, third = null] = formerIds
    // One statement for all: most rows are new, and none of their ids is found.
    const found = this.#selectKnownIds.all(sid, memory.id, first, second, third)
    if (found.length === 0) return memory.id
    const known = new Set(found.map(({ id }) => id))
    return [memory.id, ...formerIds].find((id) => known.has(id)) ?? memory.id
  }

  /** Upserts by the rules of `restate`. */
  put(scope: Scope, change: ScopeChange, row: StoreRow, now: number): PutResult {
    const id = this.#findTarget(change.sid, row)
    // Most rows are new: the insert looks for the id.
    if (id === row.memory.id && this.insert(change, row)) return { id, outcome: "created" }
    const stored = this.findById(scope, change.sid, id)
    if (stored === null) throw new RangeError("A row has no body")
    const restated = restate(stored.memory, row.memory, now, row.overwrites)
    if (restated.outcome === "conflict") return { id: row.memory.id, outcome: "conflict" }
    if (restated.outcome === "created") {
      // Other content needs another row number: indexes never read a row's content twice.
      this.remove(change, stored.rid)
      this.insert(change, { ...row, memory: { ...row.memory, id } })
    } else this.#update(change, stored, restated.memory)
    return { id, outcome: restated.outcome }
  }

  /** Null if the scope has no live row of this id. */
  patch(scope: Scope, change: ScopeChange, id: string, fields: MemoryChange, now: number): Memory | null {
    const stored = this.findById(scope, change.sid, id)
    if (stored === null || isExpired(stored.memory, now)) return null
    const { memory: old } = stored
    const { expiresAt = old.expiresAt, importance = old.importance } = fields
    const { metadata = old.metadata, pinned = old.pinned } = fields
    const memory: Memory = { ...old, expiresAt, importance, metadata, pinned, updatedAt: now }
    this.#update(change, stored, memory)
    return memory
  }

  /** Closes `id` at the start of the successor's current interval; false if `id` has no open interval. */
  close(scope: Scope, change: ScopeChange, id: string, successorId: string, now: number): boolean {
    const stored = this.findById(scope, change.sid, id)
    const successor = this.findById(scope, change.sid, successorId)
    if (stored === null || !isVisible(stored.memory, now)) return false
    const closedAt = successor?.memory.validity.at(-1)?.from ?? now
    this.#update(change, stored, { ...closeAt(stored.memory, closedAt, successorId), updatedAt: now })
    return true
  }

  touch(sid: number, id: string, now: number): void {
    this.#updateAccess.run(now, sid, id)
  }

  /** The turn's number stays taken. */
  remove(change: ScopeChange, rid: number): void {
    const { session_key, turn } = this.#delete.get(rid) ?? {}
    if (typeof session_key === "number" && typeof turn === "number") {
      this.#sessions.countRemoved(change.sid, session_key, turn)
    }
    this.#deleteBody.run(rid)
    this.#deleteStaged(rid)
    change.rows -= 1
    change.removed = change.seq
  }

  /** Deletes the row's staged body if a move to another embedder is under way. */
  #deleteStaged(rid: number): void {
    if (this.#selectStaged.get() !== undefined)
      this.#db.prepare(`DELETE FROM ${bodyTable(this.#generation + 1)} WHERE rid = ?`).run(rid)
  }
}
