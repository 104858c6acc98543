import { SLICE_MS } from "@keepsake/core/driver"
import type { StatementSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import { COLUMNS, LAST_LOCAL, localFromRid, makeRid } from "../codec/memoryRow.ts"
import { checkRow, DamagedRow, type SummedRow } from "../codec/checksum.ts"
import type { Connection } from "../connection/Connection.ts"
import type { Damage } from "../connection/Damage.ts"
import { bodyTable, longTable } from "../schema/schema.ts"
import type { BlocksAhead, BlockTable } from "../tables/BlockTable.ts"
import type { ScopeRow } from "../tables/ScopeTable.ts"
import { freeArray } from "./arrays/freeArray.ts"
import type { RowSink } from "./RowSink.ts"
import type { ScopeIndex } from "./ScopeIndex.ts"

/** Rows read between two looks at the clock. */
const BATCH = 128

const NO_BLOCKS: BlocksAhead = { block: null, isDamaged: false }

/** An array, since creating objects for a hundred thousand rows takes a third of the load. */
type NewRow = [
  rid: number,
  data: Uint8Array<ArrayBuffer>,
  /** Null for a passage beyond a row's first. */
  id: string | null,
  flags: number,
  turn: number | null,
  said_at: number,
  expires_at: number | null,
  importance: number,
  bytes: number | null,
  created_at: number,
  updated_at: number,
  valid_from: number,
  valid_to: number | null,
  history: string | null,
  superseded_by: string | null,
  sum: number | null
]

interface ChangedRow extends SummedRow {
  readonly bytes: number | null
  readonly changed: number
  readonly sum: number | null
}

/** Throws `DamagedRow` for a row or body that contradicts its sum. */
const checkNew = (
  [
    rid,
    ,
    id,
    flags,
    turn,
    said_at,
    expires_at,
    importance,
    ,
    created_at,
    updated_at,
    valid_from,
    valid_to,
    history,
    superseded_by,
    sum
  ]: NewRow,
  body: Body
): void => {
  body.check()
  if (id === null) {
    if (body.extra === null) throw new DamagedRow(rid)
    return
  }
  body.checkVersion(sum !== null)
  checkRow({
    rid,
    id,
    flags,
    turn,
    said_at,
    expires_at,
    importance,
    created_at,
    updated_at,
    valid_from,
    valid_to,
    history,
    superseded_by,
    sum
  })
}

/** Reads a scope's rows into its index. */
export class IndexLoader {
  readonly #selectNew: StatementSync
  readonly #selectChanged: StatementSync
  readonly #selectRids: StatementSync
  readonly #countExtras: StatementSync
  readonly #countMissing: StatementSync
  readonly #blocks: BlockTable
  readonly #damage: Damage

  constructor(
    { damage, db, generation }: Pick<Connection, "damage" | "db" | "generation">,
    blocks: BlockTable
  ) {
    const body = bodyTable(generation)
    this.#selectNew = db.prepare(
      `SELECT b.rid, b.data, m.id, m.flags, m.turn, m.said_at, m.expires_at, m.importance, m.bytes, ` +
        `m.created_at, m.updated_at, m.valid_from, m.valid_to, m.history, m.superseded_by, m.sum FROM ${body} b ` +
        "LEFT JOIN memory m ON m.rid = b.rid WHERE b.rid > ? AND b.rid <= ? ORDER BY b.rid LIMIT ?"
    )
    this.#selectNew.setReturnArrays(true)
    this.#selectChanged = db.prepare(
      `SELECT ${COLUMNS}, m.bytes, m.changed FROM memory m WHERE m.sid = ? AND m.changed > ? ORDER BY m.changed LIMIT ?`
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

  /** Works for one slice; false if the index is not up to date with `row` yet, or the slice is used up. */
  update(index: ScopeIndex, row: ScopeRow): boolean {
    const deadline = performance.now() + SLICE_MS
    if (row.removed > index.removed) {
      if (index.filler.lastLocal >= 0) index.retain(this.#readLocals(index.sid))
      index.removed = row.removed
    }
    if (!this.#readAll(index, deadline)) return false
    index.filler.settle()
    while (!this.#readChanged(index)) if (performance.now() > deadline) return false
    if (row.touched !== index.touched) index.forgetMemories()
    index.touched = row.touched
    index.seq = Math.max(index.seq, row.seq)
    // A process that knows no blocks may have removed rows of theirs.
    if (!index.loaded && index.rows > row.rows) index.retain(this.#readLocals(index.sid))
    index.loaded = true
    if (index.rows + this.#damage.count(index.sid) < row.rows) this.#noteMissing(index.sid)
    return performance.now() <= deadline
  }

  /** In one statement: another process may be removing rows. */
  #noteMissing(sid: number): void {
    const range = [makeRid(sid, 0), makeRid(sid, LAST_LOCAL)] as const
    const missing = Number(this.#countMissing.get(...range, sid)?.["missing"] ?? 0)
    if (missing > 0) this.#damage.noteMissing(sid, missing)
  }

  /** Reads blocks, and the rows between and after them one by one; false if the time is up. */
  #readAll(index: ScopeIndex, deadline: number): boolean {
    for (;;) {
      const { block, isDamaged } = index.loaded
        ? NO_BLOCKS
        : this.#blocks.next(index.sid, index.filler.lastLocal)
      const through = block === null ? LAST_LOCAL : localFromRid(block.rid) - 1
      const { lastLocal } = index.filler
      if (through > lastLocal) {
        index.unblocked.begin(lastLocal, through, isDamaged)
        for (;;) {
          const read = this.readNew(index.sid, index.filler, through)
          index.unblocked.add(read)
          if (read < BATCH) break
          if (performance.now() > deadline) return false
        }
      }
      if (block === null) return true
      index.filler.addBlock(block)
      index.seq = Math.min(index.seq, block.seq)
      freeArray(block.bytes)
      if (performance.now() > deadline) return false
    }
  }

  /**
   * Reads some of the rows up to a number.
   * @returns how many; `limit` if there may be more
   */
  readNew(sid: number, index: RowSink, through: number, limit = BATCH): number {
    const after = makeRid(sid, index.lastLocal)
    const rows = this.#selectNew.all(after, makeRid(sid, through), limit)
    let skipped = 0
    for (const values of rows) {
      const row = values as unknown as NewRow
      // A page in the place of another: what it held before is missing, and is counted at the end.
      if (localFromRid(row[0]) <= index.lastLocal) {
        skipped++
        continue
      }
      const [rid, data, id, flags, turn, said_at, expires_at, importance, bytes] = row
      const body = this.#damage.skip(() => {
        const read = new Body(data, rid)
        checkNew(row, read)
        return read
      })
      if (body === null) index.pass(rid)
      else if (id === null) index.addExtra(rid, body)
      else index.add({ rid, id, flags, turn, said_at, expires_at, importance, bytes }, body)
      freeArray(data)
    }
    // Nothing new would come for ever.
    return skipped === rows.length ? 0 : rows.length
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
