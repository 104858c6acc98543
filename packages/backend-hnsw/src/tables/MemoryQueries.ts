import {
  type Filter,
  type ListRequest,
  matches,
  type Memory,
  type Page,
  type Scope,
  type StoreRow
} from "@keepsake/core/driver"
import type { StatementSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import { FILTER_SQL, filterParameters, needsTexts } from "../codec/filter.ts"
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
import { bodyTable } from "../schema/schema.ts"

interface DecodedRow {
  readonly rid: number
  readonly memory: Memory
  readonly body: Body
}

/** Decodes rows lazily, and yields those that match. */
function* decodeMatching(scope: Scope, rows: Iterable<unknown>, filter: Filter): Generator<DecodedRow> {
  for (const values of rows) {
    const row = values as MemoryRow
    const body = new Body(row.data)
    const memory = decodeMemory(scope, row, body)
    if (matches(filter, memory)) yield { rid: row.rid, memory, body }
  }
}

/** Reads that use the file's own indexes and need no search index. */
export class MemoryQueries {
  readonly #selectPage: StatementSync
  readonly #selectAll: StatementSync
  readonly #selectRids: StatementSync
  readonly #count: StatementSync
  readonly #selectTurns: StatementSync

  constructor({ db, generation }: Connection) {
    const rows = `SELECT ${COLUMNS}, b.data FROM memory m JOIN ${bodyTable(generation)} b ON b.rid = m.rid`
    this.#selectPage = db.prepare(
      `${rows} WHERE ${FILTER_SQL} AND m.sid = ? AND (m.created_at, m.id) > (?, ?) ORDER BY m.created_at, m.id`
    )
    this.#selectAll = db.prepare(`${rows} WHERE ${FILTER_SQL} AND m.rid BETWEEN ? AND ? ORDER BY m.rid`)
    this.#selectRids = db.prepare(
      `SELECT m.rid FROM memory m WHERE ${FILTER_SQL} AND m.rid BETWEEN ? AND ? ORDER BY m.rid LIMIT ?`
    )
    this.#count = db.prepare(
      `SELECT count(*) AS n FROM memory m WHERE ${FILTER_SQL} AND m.rid BETWEEN ? AND ?`
    )
    this.#selectTurns = db.prepare(
      `${rows} WHERE m.sid = ? AND m.session_key = ? AND m.turn IS NOT NULL ORDER BY m.turn DESC`
    )
  }

  list(sid: number, request: ListRequest): Page<StoreRow> {
    const { after, closed, filter, limit, now, scope } = request
    const parameters = filterParameters(filter, now, closed === true ? 0 : CLOSED)
    const start = after ?? { createdAt: -9e15, id: "" }
    const matching = this.#selectPage.iterate(...parameters, sid, start.createdAt, start.id)
    const rows: Array<StoreRow> = []
    for (const { body, memory } of decodeMatching(scope, matching, filter)) {
      const last = rows.at(-1)?.memory
      if (rows.length === limit && last !== undefined) {
        return { rows, next: { createdAt: last.createdAt, id: last.id } }
      }
      rows.push({ memory, vector: body.vector, terms: body.terms })
    }
    return { rows, next: null }
  }

  /** `expiredAfter` and `excludedFlags` as in `filterParameters`. */
  count(scope: Scope, sid: number, filter: Filter, expiredAfter: number, excludedFlags: number): number {
    const parameters = filterParameters(filter, expiredAfter, excludedFlags)
    const range = [makeRid(sid, 0), makeRid(sid, LAST_LOCAL)] as const
    if (!needsTexts(filter)) return Number(this.#count.get(...parameters, ...range)?.["n"])
    let count = 0
    for (const _ of decodeMatching(scope, this.#selectAll.iterate(...parameters, ...range), filter)) count++
    return count
  }

  /** The first `limit` matching rows whose `rid` is greater than `after`, expired and closed ones included. */
  findRids(scope: Scope, sid: number, filter: Filter, after: number, limit: number): ReadonlyArray<number> {
    const parameters = filterParameters(filter, Number.NEGATIVE_INFINITY, 0)
    const range = [Math.max(makeRid(sid, 0), after + 1), makeRid(sid, LAST_LOCAL)] as const
    if (!needsTexts(filter))
      return this.#selectRids.all(...parameters, ...range, limit).map(({ rid }) => Number(rid))
    const matching = this.#selectAll.iterate(...parameters, ...range)
    return Array.from(decodeMatching(scope, matching, filter).take(limit), ({ rid }) => rid)
  }

  lastTurn(scope: Scope, sid: number, sessionId: string): number | null {
    const turns = this.#selectTurns.iterate(sid, hashString(sessionId))
    // Another session may have the same hash.
    for (const { memory } of decodeMatching(scope, turns, { sessionId })) return memory.turn
    return null
  }
}
