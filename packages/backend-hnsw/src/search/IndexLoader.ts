import { PART_MS, SLICE_MS } from "@keepsake/core/driver"
import type { StatementSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import { BLOCKS_FROM_ROWS } from "../codec/blockBlob.ts"
import { checkRow, DamagedRow } from "../codec/checksum.ts"
import { joinBodies, JOINED_COLUMNS, JoinedBodies, type JoinedValues } from "./joinedBodies.ts"
import {
  COLUMNS,
  decodeHead,
  HEAD_COLUMNS,
  type HeadValues,
  LAST_LOCAL,
  localFromRid,
  makeRid,
  type MemoryHead
} from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import type { Damage } from "../connection/Damage.ts"
import { bodyTable, longTable } from "../schema/schema.ts"
import { bodyReader, type ReadBody } from "./bodyReader.ts"
import type { BlocksAhead, BlockTable } from "../tables/BlockTable.ts"
import type { ScopeRow } from "../tables/ScopeTable.ts"
import { freeArray } from "./arrays/freeArray.ts"
import type { RestFiller } from "./RestFiller.ts"
import type { RowSink } from "./RowSink.ts"
import type { ScopeIndex } from "./ScopeIndex.ts"

/** Rows read between two looks at the clock. */
const BATCH = 128
/** The first time: code that is not compiled yet takes ten times as long. */
const FIRST_BATCH = 16
/** A batch that takes less is followed by a larger one. */
const SHORT_MS = 1

const NO_BLOCKS: BlocksAhead = { block: null, isDamaged: false }

/** Bodies, then the rows that some of them belong to. */
type NewRows = readonly [JoinedValues, ...ReadonlyArray<HeadValues>]

interface ChangedRow extends MemoryHead {
  readonly changed: number
}

/** Throws `DamagedRow` for a row or body that contradicts its sum. @param head null for a passage beyond a row's first */
const checkNew = (rid: number, head: MemoryHead | null, body: Body): void => {
  body.check()
  if (head === null) {
    if (body.extra === null) throw new DamagedRow(rid)
    return
  }
  body.checkVersion(head.sum !== null)
  checkRow(head)
}

/** Reads a scope's rows into its index. */
export class IndexLoader {
  readonly #selectNew: StatementSync
  readonly #selectHead: StatementSync
  readonly #readBody: ReadBody
  readonly #selectChanged: StatementSync
  readonly #selectRids: StatementSync
  readonly #countExtras: StatementSync
  readonly #countMissing: StatementSync
  readonly #blocks: BlockTable
  readonly #damage: Damage
  #batch = FIRST_BATCH

  constructor(
    { damage, db, generation }: Pick<Connection, "damage" | "db" | "generation">,
    blocks: BlockTable
  ) {
    const body = bodyTable(generation)
    // The last of the bodies that are read: a subquery with a limit would copy each of them once more.
    const last = `ifnull((SELECT rid FROM ${body} WHERE rid > ? AND rid <= ? ORDER BY rid LIMIT 1 OFFSET ? - 1), ?)`
    // Both in one statement, which shows one state of the file.
    this.#selectNew = db.prepare(
      `SELECT ${joinBodies("b.rid")}${", NULL".repeat(HEAD_COLUMNS - JOINED_COLUMNS)} FROM ${body} b ` +
        `WHERE b.rid > ? AND b.rid <= ${last} ` +
        `UNION ALL SELECT ${COLUMNS} FROM memory m WHERE m.rid > ? AND m.rid <= ${last}`
    )
    this.#selectNew.setReturnArrays(true)
    this.#selectHead = db.prepare(`SELECT ${COLUMNS} FROM memory m WHERE m.rid = ?`)
    this.#selectHead.setReturnArrays(true)
    this.#readBody = bodyReader({ db, generation })
    this.#selectChanged = db.prepare(
      `SELECT ${COLUMNS}, m.changed FROM memory m WHERE m.sid = ? AND m.changed > ? ORDER BY m.changed LIMIT ?`
    )
    this.#selectRids = db.prepare("SELECT group_concat(rid) AS rids FROM memory WHERE sid = ?")
    this.#countExtras = db.prepare(
      `SELECT ifnull(sum(extras), 0) AS extras FROM ${longTable(generation)} WHERE rid BETWEEN ? AND ?`
    )
    this.#countMissing = db.prepare(
      `SELECT rows - (SELECT count(DISTINCT m.rid) FROM memory m JOIN ${body} b ON b.rid = m.rid ` +
        "WHERE m.rid BETWEEN ? AND ?) AS missing FROM scope WHERE sid = ?"
    )
    this.#blocks = blocks
    this.#damage = damage
  }

  /** Passages of a scope beyond the first of their rows. */
  countExtras(sid: number): number {
    return Number(this.#countExtras.get(makeRid(sid, 0), makeRid(sid, LAST_LOCAL))?.["extras"])
  }

  /** Works for one slice; false if the index is not up to date with `row` yet, or too little is left of the slice. */
  update(index: ScopeIndex, row: ScopeRow): boolean {
    const start = performance.now()
    const deadline = start + SLICE_MS
    if (row.removed > index.removed) {
      if (index.filler.lastLocal >= 0) index.retain(this.#readLocals(index.sid))
      index.removed = row.removed
    }
    if (!this.#readAll(index, row.rows > BLOCKS_FROM_ROWS, deadline)) return false
    index.filler.settle()
    // Rows that were read one by one are as new as their scope.
    while (index.seq < row.seq && !this.#readChanged(index)) if (performance.now() > deadline) return false
    if (row.touched !== index.touched) index.forgetMemories()
    index.touched = row.touched
    index.seq = Math.max(index.seq, row.seq)
    // A process that knows no blocks may have removed rows of theirs.
    if (!index.loaded && index.rows > row.rows) index.retain(this.#readLocals(index.sid))
    index.loaded = true
    if (index.rows + this.#damage.count(index.sid) < row.rows) this.#noteMissing(index.sid)
    return performance.now() <= start + PART_MS
  }

  /** In one statement: another process may be removing rows. */
  #noteMissing(sid: number): void {
    const range = [makeRid(sid, 0), makeRid(sid, LAST_LOCAL)] as const
    const missing = Number(this.#countMissing.get(...range, sid)?.["missing"] ?? 0)
    if (missing > 0) this.#damage.noteMissing(sid, missing)
  }

  /** Reads blocks, and the rows between and after them one by one; false if the time is up. */
  #readAll(index: ScopeIndex, hasBlocks: boolean, deadline: number): boolean {
    for (;;) {
      const { block, isDamaged } =
        index.loaded || !hasBlocks ? NO_BLOCKS : this.#blocks.next(index.sid, index.filler.lastLocal)
      const through = block === null ? LAST_LOCAL : localFromRid(block.rid) - 1
      const { lastLocal } = index.filler
      if (through > lastLocal) {
        index.unblocked.begin(lastLocal, through, isDamaged)
        for (;;) {
          const limit = this.#batch
          const start = performance.now()
          const read = this.readNew(index.sid, index.filler, through, limit)
          index.unblocked.add(read)
          if (read < limit) break
          const now = performance.now()
          if (now < start + SHORT_MS) this.#batch = Math.min(BATCH, 2 * limit)
          if (now > deadline) return false
        }
      }
      if (block === null) return true
      index.filler.addBlock(block)
      index.seq = Math.min(index.seq, block.seq)
      freeArray(block.bytes)
      if (performance.now() > deadline) return false
    }
  }

  /** Reads some rows of the scope once more; false when there are no more. */
  readRest(sid: number, rest: RestFiller): boolean {
    return this.readNew(sid, rest, LAST_LOCAL) === BATCH
  }

  /**
   * Reads some of the rows up to a number.
   * @returns how many; `limit` if there may be more
   */
  readNew(sid: number, index: RowSink, through: number, limit = BATCH): number {
    const [after, last] = [makeRid(sid, index.lastLocal), makeRid(sid, through)]
    const range = [after, after, last, limit, last]
    const [joined, ...heads] = this.#selectNew.all(...range, ...range) as unknown as NewRows
    const bodies = new JoinedBodies(joined)
    let skipped = 0
    let at = 0
    for (const rid of bodies.keys) {
      const data = bodies.next()
      // A page in the place of another: what it held before is missing, and is counted at the end.
      if (localFromRid(rid) <= index.lastLocal) {
        skipped++
        continue
      }
      while ((heads[at]?.[0] ?? rid) < rid) at++
      const head = heads[at]
      this.#addNew(index, rid, data ?? this.#readBody(rid), head?.[0] === rid ? head : null)
    }
    bodies.free()
    // Nothing new would come for ever.
    return skipped === bodies.keys.length ? 0 : bodies.keys.length
  }

  /** @param known of the row, where it was met */
  #addNew(index: RowSink, rid: number, data: Uint8Array | null, known: HeadValues | null): void {
    const read = this.#damage.skip(() => {
      if (data === null) return null
      const body = new Body(data, rid)
      const values = known ?? (body.extra === null ? this.#selectHead.get(rid) : undefined)
      const head = values === undefined ? null : decodeHead(values as unknown as HeadValues)
      checkNew(rid, head, body)
      return { body, head }
    })
    if (read === null) index.pass(rid)
    else if (read.head === null) index.addExtra(rid, read.body)
    else index.add(read.head, read.body)
  }

  /** True if there are no more changes. */
  #readChanged(index: ScopeIndex): boolean {
    // More rows than one change can touch, so that each round finishes at least one change.
    const limit = 8 * BATCH
    const rows = this.#selectChanged.all(index.sid, index.seq, limit)
    if (!index.loaded) index.unblocked.addChanged(rows.length, index.rows)
    for (const values of rows) {
      const row = values as unknown as ChangedRow
      const isIntact = this.#damage.skip(() => {
        checkRow(row)
        return true
      })
      if (isIntact === true) index.change(row)
      else index.remove(row.rid)
    }
    if (rows.length < limit) return true
    index.seq = Number(rows.at(-1)?.["changed"]) - 1
    return false
  }

  #readLocals(sid: number): Uint32Array {
    const rids = this.#selectRids.get(sid)?.["rids"]
    return typeof rids === "string"
      ? Uint32Array.from(rids.split(","), (rid) => localFromRid(Number(rid))).sort()
      : new Uint32Array()
  }
}
