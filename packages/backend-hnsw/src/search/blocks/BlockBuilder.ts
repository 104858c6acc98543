import type { TermSettings } from "@keepsake/core/driver"
import { BLOCK_POINTS, type BlockContent, MEASURES, PLACES, WHOLE } from "../../codec/blockBlob.ts"
import type { Body, ExtraPlace } from "../../codec/bodyBlob.ts"
import { type IndexedRow, localFromRid } from "../../codec/memoryRow.ts"
import { PostingsBuffer } from "../postings/PostingsBuffer.ts"
import { RowColumns } from "../rows/RowColumns.ts"
import { RowNames } from "../rows/RowNames.ts"
import type { RowSink } from "../RowSink.ts"
import { toRowNumbers } from "../rows/toRowNumbers.ts"
import type { WasmArena } from "../vectors/WasmArena.ts"

/** Makes a block of up to `BLOCK_POINTS` passages, which are added as to an index. */
export class BlockBuilder implements RowSink {
  readonly #arena: WasmArena
  readonly #settings: TermSettings
  readonly #rows = new RowColumns(BLOCK_POINTS)
  readonly #names = new RowNames()
  readonly #terms = new PostingsBuffer()
  readonly #measures = new Int32Array(MEASURES * BLOCK_POINTS)
  readonly #norms = new Float32Array(this.#measures.buffer)
  readonly #places = new Int32Array(PLACES * BLOCK_POINTS)
  readonly #scales: Float32Array
  readonly #codes: Uint8Array
  #isPlaced = false
  #maxError = 0
  #points = 0
  #lastLocal: number
  /** A row was damaged. */
  isDamaged = false

  /** @param after the number before the first that the block is to cover */
  constructor(arena: WasmArena, settings: TermSettings, after: number) {
    this.#arena = arena
    this.#settings = settings
    this.#lastLocal = after
    const coded = arena.dimensions > 0 ? BLOCK_POINTS : 0
    this.#scales = new Float32Array(coded)
    this.#codes = new Uint8Array(coded * arena.codeStride)
  }

  /** The greatest number read. */
  get lastLocal(): number {
    return this.#lastLocal
  }

  get points(): number {
    return this.#points
  }

  pass(): void {
    this.isDamaged = true
  }

  add(row: IndexedRow, body: Body): void {
    const numbers = toRowNumbers(row, body, this.#names)
    this.#rows.push(numbers)
    this.#addPoint(numbers.local, { owner: numbers.local, number: 0 }, body)
  }

  addExtra(rid: number, body: Body): void {
    if (body.extra !== null) this.#addPoint(localFromRid(rid), body.extra, body)
  }

  #addPoint(local: number, { number, owner }: ExtraPlace, body: Body): void {
    const point = this.#points++
    const { place } = body
    const { length, norm } = body.measures(this.#settings)
    this.#lastLocal = local
    this.#measures[MEASURES * point] = length
    this.#norms[MEASURES * point + 1] = norm
    this.#isPlaced ||= place !== null
    this.#places.set([owner, local, number, place?.start ?? 0, place?.end ?? WHOLE], PLACES * point)
    const start = this.#terms.addRow(point, body.termCount)
    body.copyTerms(this.#terms.ids, this.#terms.weights, start)
    if (this.#arena.dimensions > 0) this.#encode(point, body.vectorBytes)
  }

  #encode(point: number, bytes: Uint8Array): void {
    this.#scales[point] = Number.NaN
    if (bytes.length === 0) return
    const { codeStride } = this.#arena
    const codes = this.#codes.subarray(point * codeStride, (point + 1) * codeStride)
    const { scale, squaredError } = this.#arena.encodeInto(bytes, codes)
    this.#scales[point] = scale
    this.#maxError = Math.max(this.#maxError, Math.sqrt(squaredError))
  }

  /** @param seq of the scope @param last the greatest number that the block covers */
  content(seq: number, last: number): BlockContent {
    const count = this.#points
    const { ends, ids, postings, weights } = this.#terms
    const { codeStride } = this.#arena
    return {
      last,
      seq,
      ...this.#rows.columns,
      measures: this.#measures.subarray(0, MEASURES * count),
      places: this.#isPlaced ? this.#places.subarray(0, PLACES * count) : null,
      scales: this.#scales.subarray(0, count),
      codes: this.#codes.subarray(0, count * codeStride),
      codeStride: this.#arena.dimensions > 0 ? codeStride : 0,
      maxError: this.#maxError,
      termCounts: Uint32Array.from(
        { length: count },
        (_, row) => (ends[row] ?? 0) - this.#terms.rowStart(row)
      ),
      ids: ids.subarray(0, postings),
      weights: weights.subarray(0, postings),
      names: [this.#names.sessions.all, this.#names.speakers.all]
    }
  }
}
