import {
  type Filter,
  type ListRequest,
  matches,
  type Memory,
  type Page,
  type Scope,
  type StoreRow
} from "@keepsake/core/driver"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import { CLOSED, COLUMNS, lastLocal, memoryOf, type MemoryRow, ridOf, stringKey } from "../codec/memoryRow.ts"
import { bodyTable } from "../schema/schema.ts"
import { needsTexts, SELECTION, selectionParameters } from "../codec/filter.ts"

/** A memory with the body it was read from. */
interface Read {
  readonly memory: Memory
  readonly body: Body
}

/** Reads that go by an index of the file rather than by meaning. */
export class MemoryQueries {
  readonly #list: StatementSync
  readonly #all: StatementSync
  readonly #rids: StatementSync
  readonly #count: StatementSync
  readonly #turns: StatementSync

  constructor(db: DatabaseSync, generation: number) {
    const body = bodyTable(generation)
    const rows = `SELECT ${COLUMNS}, b.data FROM memory m JOIN ${body} b ON b.rid = m.rid`
    this.#list = db.prepare(
      `${rows} WHERE ${SELECTION} AND m.sid = ? AND (m.created_at, m.id) > (?, ?) ORDER BY m.created_at, m.id`
    )
    this.#all = db.prepare(`${rows} WHERE ${SELECTION} AND m.rid BETWEEN ? AND ? ORDER BY m.rid`)
    this.#rids = db.prepare(
      `SELECT m.rid FROM memory m WHERE ${SELECTION} AND m.rid BETWEEN ? AND ? ORDER BY m.rid LIMIT ?`
    )
    this.#count = db.prepare(
      `SELECT count(*) AS n FROM memory m WHERE ${SELECTION} AND m.rid BETWEEN ? AND ?`
    )
    this.#turns = db.prepare(
      `${rows} WHERE m.sid = ? AND m.session_key = ? AND m.turn IS NOT NULL ORDER BY m.turn DESC`
    )
  }

  /** Decodes rows one by one, as many as are taken; `filter` is applied as far as texts are needed for it. */
  *#read(scope: Scope, rows: Iterable<unknown>, filter: Filter): Generator<Read> {
    for (const found of rows) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns asked for
      const row = found as MemoryRow
      const body = new Body(row.data)
      const memory = memoryOf(scope, row, body)
      if (matches(filter, memory)) yield { memory, body }
    }
  }

  list(sid: number, request: ListRequest): Page<StoreRow> {
    const { after, closed, filter, limit, now, scope } = request
    const parameters = selectionParameters(filter, now, closed === true ? 0 : CLOSED)
    const start = after ?? { createdAt: -9e15, id: "" }
    const found = this.#list.iterate(...parameters, sid, start.createdAt, start.id)
    const rows: Array<StoreRow> = []
    for (const { body, memory } of this.#read(scope, found, filter)) {
      const last = rows.at(-1)?.memory
      if (rows.length === limit && last !== undefined) {
        return { rows, next: { createdAt: last.createdAt, id: last.id } }
      }
      rows.push({ memory, vector: body.vector, terms: body.terms })
    }
    return { rows, next: null }
  }

  /** @param expiredAfter, without see `selectionParameters` */
  count(scope: Scope, sid: number, filter: Filter, expiredAfter: number, without: number): number {
    const parameters = selectionParameters(filter, expiredAfter, without)
    const range = [ridOf(sid, 0), ridOf(sid, lastLocal)] as const
    if (!needsTexts(filter)) return Number(this.#count.get(...parameters, ...range)?.["n"])
    let count = 0
    for (const _ of this.#read(scope, this.#all.iterate(...parameters, ...range), filter)) count++
    return count
  }

  /** The first `limit` rows after `after` that match, whatever their lifetime. */
  doomed(scope: Scope, sid: number, filter: Filter, after: number, limit: number): ReadonlyArray<number> {
    const parameters = selectionParameters(filter, Number.NEGATIVE_INFINITY, 0)
    const range = [Math.max(ridOf(sid, 0), after + 1), ridOf(sid, lastLocal)] as const
    if (!needsTexts(filter))
      return this.#rids.all(...parameters, ...range, limit).map(({ rid }) => Number(rid))
    const rids: Array<number> = []
    for (const found of this.#all.iterate(...parameters, ...range)) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns asked for
      const row = found as unknown as MemoryRow
      if (!matches(filter, memoryOf(scope, row))) continue
      if (rids.push(row.rid) >= limit) break
    }
    return rids
  }

  lastTurn(scope: Scope, sid: number, sessionId: string): number | null {
    const found = this.#turns.iterate(sid, stringKey(sessionId))
    for (const { memory } of this.#read(scope, found, { sessionId })) return memory.turn
    return null
  }
}
