import { type Scope, scopeKey } from "@keepsake/core/driver"
import type { StatementSync } from "node:sqlite"
import { decodeScopeName, encodeScopeName } from "../codec/scopeName.ts"
import type { Connection } from "../connection/Connection.ts"
import { scopeId, userIdHash } from "../scopeId.ts"
import { BlockTable } from "./BlockTable.ts"
import { type Prepared, prepareLazily } from "./prepareLazily.ts"

/** A scope's number and counters (`schema.ts`). */
export interface ScopeRow {
  readonly sid: number
  /** The number of the next row: greater than every number used so far. */
  readonly next: number
  readonly rows: number
  readonly seq: number
  readonly removed: number
  readonly touched: number
  /** Of rows and entries; null while they are not counted. */
  readonly bytes: number | null
}

/** A scope's row after a change. */
interface SavedScope extends Omit<ScopeRow, "touched"> {
  /** Numbers of passages that were removed. */
  readonly erased: ReadonlyArray<number>
}

/** A scope that holds a row or an entry. */
export interface HeldScope extends ScopeRow {
  readonly scope: Scope
}

const CACHED_ROWS_MAX = 1_000

/** The `scope` and `scope_name` tables. Rows are cached until another process writes. */
export class ScopeTable {
  readonly #connection: Connection
  readonly #blocks: BlockTable
  /** By `scopeKey`, as of `#epoch`. */
  readonly #cache = new Map<string, ScopeRow>()
  readonly #keysBySid = new Map<number, string>()
  #epoch = 0
  readonly #select: StatementSync
  readonly #selectBySid: StatementSync
  readonly #selectByUser: StatementSync
  readonly #selectName: StatementSync
  readonly #selectPage: StatementSync
  readonly #insert: Prepared
  readonly #insertName: Prepared
  readonly #update: Prepared
  readonly #updateTouched: Prepared
  readonly #delete: Prepared
  readonly #deleteName: Prepared
  readonly #selectEntryList: StatementSync
  readonly #selectSession: StatementSync

  constructor(connection: Connection) {
    const { db } = connection
    const columns = "sid, next, rows, seq, removed, touched, bytes"
    this.#connection = connection
    this.#blocks = new BlockTable(connection)
    this.#select = db.prepare(`SELECT ${columns} FROM scope WHERE key = ?`)
    this.#selectBySid = db.prepare(`SELECT ${columns} FROM scope WHERE sid = ?`)
    this.#selectByUser = db.prepare(`SELECT ${columns} FROM scope WHERE user_key = ?`)
    this.#selectName = db.prepare("SELECT data FROM scope_name WHERE sid = ?")
    this.#selectPage = db.prepare(
      "SELECT s.key, s.sid, s.next, s.rows, s.seq, s.removed, s.touched, s.bytes, n.data FROM scope s " +
        "JOIN scope_name n ON n.sid = s.sid WHERE s.key > ? ORDER BY s.key LIMIT ?"
    )
    this.#insert = prepareLazily(
      db,
      "INSERT INTO scope (key, user_key, next, rows, seq, removed, touched, bytes) VALUES (?, ?, 0, 0, 0, 0, 0, 0)"
    )
    this.#insertName = prepareLazily(db, "INSERT OR IGNORE INTO scope_name (sid, data) VALUES (?, ?)")
    this.#update = prepareLazily(
      db,
      "UPDATE scope SET next = ?, rows = ?, seq = ?, removed = ?, bytes = ? WHERE sid = ?"
    )
    this.#updateTouched = prepareLazily(db, "UPDATE scope SET touched = touched + 1 WHERE sid = ?")
    this.#delete = prepareLazily(db, "DELETE FROM scope WHERE sid = ?")
    this.#deleteName = prepareLazily(db, "DELETE FROM scope_name WHERE sid = ?")
    this.#selectEntryList = db.prepare("SELECT 1 FROM entry_list WHERE sid = ? LIMIT 1")
    this.#selectSession = db.prepare("SELECT 1 FROM session WHERE sid = ? LIMIT 1")
  }

  /** After `assertServing` or `assertReadable`. */
  find(scope: Scope): ScopeRow | null {
    const key = scopeKey(scope)
    if (this.#epoch !== this.#connection.epoch || this.#cache.size > CACHED_ROWS_MAX) {
      this.#cache.clear()
      this.#keysBySid.clear()
      this.#epoch = this.#connection.epoch
    }
    const cached = this.#cache.get(key)
    if (cached !== undefined) return cached
    const row = this.#select.get(scopeId(this.#connection.salt, scope)) as unknown as ScopeRow | undefined
    if (row === undefined) return null
    if (row.rows > 0) this.#checkName(row.sid, this.name(row.sid), scopeId(this.#connection.salt, scope))
    this.#cacheRow(key, row)
    return row
  }

  #cacheRow(key: string, row: ScopeRow): void {
    this.#cache.set(key, row)
    this.#keysBySid.set(row.sid, key)
  }

  /** Applies this process's own write to a cached row. */
  #updateCached(sid: number, update: (row: ScopeRow) => ScopeRow): void {
    const key = this.#keysBySid.get(sid)
    const row = key === undefined ? undefined : this.#cache.get(key)
    if (key !== undefined && row !== undefined) this.#cache.set(key, update(row))
  }

  findBySid(sid: number): ScopeRow | null {
    return (this.#selectBySid.get(sid) as unknown as ScopeRow | undefined) ?? null
  }

  findByUser(userId: string): ReadonlyArray<ScopeRow> {
    const userKey = userIdHash(this.#connection.salt, userId)
    return this.#selectByUser.all(userKey) as unknown as ReadonlyArray<ScopeRow>
  }

  /** Inside a transaction. */
  findOrCreate(scope: Scope): ScopeRow {
    const existing = this.find(scope)
    const { pageSize, salt } = this.#connection
    if (existing !== null) {
      // A scope without rows may have lost its name.
      if (existing.rows === 0) this.#insertName().run(existing.sid, encodeScopeName(scope, pageSize))
      return existing
    }
    const { lastInsertRowid } = this.#insert().run(scopeId(salt, scope), userIdHash(salt, scope.userId))
    const sid = Number(lastInsertRowid)
    this.#insertName().run(sid, encodeScopeName(scope, pageSize))
    const row = { sid, next: 0, rows: 0, seq: 0, removed: 0, touched: 0, bytes: 0 }
    this.#cacheRow(scopeKey(scope), row)
    return row
  }

  /**
   * Inside a transaction. Erases removed passages from blocks. Deletes the name of a scope without rows and entries, and the whole scope if no counter of a
   * session is left either; its number is never reused.
   */
  save({ erased, ...row }: SavedScope): void {
    if (erased.length > 0) this.#blocks.erase(row.sid, erased)
    const holdsText = row.rows > 0 || this.#selectEntryList.get(row.sid) !== undefined
    if (!holdsText) this.#deleteName().run(row.sid)
    if (holdsText || this.#selectSession.get(row.sid) !== undefined) {
      this.#update().run(row.next, row.rows, row.seq, row.removed, row.bytes, row.sid)
      this.#updateCached(row.sid, ({ touched }) => ({ ...row, touched }))
      return
    }
    this.#cache.delete(this.#keysBySid.get(row.sid) ?? "")
    this.#keysBySid.delete(row.sid)
    this.#delete().run(row.sid)
  }

  /** Inside a transaction. */
  touch(sid: number): void {
    this.#updateTouched().run(sid)
    this.#updateCached(sid, (row) => ({ ...row, touched: row.touched + 1 }))
  }

  name(sid: number): Scope {
    return decodeScopeName(this.#selectName.get(sid)?.["data"])
  }

  /** Throws where a scope's name is not that of its key: one of both, or its number, is damaged. */
  #checkName(sid: number, name: Scope, key: Uint8Array): void {
    if (Buffer.compare(scopeId(this.#connection.salt, name), key) !== 0)
      throw new RangeError(`The name of scope ${sid} does not fit its key`)
  }

  /** Scopes that hold a row or an entry, in the order of the hashes, so that `after` may have been deleted meanwhile. */
  page(after: Scope | undefined, limit: number): ReadonlyArray<HeldScope> {
    const start = after === undefined ? Buffer.alloc(0) : scopeId(this.#connection.salt, after)
    return this.#selectPage.all(start, limit).map(({ data, key, ...row }) => {
      const scope = decodeScopeName(data)
      this.#checkName(Number(row["sid"]), scope, key as Uint8Array)
      return { ...(row as unknown as ScopeRow), scope }
    })
  }
}
