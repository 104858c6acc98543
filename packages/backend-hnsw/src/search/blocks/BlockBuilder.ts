import type { Passage, TermSettings } from "@keepsake/core/driver"
import {
  BLOCK_POINTS,
  type BlockContent,
  MEASURES,
  PlaceColumn,
  PLACES,
  WHOLE
} from "../../codec/blockBlob.ts"
import { type Body, type ExtraPlace, viewBytes } from "../../codec/bodyBlob.ts"
import { type IndexedRow, localFromRid } from "../../codec/memoryRow.ts"
import { PostingsBuffer } from "../postings/PostingsBuffer.ts"
import { RowColumns } from "../rows/RowColumns.ts"
import { RowNames } from "../rows/RowNames.ts"
import type { Measures } from "../../codec/measureWeights.ts"
import type { Names } from "../../tables/ScopeChange.ts"
import type { RowSink } from "../RowSink.ts"
import { numberRow, toRowNumbers } from "../rows/toRowNumbers.ts"
import type { WasmArena } from "../vectors/WasmArena.ts"

const NO_BYTES = new Uint8Array()

/** Makes a block of up to `BLOCK_POINTS` passages, which are added as to an index. */
export class BlockBuilder implements RowSink {
  readonly #arena: WasmArena
  readonly #settings: TermSettings
  #rows = new RowColumns(BLOCK_POINTS)
  #names = new RowNames()
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

  /** Begins the next block in the memory of this one, which is written. */
  restart(): void {
    this.#rows = new RowColumns(BLOCK_POINTS)
    this.#names = new RowNames()
    this.#terms.clear()
    this.#codes.fill(0)
    this.#isPlaced = false
    this.#maxError = 0
    this.#points = 0
  }

  add(row: IndexedRow, body: Body): void {
    const numbers = toRowNumbers(row, body, this.#names)
    this.#rows.push(numbers)
    this.#addBody(numbers.local, { owner: numbers.local, number: 0 }, body)
  }

  addExtra(rid: number, body: Body): void {
    if (body.extra !== null) this.#addBody(localFromRid(rid), body.extra, body)
  }

  #addBody(local: number, place: ExtraPlace, body: Body): void {
    const point = this.#begin(local, place, body.place, body.measures(this.#settings))
    const start = this.#terms.addRow(point, body.termCount)
    body.copyTerms(this.#terms.ids, this.#terms.weights, start)
    this.#encode(point, body.vectorBytes)
  }

  /** As `add`, for a row that was not read from the file. */
  addWritten(row: IndexedRow, { sessionId, speaker }: Names, first: Passage, isWhole: boolean): void {
    this.#names.take(sessionId, speaker)
    const numbers = numberRow(row, this.#names, first.vector !== null)
    this.#rows.push(numbers)
    this.#addPassage(numbers.local, { owner: numbers.local, number: 0 }, first, isWhole)
  }

  /** As `addExtra`, for a passage that was not read from the file. */
  addWrittenExtra(rid: number, place: ExtraPlace, passage: Passage): void {
    this.#addPassage(localFromRid(rid), place, passage, false)
  }

  #addPassage(local: number, place: ExtraPlace, passage: Passage, isWhole: boolean): void {
    const { terms, vector } = passage
    const point = this.#begin(local, place, isWhole ? null : passage, terms)
    const start = this.#terms.addRow(point, terms.ids.length)
    this.#terms.ids.set(terms.ids, start)
    this.#terms.weights.set(terms.weights, start)
    this.#encode(point, vector === null ? NO_BYTES : viewBytes(vector))
  }

  /** @returns the number of the next passage */
  #begin(
    local: number,
    { number, owner }: ExtraPlace,
    place: Pick<Passage, "start" | "end"> | null,
    { length, norm }: Measures
  ): number {
    const point = this.#points++
    this.#lastLocal = local
    this.#measures[MEASURES * point] = length
    this.#norms[MEASURES * point + 1] = norm
    this.#isPlaced ||= place !== null
    const at = PLACES * point
    this.#places[at + PlaceColumn.owner] = owner
    this.#places[at + PlaceColumn.local] = local
    this.#places[at + PlaceColumn.number] = number
    this.#places[at + PlaceColumn.start] = place?.start ?? 0
    this.#places[at + PlaceColumn.end] = place?.end ?? WHOLE
    return point
  }

  /** @param bytes of the vector; none without one */
  #encode(point: number, bytes: Uint8Array): void {
    if (this.#arena.dimensions === 0) return
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
