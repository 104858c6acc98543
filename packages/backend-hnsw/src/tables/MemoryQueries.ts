import {
  type Condition,
  type ListRequest,
  matches,
  type Memory,
  type Page,
  type Scope,
  STORE_LIMITS,
  toBytes
} from "@keepsake/core/driver"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import { sumRow } from "../codec/checksum.ts"
import { LIFETIME_SQL, lifetimeParameters, type NecessarySql, toNecessarySql } from "../codec/necessarySql.ts"
import {
  CLOSED,
  COLUMNS,
  decodeMemory,
  hashString,
  LAST_LOCAL,
  makeRid,
  type MemoryRow
} from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import type { Damage } from "../connection/Damage.ts"
import type { Scan } from "../connection/Scan.ts"
import { bodyTable } from "../schema/schema.ts"
import type { StoredMemory } from "./MemoryTable.ts"

/** Whether the columns beside the body are. */
const isIntact = (row: MemoryRow): boolean => row.sum !== null && row.sum === sumRow(row)

/** Which rows a scan returns. */
export interface Selection {
  readonly scope: Scope
  readonly sid: number
  readonly filter: Condition
  /** Rows that expire then or earlier are left out; `-Infinity` for none. */
  readonly expiredAfter: number
  /** Rows with one of these bits of `flags` are left out. */
  readonly excludedFlags: number
}

/** Rows whose columns one part of a scan looks at, and rows whose texts it may decode. */
const COLUMNS_PER_PART = 8_192
const TEXTS_PER_PART = 256

/** Texts that a part of a list is to decode, as far as the part before it tells. */
const TEXTS_LISTED = 128

/** Statements kept for conditions of the same form. */
const STATEMENTS_MAX = 64

/** Outside every time and id. */
const FIRST = { at: -9e15, id: "" }
const LAST = { at: 9e15, id: "" }

const partSize = ({ exact }: NecessarySql): number => (exact ? COLUMNS_PER_PART : TEXTS_PER_PART)

/** Reads that use the file's own indexes and need no search index. */
export class MemoryQueries {
  readonly #db: DatabaseSync
  readonly #damage: Damage
  readonly #body: string
  readonly #rows: string
  readonly #statements = new Map<string, StatementSync>()
  readonly #selectTurns: StatementSync
  readonly #selectPredecessors: StatementSync

  constructor({ damage, db, generation }: Connection) {
    this.#db = db
    this.#damage = damage
    this.#body = bodyTable(generation)
    this.#rows = `SELECT ${COLUMNS}, b.data FROM memory m JOIN ${this.#body} b ON b.rid = m.rid`
    this.#selectTurns = db.prepare(
      `${this.#rows} WHERE m.sid = ? AND m.session_key = ? AND m.turn IS NOT NULL ORDER BY m.turn DESC`
    )
    this.#selectPredecessors = db.prepare(
      `${this.#rows} WHERE m.sid = ? AND m.superseded_by IN (SELECT value FROM json_each(?)) ` +
        `AND ${LIFETIME_SQL} LIMIT ${STORE_LIMITS.rows}`
    )
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const [oldest] = this.#statements.keys()
    if (this.#statements.size >= STATEMENTS_MAX && oldest !== undefined) this.#statements.delete(oldest)
    const statement = this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  /** A page by `(createdAt, id)`: the texts of one row more than it holds are read. */
  *list<Row>(sid: number, request: ListRequest, toRow: (stored: StoredMemory) => Row): Scan<Page<Row>> {
    const { closed, filter, limit, newestFirst, now, scope } = request
    const necessary = toNecessarySql(filter)
    const [beyond, upTo, direction] = newestFirst === true ? ["<", ">=", "DESC"] : [">", "<=", "ASC"]
    const place = "(m.created_at, m.id)"
    const order = `ORDER BY m.created_at ${direction}, m.id ${direction}`
    const selectEnd = this.#prepare(
      `SELECT m.created_at AS at, m.id FROM memory m WHERE m.sid = ? AND ${place} ${beyond} (?, ?) ${order} LIMIT 1 OFFSET ?`
    )
    const select = this.#prepare(
      `${this.#rows} WHERE m.sid = ? AND ${place} ${beyond} (?, ?) AND ${place} ${upTo} (?, ?) ` +
        `AND ${LIFETIME_SQL} AND ${necessary.sql} ${order}`
    )
    const parameters = [...lifetimeParameters(now, closed === true ? 0 : CLOSED), ...necessary.parameters]
    const found: Array<Row> = []
    let characters = 0
    let last = FIRST
    let from = request.after ?? (newestFirst === true ? LAST : FIRST)
    for (let size = Math.min(limit + 1, TEXTS_LISTED); ;) {
      let decoded = 0
      const end = selectEnd.get(sid, from.at, from.id, size - 1) as typeof FIRST | undefined
      const to = end ?? (newestFirst === true ? FIRST : LAST)
      for (const values of select.iterate(sid, from.at, from.id, to.at, to.id, ...parameters)) {
        decoded++
        const row = values as unknown as MemoryRow
        const stored = this.#damage.skip(() => {
          const body = new Body(row.data, row.rid)
          return { rid: row.rid, memory: decodeMemory(scope, row, body), body, isSummed: row.sum !== null }
        })
        if (stored === null) continue
        const { memory } = stored
        if (!necessary.exact && !matches(filter, memory)) continue
        if (found.length === limit || characters >= STORE_LIMITS.pageCharacters) {
          return { rows: found, next: last }
        }
        const listed = this.#damage.skip(() => toRow(stored))
        if (listed === null) continue
        found.push(listed)
        characters += memory.content.length
        last = { at: memory.createdAt, id: memory.id }
      }
      if (end === undefined) return { rows: found, next: null }
      from = end
      const fitting = Math.ceil((size * TEXTS_LISTED) / Math.max(1, decoded))
      size = Math.min(fitting, 4 * size, partSize(necessary))
      yield
    }
  }

  *count(selection: Selection): Scan<number> {
    const necessary = toNecessarySql(selection.filter)
    let count = 0
    let from = makeRid(selection.sid, 0) - 1
    for (;;) {
      const end = this.#endOfPart(selection.sid, from, partSize(necessary))
      count += necessary.exact
        ? this.#countPart(selection, necessary, from, end)
        : this.#findInPart(selection, necessary, from, end).length
      if (end === null) return count
      from = end
      yield
    }
  }

  /** The rows that match, ascending. */
  *findRids(selection: Selection): Scan<ReadonlyArray<number>> {
    const necessary = toNecessarySql(selection.filter)
    const found: Array<number> = []
    let from = makeRid(selection.sid, 0) - 1
    for (;;) {
      const end = this.#endOfPart(selection.sid, from, TEXTS_PER_PART)
      found.push(...this.#findInPart(selection, necessary, from, end))
      if (end === null) return found
      from = end
      yield
    }
  }

  /** The last row number of a part of `size` rows after `after`; null if the scope has no more rows than that. */
  #endOfPart(sid: number, after: number, size: number): number | null {
    const end = this.#prepare(
      "SELECT m.rid FROM memory m WHERE m.rid > ? AND m.rid <= ? ORDER BY m.rid LIMIT 1 OFFSET ?"
    ).get(after, makeRid(sid, LAST_LOCAL), size - 1)?.["rid"]
    return end === undefined ? null : Number(end)
  }

  #partParameters(
    { excludedFlags, expiredAfter, sid }: Selection,
    { parameters }: NecessarySql,
    after: number,
    end: number | null
  ): ReadonlyArray<number> {
    const range = [after, end ?? makeRid(sid, LAST_LOCAL)]
    return [...range, ...lifetimeParameters(expiredAfter, excludedFlags), ...parameters]
  }

  #countPart(selection: Selection, necessary: NecessarySql, after: number, end: number | null): number {
    const select = this.#prepare(
      `SELECT count(*) AS n FROM memory m WHERE m.rid > ? AND m.rid <= ? AND ${LIFETIME_SQL} AND ${necessary.sql}`
    )
    return Number(select.get(...this.#partParameters(selection, necessary, after, end))?.["n"])
  }

  #findInPart(
    selection: Selection,
    necessary: NecessarySql,
    after: number,
    end: number | null
  ): ReadonlyArray<number> {
    const { filter, scope } = selection
    const where = `WHERE m.rid > ? AND m.rid <= ? AND ${LIFETIME_SQL} AND ${necessary.sql} ORDER BY m.rid`
    const parameters = this.#partParameters(selection, necessary, after, end)
    if (necessary.exact) {
      const select = this.#prepare(`SELECT m.rid FROM memory m ${where}`)
      return select.all(...parameters).map(({ rid }) => Number(rid))
    }
    const rids: Array<number> = []
    for (const values of this.#prepare(`${this.#rows} ${where}`).iterate(...parameters)) {
      const row = values as unknown as MemoryRow
      if (matches(filter, decodeMemory(scope, row))) rids.push(row.rid)
    }
    return rids
  }

  /** What the rows of a scope count for that were kept with their bytes. */
  sumKept(sid: number): number {
    const sum = this.#prepare("SELECT ifnull(sum(bytes), 0) AS bytes FROM memory WHERE rid BETWEEN ? AND ?")
    return Number(sum.get(makeRid(sid, 0), makeRid(sid, LAST_LOCAL))?.["bytes"])
  }

  /** What the rows of a scope count for: those that the first version wrote are read. */
  *sumBytes(sid: number): Scan<number> {
    let sum = this.sumKept(sid)
    let after = -1
    for (;;) {
      const uncounted = this.findUncounted(sid, after, TEXTS_PER_PART)
      sum += uncounted.reduce((total, { bytes }) => total + bytes, 0)
      const last = uncounted.at(-1)
      if (last === undefined) return sum
      after = last.rid
      yield
    }
  }

  /** The first rows after a row number whose bytes the first version did not keep, with their bytes. */
  findUncounted(
    sid: number,
    after: number,
    limit: number
  ): ReadonlyArray<{ readonly rid: number; readonly bytes: number }> {
    const select = this.#prepare(
      `SELECT m.rid, b.data FROM memory m JOIN ${this.#body} b ON b.rid = m.rid ` +
        "WHERE m.rid > ? AND m.rid <= ? AND m.bytes IS NULL ORDER BY m.rid LIMIT ?"
    )
    return select
      .all(Math.max(after, makeRid(sid, 0) - 1), makeRid(sid, LAST_LOCAL), limit)
      .map(({ data, rid }) => ({
        rid: Number(rid),
        bytes: toBytes(new Body(data as Uint8Array, Number(rid)).texts)
      }))
  }

  /** The greatest turn of the session's rows. */
  lastTurn(scope: Scope, sid: number, sessionId: string): number | null {
    for (const values of this.#selectTurns.iterate(sid, hashString(sessionId))) {
      const row = values as unknown as MemoryRow
      const memory = this.#damage.skip(() => decodeMemory(scope, row))
      // Another session may have the same hash.
      if (memory === null ? isIntact(row) : memory.sessionId === sessionId) return row.turn
    }
    return null
  }

  /** Rows superseded by one of `ids`, in no particular order. */
  predecessors(scope: Scope, sid: number, ids: ReadonlyArray<string>, now: number): ReadonlyArray<Memory> {
    return this.#selectPredecessors
      .all(sid, JSON.stringify(ids), ...lifetimeParameters(now, 0))
      .map((values) => decodeMemory(scope, values as unknown as MemoryRow))
  }
}
