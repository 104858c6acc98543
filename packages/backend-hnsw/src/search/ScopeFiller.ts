import type { TermSettings } from "@keepsake/core/driver"
import { type Block, type BlockRun, BLOCKS_FROM_ROWS, PlaceColumn } from "../codec/blockBlob.ts"
import type { Body } from "../codec/bodyBlob.ts"
import { localFromRid, type MemoryHead } from "../codec/memoryRow.ts"
import { BlockNames } from "./blocks/BlockNames.ts"
import type { PackedMemories } from "./memories/PackedMemories.ts"
import type { Postings } from "./postings/Postings.ts"
import type { Points } from "./rows/Points.ts"
import type { RowColumns } from "./rows/RowColumns.ts"
import type { RowNames } from "./rows/RowNames.ts"
import type { SessionChains } from "./rows/SessionChains.ts"
import { toRowNumbers } from "./rows/toRowNumbers.ts"
import type { RowSink } from "./RowSink.ts"
import type { VectorStorage } from "./vectors/VectorStorage.ts"

/** What an index keeps of each row and passage. */
export interface ScopeParts {
  readonly rows: RowColumns
  readonly points: Points
  readonly postings: Postings
  readonly vectors: VectorStorage
  readonly names: RowNames
  readonly sessions: SessionChains
  readonly packed: PackedMemories
}

const NO_BYTES = new Uint8Array()

/** Adds to an index what the file has: rows one by one, and blocks of them. */
export class ScopeFiller implements RowSink {
  readonly #parts: ScopeParts
  readonly #settings: TermSettings
  /** The greatest number passed over. */
  #lastPassed = -1

  /** @param settings of the weights */
  constructor(parts: ScopeParts, settings: TermSettings) {
    this.#parts = parts
    this.#settings = settings
  }

  get lastLocal(): number {
    return Math.max(this.#parts.points.lastLocal, this.#lastPassed)
  }

  pass(rid: number): void {
    this.#lastPassed = localFromRid(rid)
  }

  add(row: MemoryHead, body: Body): void {
    const { names, packed, points, rows } = this.#parts
    const slot = rows.count
    const numbers = toRowNumbers(row, body, names)
    rows.push({ ...numbers, previous: this.#chain(slot, numbers.session, row.turn !== null) })
    points.pushFirst(body.measures(this.#settings), body.place)
    // The first search of a small scope needs most of its texts.
    if (slot < BLOCKS_FROM_ROWS) packed.offer(slot, row, body.textBytes)
    this.#addPoint(points.count - 1, body)
  }

  #chain(slot: number, session: number, hasTurn: boolean): number {
    return hasTurn && session >= 0 ? this.#parts.sessions.append(session, slot) : -1
  }

  /** Adds what a block has, in the same order as `add`. */
  addBlock(block: Block): void {
    const { termCounts } = block
    const { names: scopeNames, points, postings, vectors } = this.#parts
    const names = new BlockNames(block, scopeNames)
    let point = 0
    let posting = 0
    const sumCounts = (to: number): number => {
      let sum = 0
      for (; point < to; point++) sum += termCounts[point] ?? 0
      return sum
    }
    for (const run of block.runs) {
      posting += sumCounts(run.point)
      const end = run.point + run.points
      const first = points.count
      if (run.rows > 0) this.#addRows(block, run, names)
      else if (!this.#addExtraOf(block, run)) continue
      const terms = sumCounts(end)
      postings.append(
        first,
        termCounts.subarray(run.point, end),
        block.ids(posting, terms),
        block.weights(posting, terms)
      )
      posting += terms
      if (block.codeStride > 0) vectors.append(block.codes(run), block.scales(run), block.maxError)
      else for (let i = 0; i < run.points; i++) vectors.push(NO_BYTES)
    }
    this.#lastPassed = block.last
  }

  #addRows(block: Block, run: BlockRun, names: BlockNames): void {
    const { points, rows, sessions } = this.#parts
    const first = rows.count
    rows.append(block.wide(run), block.narrow(run))
    rows.link(first, names, sessions)
    points.appendFirsts(first, block.measures(run), block.places(run))
  }

  /** False where the row is not here. */
  #addExtraOf(block: Block, run: BlockRun): boolean {
    const { points, rows } = this.#parts
    const places = block.places(run)
    const slot = places === null ? -1 : rows.findSlot(places[PlaceColumn.owner] ?? -1)
    if (places === null || slot < 0) return false
    points.appendExtra(slot, block.measures(run), places)
    rows.addExtra(slot, block.codeStride > 0 && !Number.isNaN(block.scales(run)[0]))
    return true
  }

  /** Adds nothing where the row is not here: it was removed meanwhile. */
  addExtra(rid: number, body: Body): void {
    const { points, rows } = this.#parts
    const { extra, place } = body
    const slot = extra === null ? -1 : rows.findSlot(extra.owner)
    if (extra === null || place === null || slot < 0) return
    points.pushExtra(slot, localFromRid(rid), body.measures(this.#settings), extra, place)
    rows.addExtra(slot, body.dimensions > 0)
    this.#addPoint(points.count - 1, body)
  }

  #addPoint(point: number, body: Body): void {
    this.#parts.vectors.push(body.vectorBytes)
    this.#parts.postings.add(point, body)
  }

  /** After rows were added. */
  settle(): void {
    this.#parts.postings.settle()
    this.#parts.vectors.settle()
  }
}
