import type { Passage, Passages, StoreRow, TermSettings } from "@keepsake/core/driver"
import { Body, encodeBody, encodeExtra, type Texts } from "../codec/bodyBlob.ts"
import { LAST_LOCAL, localFromRid, makeRid, sidFromRid } from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import { bodyTable, longTable, owedTable } from "../schema/schema.ts"
import { type Prepared, prepareLazily } from "./prepareLazily.ts"
import type { AddedRows } from "./ScopeChange.ts"

/** The passages of rows. */
type RowPassages = Pick<StoreRow, "passages" | "owed">

/** A row, and whether its columns have a sum. */
interface SpacedRow {
  readonly rid: number
  readonly isSummed: boolean
}

/** The numbers that the passages of a long text beyond the first have. */
interface Extras {
  readonly first: number
  readonly extras: number
}

/** The tables of one generation: the passages of rows, and which are owed vectors. Write inside a transaction. */
export class SpaceTables {
  readonly #pageSize: number
  readonly #settings: TermSettings
  readonly #insertBody: Prepared
  readonly #replaceBody: Prepared
  readonly #deleteBody: Prepared
  readonly #deleteBodies: Prepared
  readonly #selectBodies: Prepared
  readonly #insertLong: Prepared
  readonly #selectLong: Prepared
  readonly #deleteLong: Prepared
  readonly #insertOwed: Prepared
  readonly #selectOwed: Prepared
  readonly #deleteOwed: Prepared
  readonly #countOwed: Prepared
  readonly #selectAnyOwed: Prepared

  /** @param settings of the generation's weights */
  constructor(
    { db, pageSize }: Pick<Connection, "db" | "pageSize">,
    generation: number,
    settings: TermSettings
  ) {
    const [body, long, owed] = [bodyTable(generation), longTable(generation), owedTable(generation)]
    const prepare = (sql: string): Prepared => prepareLazily(db, sql)
    this.#pageSize = pageSize
    this.#settings = settings
    this.#insertBody = prepare(`INSERT INTO ${body} (rid, data) VALUES (?, ?)`)
    this.#replaceBody = prepare(`UPDATE ${body} SET data = ? WHERE rid = ?`)
    this.#deleteBody = prepare(`DELETE FROM ${body} WHERE rid = ?`)
    this.#deleteBodies = prepare(`DELETE FROM ${body} WHERE rid BETWEEN ? AND ?`)
    this.#selectBodies = prepare(`SELECT rid, data FROM ${body} WHERE rid BETWEEN ? AND ? ORDER BY rid`)
    this.#insertLong = prepare(`INSERT INTO ${long} (rid, first, extras) VALUES (?, ?, ?)`)
    this.#selectLong = prepare(`SELECT first, extras FROM ${long} WHERE rid = ?`)
    this.#deleteLong = prepare(`DELETE FROM ${long} WHERE rid = ? RETURNING first, extras`)
    this.#insertOwed = prepare(`INSERT INTO ${owed} (rid) VALUES (?)`)
    this.#selectOwed = prepare(`SELECT 1 FROM ${owed} WHERE rid = ?`)
    this.#deleteOwed = prepare(`DELETE FROM ${owed} WHERE rid = ?`)
    this.#countOwed = prepare(`SELECT count(*) AS n FROM ${owed} WHERE rid BETWEEN ? AND ?`)
    this.#selectAnyOwed = prepare(`SELECT rid FROM ${owed} LIMIT ?`)
  }

  /**
   * Keeps the passages of a row that has none.
   * @param next the first number of the scope that is free
   * @param takeExtra gets each passage beyond the first
   * @returns the same afterwards
   */
  insert(
    { isSummed, rid }: SpacedRow,
    texts: Texts,
    { owed, passages }: RowPassages,
    next: number,
    takeExtra?: AddedRows["addExtra"]
  ): number {
    const [first, ...more] = passages
    if (next + more.length > LAST_LOCAL + 1) throw new RangeError("A scope holds 67 million passages at most")
    this.#insertBody().run(rid, encodeBody(texts, first, { rid, isSummed }, this.#pageSize))
    if (owed) this.#insertOwed().run(rid)
    if (more.length === 0) return next
    const [sid, owner] = [sidFromRid(rid), localFromRid(rid)]
    more.forEach((passage, i) => {
      const extraRid = makeRid(sid, next + i)
      const place = { number: i + 1, owner }
      this.#insertBody().run(extraRid, encodeExtra(passage, place, extraRid, this.#pageSize))
      takeExtra?.(extraRid, place, passage)
    })
    this.#insertLong().run(rid, next, more.length)
    return next + more.length
  }

  /** Nothing where the row has no passages here. @returns the numbers of its passages */
  delete(rid: number): ReadonlyArray<number> {
    this.#deleteBody().run(rid)
    this.#deleteOwed().run(rid)
    const long = this.#deleteLong().get(rid) as Extras | undefined
    if (long === undefined) return [localFromRid(rid)]
    const first = makeRid(sidFromRid(rid), long.first)
    this.#deleteBodies().run(first, first + long.extras - 1)
    return [localFromRid(rid), ...Array.from({ length: long.extras }, (_, i) => long.first + i)]
  }

  /** @param body the row's first */
  read(rid: number, body: Body, contentLength: number): Passages {
    const extras = this.#readExtras(rid).map((extra) => extra.passage(this.#settings, contentLength))
    return [body.passage(this.#settings, contentLength), ...extras]
  }

  /** The passages of a row beyond the first. */
  #readExtras(rid: number): ReadonlyArray<Body> {
    const long = this.#selectLong().get(rid) as Extras | undefined
    if (long === undefined) return []
    const first = makeRid(sidFromRid(rid), long.first)
    return this.#selectBodies()
      .all(first, first + long.extras - 1)
      .map(({ data, rid: extraRid }) => new Body(data as Uint8Array, Number(extraRid)))
  }

  /** Keeps other texts of a row whose columns have a sum, with the same passages. @param body the row's first */
  replaceTexts(rid: number, texts: Texts, body: Body): void {
    const first = body.passage(this.#settings, texts.content.length)
    this.#replaceBody().run(encodeBody(texts, first, { rid, isSummed: true }, this.#pageSize), rid)
  }

  /** Keeps other vectors: the passages stand where they stood. Nothing is owed afterwards. */
  pay({ isSummed, rid }: SpacedRow, texts: Texts, [first, ...more]: Passages): void {
    this.#replaceBody().run(encodeBody(texts, first, { rid, isSummed }, this.#pageSize), rid)
    this.#deleteOwed().run(rid)
    const long = this.#selectLong().get(rid) as Extras | undefined
    if (long === undefined) return
    const [sid, owner] = [sidFromRid(rid), localFromRid(rid)]
    more.forEach((passage: Passage, i) => {
      const extraRid = makeRid(sid, long.first + i)
      const blob = encodeExtra(passage, { number: i + 1, owner }, extraRid, this.#pageSize)
      this.#replaceBody().run(blob, extraRid)
    })
  }

  isOwed(rid: number): boolean {
    return this.#selectOwed().get(rid) !== undefined
  }

  /** Rows of a scope that are owed vectors. */
  countOwed(sid: number): number {
    return Number(this.#countOwed().get(makeRid(sid, 0), makeRid(sid, LAST_LOCAL))?.["n"])
  }

  /** Some rows that are owed vectors, of any scope. */
  findOwed(limit: number): ReadonlyArray<number> {
    return this.#selectAnyOwed()
      .all(limit)
      .map(({ rid }) => Number(rid))
  }
}
