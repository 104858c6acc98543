import { type Scope, type ScopeCount, scopeKey } from "@keepsake/core/driver"
import { hash } from "node:crypto"
import type { StatementSync } from "node:sqlite"
import type { Connection } from "../connection/Connection.ts"
import { erasableBlob, payloadStart } from "../codec/erasableBlob.ts"

/** A scope's row: its number, and the counters by which derived structures are kept in step (`schema.ts`). */
export interface ScopeRow {
  readonly sid: number
  /** The next row's own number: greater than that of every row so far. */
  readonly next: number
  readonly rows: number
  readonly seq: number
  readonly removed: number
  readonly touched: number
}

const encodeName = (scope: Scope, pageSize: number): Uint8Array => {
  const json = Buffer.from(JSON.stringify([scope.agentId, scope.userId]))
  const blob = erasableBlob(4 + json.length, pageSize)
  const at = payloadStart(blob.length)
  blob.writeUInt32LE(json.length, at)
  blob.set(json, at + 4)
  return blob
}

const decodeName = (data: Uint8Array): Scope => {
  const blob = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const at = payloadStart(blob.length)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by encodeName alone
  const [agentId, userId] = JSON.parse(blob.toString("utf8", at + 4, at + 4 + blob.readUInt32LE(at))) as [
    string,
    string
  ]
  return { agentId, userId }
}

/** Rows remembered at once. */
const KNOWN_MAX = 1_000

/** The `scope` table. Names are kept erasably; rows are found by a salted hash, and remembered while nobody else writes. */
export class ScopeTable {
  readonly #connection: Connection
  /** By `scopeKey`, as of `#epoch`. */
  readonly #known = new Map<string, ScopeRow>()
  readonly #keys = new Map<number, string>()
  #epoch = 0
  readonly #find: StatementSync
  readonly #bySid: StatementSync
  readonly #create: StatementSync
  readonly #name: StatementSync
  readonly #nameOf: StatementSync
  readonly #update: StatementSync
  readonly #touch: StatementSync
  readonly #drop: StatementSync
  readonly #dropName: StatementSync
  readonly #page: StatementSync
  readonly #ofUser: StatementSync

  constructor(connection: Connection) {
    const { db } = connection
    const columns = "sid, next, rows, seq, removed, touched"
    this.#connection = connection
    this.#find = db.prepare(`SELECT ${columns} FROM scope WHERE key = ?`)
    this.#bySid = db.prepare(`SELECT ${columns} FROM scope WHERE sid = ?`)
    this.#create = db.prepare(
      "INSERT INTO scope (key, user_key, next, rows, seq, removed, touched) VALUES (?, ?, 0, 0, 0, 0, 0)"
    )
    this.#name = db.prepare("INSERT INTO scope_name (sid, data) VALUES (?, ?)")
    this.#nameOf = db.prepare("SELECT data FROM scope_name WHERE sid = ?")
    this.#update = db.prepare("UPDATE scope SET next = ?, rows = ?, seq = ?, removed = ? WHERE sid = ?")
    this.#touch = db.prepare("UPDATE scope SET touched = touched + 1 WHERE sid = ?")
    this.#drop = db.prepare("DELETE FROM scope WHERE sid = ?")
    this.#dropName = db.prepare("DELETE FROM scope_name WHERE sid = ?")
    this.#page = db.prepare(
      "SELECT s.rows, n.data FROM scope s JOIN scope_name n ON n.sid = s.sid WHERE s.key > ? ORDER BY s.key LIMIT ?"
    )
    this.#ofUser = db.prepare(`SELECT ${columns} FROM scope WHERE user_key = ?`)
  }

  #key(text: string): Buffer {
    return hash("sha256", this.#connection.salt + text, "buffer").subarray(0, 16)
  }

  /** After `assertServing`. */
  find(scope: Scope): ScopeRow | null {
    const key = scopeKey(scope)
    if (this.#epoch !== this.#connection.epoch || this.#known.size > KNOWN_MAX) {
      this.#known.clear()
      this.#keys.clear()
      this.#epoch = this.#connection.epoch
    }
    const known = this.#known.get(key)
    if (known !== undefined) return known
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns asked for
    const row = this.#find.get(this.#key(key)) as unknown as ScopeRow | undefined
    if (row === undefined) return null
    this.#remember(key, row)
    return row
  }

  #remember(key: string, row: ScopeRow): void {
    this.#known.set(key, row)
    this.#keys.set(row.sid, key)
  }

  /** The row has become another by a write of our own. */
  #change(sid: number, changed: (row: ScopeRow) => ScopeRow): void {
    const key = this.#keys.get(sid)
    const row = key === undefined ? undefined : this.#known.get(key)
    if (key !== undefined && row !== undefined) this.#known.set(key, changed(row))
  }

  bySid(sid: number): ScopeRow | null {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns asked for
    return (this.#bySid.get(sid) as unknown as ScopeRow | undefined) ?? null
  }

  /** Inside a transaction. */
  findOrCreate(scope: Scope): ScopeRow {
    const known = this.find(scope)
    if (known !== null) return known
    const { lastInsertRowid } = this.#create.run(this.#key(scopeKey(scope)), this.#key(scope.userId))
    const sid = Number(lastInsertRowid)
    this.#name.run(sid, encodeName(scope, this.#connection.pageSize))
    const row = { sid, next: 0, rows: 0, seq: 0, removed: 0, touched: 0 }
    this.#remember(scopeKey(scope), row)
    return row
  }

  /** Inside a transaction. A scope without rows goes, its name with it; its number is never used again. */
  save(row: Omit<ScopeRow, "touched">): void {
    if (row.rows > 0) {
      this.#update.run(row.next, row.rows, row.seq, row.removed, row.sid)
      this.#change(row.sid, ({ touched }) => ({ ...row, touched }))
      return
    }
    this.#known.delete(this.#keys.get(row.sid) ?? "")
    this.#keys.delete(row.sid)
    this.#drop.run(row.sid)
    this.#dropName.run(row.sid)
  }

  touch(sid: number): void {
    this.#touch.run(sid)
    this.#change(sid, (row) => ({ ...row, touched: row.touched + 1 }))
  }

  name(sid: number): Scope {
    const data = this.#nameOf.get(sid)?.["data"]
    if (!(data instanceof Uint8Array)) throw new RangeError(`Scope ${sid} has no name`)
    return decodeName(data)
  }

  /** In the order of the hashes, so that `after` need not be there any more. */
  page(after: Scope | undefined, limit: number): ReadonlyArray<ScopeCount> {
    const start = after === undefined ? Buffer.alloc(0) : this.#key(scopeKey(after))
    return this.#page.all(start, limit).map(({ data, rows }) => {
      if (!(data instanceof Uint8Array)) throw new RangeError("A scope has no name")
      return { scope: decodeName(data), rows: Number(rows) }
    })
  }

  ofUser(userId: string): ReadonlyArray<ScopeRow> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns asked for
    return this.#ofUser.all(this.#key(userId)) as unknown as ReadonlyArray<ScopeRow>
  }
}
