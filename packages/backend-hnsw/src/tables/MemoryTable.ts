import {
  closeAt,
  isExpired,
  isVisible,
  type Memory,
  type MemoryChange,
  type Passages,
  type PutOutcome,
  type PutResult,
  restate,
  type Scope,
  type StoreRow,
  type TermSettings,
  toBytes
} from "@keepsake/core/driver"
import type { StatementSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import { DamagedRow, sumRow } from "../codec/checksum.ts"
import {
  COLUMNS,
  decodeMemory,
  encodeLifetime,
  hashString,
  LAST_LOCAL,
  type Lifetime,
  makeRid,
  type MemoryRow
} from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import { bodyTable } from "../schema/schema.ts"
import { FormerIds } from "./FormerIds.ts"
import { type Prepared, prepareLazily } from "./prepareLazily.ts"
import { addBytes, type AddedRows, type ScopeChange } from "./ScopeChange.ts"
import type { SessionTable } from "./SessionTable.ts"
import { SpaceTables } from "./SpaceTables.ts"

export interface StoredMemory {
  readonly rid: number
  readonly memory: Memory
  /** Of the first passage. */
  readonly body: Body
  /** The row's columns have a sum: the first version kept none. */
  readonly isSummed: boolean
}

const decode = (scope: Scope, values: unknown): StoredMemory | null => {
  if (values === undefined) return null
  const row = values as MemoryRow
  const body = new Body(row.data, row.rid)
  return { rid: row.rid, memory: decodeMemory(scope, row, body), body, isSummed: row.sum !== null }
}

const sumMemory = (rid: number, memory: Memory, lifetime: Lifetime): number =>
  sumRow({
    ...lifetime,
    rid,
    id: memory.id,
    turn: memory.turn,
    said_at: memory.saidAt,
    created_at: memory.createdAt
  })

/** Whether both cut a text alike, so that one has only vectors that the other has not. */
const sameCut = (a: Passages, b: Passages): boolean =>
  a.length === b.length &&
  a.every(({ end, start, terms }, i) => {
    const other = b[i]
    return (
      other?.start === start &&
      other.end === end &&
      other.terms.ids.length === terms.ids.length &&
      terms.ids.every((id, at) => other.terms.ids[at] === id)
    )
  })

/** The `memory` table and the passages of its rows, row by row. Call the methods that write inside a transaction. */
export class MemoryTable {
  readonly #sessions: SessionTable
  readonly #formerIds: FormerIds
  #lastSession = ""
  #lastSessionHash = hashString("")
  /** Of the generation that serves, and of the one that a move fills. */
  readonly space: SpaceTables
  readonly staged: SpaceTables
  readonly #selectById: StatementSync
  readonly #selectByRid: StatementSync
  readonly #selectRid: StatementSync
  readonly #selectKnownIds: StatementSync
  readonly #selectFirstRids: StatementSync
  readonly #insert: Prepared
  readonly #updateLifetime: Prepared
  readonly #updateChanged: Prepared
  readonly #updateBytes: Prepared
  readonly #updateAccess: Prepared
  readonly #delete: Prepared
  readonly #selectStaged: StatementSync
  readonly #selectUnchanged: Prepared

  /** @param settings of the weights */
  constructor(connection: Connection, sessions: SessionTable, settings: TermSettings) {
    const { db, generation } = connection
    const joined = `SELECT ${COLUMNS}, b.data FROM memory m JOIN ${bodyTable(generation)} b ON b.rid = m.rid`
    this.#sessions = sessions
    this.#formerIds = new FormerIds(connection)
    this.space = new SpaceTables(connection, generation, settings)
    this.staged = new SpaceTables(connection, generation + 1, settings)
    this.#selectById = db.prepare(`${joined} WHERE m.sid = ? AND m.id = ?`)
    this.#selectByRid = db.prepare(`${joined} WHERE m.rid = ?`)
    this.#selectRid = db.prepare("SELECT rid FROM memory WHERE sid = ? AND id = ?")
    this.#selectKnownIds = db.prepare("SELECT id FROM memory WHERE sid = ? AND id IN (?, ?, ?, ?)")
    this.#selectFirstRids = db.prepare(
      "SELECT rid FROM memory WHERE rid BETWEEN ? AND ? ORDER BY rid LIMIT ?"
    )
    this.#insert = prepareLazily(
      db,
      "INSERT INTO memory (rid, sid, id, flags, session_key, turn, said_at, importance, created_at, updated_at, " +
        "expires_at, valid_from, valid_to, history, superseded_by, access_count, accessed_at, changed, bytes, sum) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?) " +
        "ON CONFLICT (sid, id) DO NOTHING"
    )
    this.#updateLifetime = prepareLazily(
      db,
      "UPDATE memory SET flags = ?, importance = ?, updated_at = ?, expires_at = ?, valid_from = ?, valid_to = ?, " +
        "history = ?, superseded_by = ?, changed = ?, sum = ? WHERE rid = ?"
    )
    this.#updateChanged = prepareLazily(db, "UPDATE memory SET changed = ? WHERE rid = ?")
    this.#updateBytes = prepareLazily(db, "UPDATE memory SET bytes = ? WHERE rid = ?")
    this.#updateAccess = prepareLazily(
      db,
      "UPDATE memory SET access_count = access_count + 1, accessed_at = ? WHERE sid = ? AND id = ? RETURNING rid"
    )
    this.#selectUnchanged = prepareLazily(
      db,
      "SELECT 1 FROM memory WHERE rid = ? AND ifnull(changed, 0) <= ?"
    )
    this.#selectStaged = db.prepare("SELECT 1 FROM meta WHERE key = 'staged'")
    this.#delete = prepareLazily(db, "DELETE FROM memory WHERE rid = ? RETURNING session_key, turn, bytes")
  }

  findById(scope: Scope, sid: number, id: string): StoredMemory | null {
    const stored = decode(scope, this.#selectById.get(sid, id))
    const bodiless = stored === null ? this.findRid(sid, id) : null
    if (bodiless !== null) throw new DamagedRow(bodiless)
    return stored
  }

  findByRid(scope: Scope, rid: number): StoredMemory | null {
    return decode(scope, this.#selectByRid.get(rid))
  }

  findRid(sid: number, id: string): number | null {
    const rid = this.#selectRid.get(sid, id)?.["rid"]
    return rid === undefined ? null : Number(rid)
  }

  /** Whether a row is there, and is as it was when its scope's `seq` was this. */
  isUnchanged(rid: number, seq: number): boolean {
    return this.#selectUnchanged().get(rid, seq) !== undefined
  }

  /** Row numbers of the scope, ascending. */
  firstRids(sid: number, limit: number): ReadonlyArray<number> {
    return this.#selectFirstRids
      .all(makeRid(sid, 0), makeRid(sid, LAST_LOCAL), limit)
      .map(({ rid }) => Number(rid))
  }

  toStoreRow({ body, memory, rid }: StoredMemory): StoreRow {
    return {
      memory,
      passages: this.space.read(rid, body, memory.content.length),
      owed: this.space.isOwed(rid)
    }
  }

  /** Rows of a write are mostly of one session. */
  #hashSession(sessionId: string): number {
    if (sessionId !== this.#lastSession) {
      this.#lastSession = sessionId
      this.#lastSessionHash = hashString(sessionId)
    }
    return this.#lastSessionHash
  }

  /** False if the scope already has a row of this id. */
  insert(change: ScopeChange, row: StoreRow): boolean {
    const { memory } = row
    if (change.next > LAST_LOCAL) throw new RangeError("A scope holds 67 million passages at most")
    const rid = makeRid(change.sid, change.next)
    const lifetime = encodeLifetime(memory)
    const bytes = toBytes(memory)
    const { changes } = this.#insert().run(
      rid,
      change.sid,
      memory.id,
      lifetime.flags,
      memory.sessionId === null ? null : this.#hashSession(memory.sessionId),
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
      memory.lastAccessedAt,
      bytes,
      sumMemory(rid, memory, lifetime)
    )
    if (changes === 0) return false
    this.#formerIds.note(row)
    const { added } = change
    const { flags, importance, expires_at } = lifetime
    const { content, id, saidAt: said_at, turn } = memory
    const [first] = row.passages
    const isWhole = first.start === 0 && first.end === content.length
    added?.add({ rid, id, flags, turn, said_at, expires_at, importance, bytes }, memory, first, isWhole)
    const takeExtra: AddedRows["addExtra"] | undefined =
      added === null ? undefined : (extraRid, place, passage) => added.addExtra(extraRid, place, passage)
    change.next = this.space.insert({ rid, isSummed: true }, memory, row, change.next + 1, takeExtra)
    change.rows += 1
    addBytes(change, bytes)
    return true
  }

  /** Updates lifetime and metadata; content, provenance, vectors and terms never change. */
  #update(change: ScopeChange, stored: StoredMemory, memory: Memory): void {
    const lifetime = encodeLifetime(memory)
    this.#updateLifetime().run(
      lifetime.flags,
      lifetime.importance,
      lifetime.updated_at,
      lifetime.expires_at,
      lifetime.valid_from,
      lifetime.valid_to,
      lifetime.history,
      lifetime.superseded_by,
      change.seq,
      sumMemory(stored.rid, stored.memory, lifetime),
      stored.rid
    )
    // A body of the first version gets its sums with the row's.
    if (memory.metadata === stored.memory.metadata && stored.body.isSummed) return
    this.space.replaceTexts(stored.rid, memory, stored.body)
    const bytes = toBytes(memory)
    addBytes(change, bytes - toBytes(stored.memory))
    this.#updateBytes().run(bytes, stored.rid)
    // The staged body holds the old metadata: stage the row again.
    this.#deleteStaged(stored.rid)
  }

  /** The id of the row that is restated; the row's own where it is new. */
  #findTarget(sid: number, row: StoreRow): string {
    const { memory } = row
    const formerIds = this.#formerIds.of(row)
    if (formerIds.length === 0) return memory.id
    const [first = null, second = null, third = null] = formerIds
    // One statement for all: most rows are new, and none of their ids is found.
    const found = this.#selectKnownIds.all(sid, memory.id, first, second, third)
    if (found.length === 0) return memory.id
    const known = new Set(found.map(({ id }) => id))
    return [memory.id, ...formerIds].find((id) => known.has(id)) ?? memory.id
  }

  /** What `put` would do. */
  foresee(scope: Scope, sid: number, row: StoreRow, now: number): PutOutcome {
    const stored = this.findById(scope, sid, this.#findTarget(sid, row))
    return stored === null ? "created" : restate(stored.memory, row.memory, now, row.overwrites).outcome
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
    } else {
      this.#update(change, stored, restated.memory)
      if (!row.owed && this.space.isOwed(stored.rid)) this.#takePassages(change, stored, restated.memory, row)
    }
    return { id, outcome: restated.outcome }
  }

  /** A row that is owed vectors takes those of a row said again. */
  #takePassages(change: ScopeChange, stored: StoredMemory, memory: Memory, row: StoreRow): void {
    const { body, rid } = stored
    const passages = this.space.read(rid, body, memory.content.length)
    if (sameCut(passages, row.passages)) return this.space.pay({ rid, isSummed: true }, memory, row.passages)
    // Other passages need another row number, as other content does.
    this.remove(change, rid)
    this.insert(change, { ...row, memory })
  }

  /** Fills in owed vectors; false if the row owes none, or has another number of passages. */
  pay(scope: Scope, change: ScopeChange, id: string, vectors: ReadonlyArray<Float32Array | null>): boolean {
    const stored = this.findById(scope, change.sid, id)
    if (stored === null || !this.space.isOwed(stored.rid)) return false
    const { memory, rid } = stored
    const passages = this.space.read(rid, stored.body, memory.content.length)
    if (passages.length !== vectors.length) return false
    const [first, ...more] = passages.map((passage, i) => ({ ...passage, vector: vectors[i] ?? null }))
    if (first === undefined) return false
    this.space.pay(stored, memory, [first, ...more])
    this.#updateChanged().run(change.seq, rid)
    return true
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

  /** Counts an access. @returns the row's number; null if there is no such row */
  touch(sid: number, id: string, now: number): number | null {
    const rid = this.#updateAccess().get(now, sid, id)?.["rid"]
    return rid === undefined ? null : Number(rid)
  }

  /** Keeps what a row counts for, which the first version did not. */
  setBytes(rid: number, bytes: number): void {
    this.#updateBytes().run(bytes, rid)
  }

  /** The turn's number stays taken. */
  remove(change: ScopeChange, rid: number): void {
    const { bytes, session_key, turn } = this.#delete().get(rid) ?? {}
    if (typeof session_key === "number" && typeof turn === "number") {
      this.#sessions.countRemoved(change.sid, session_key, turn)
    }
    change.erased.push(...this.space.delete(rid))
    this.#deleteStaged(rid)
    change.rows -= 1
    change.removed = change.seq
    addBytes(change, -Number(bytes))
  }

  /** Deletes the row's staged passages if a move to another embedder is under way. */
  #deleteStaged(rid: number): void {
    if (this.#selectStaged.get() !== undefined) this.staged.delete(rid)
  }
}
