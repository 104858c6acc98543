/** An inverted index: which passages of a scope hold a term, and with what weight. A row here is a passage. */
import { runToEnd, type Scan } from "../../connection/Scan.ts"
import { FoundTerms } from "./FoundTerms.ts"
import { PostingsBuffer, type SpareBuffer } from "./PostingsBuffer.ts"
import type { WasmArena } from "../vectors/WasmArena.ts"

/** A passage's terms in its body. */
export interface TermSource {
  readonly termCount: number
  /** Copies the terms, by ascending id, into both arrays from index `start`. */
  copyTerms(ids: Uint32Array, weights: Float32Array, start: number): void
}

/** A run of this many rows or postings is full. */
const RUN_ROWS = 1_024
const RUN_POSTINGS = 65_536

/**
 * The postings of one scope, as the file has them: row by row. Those of a question's terms are gathered in one pass, which
 * takes a millisecond for two hundred thousand: to sort them all by term takes as long as some ten passes. Rows are added
 * with consecutive points and never removed: the caller skips removed ones.
 */
export class Postings {
  readonly #runs: Array<PostingsBuffer> = []
  readonly #arena: WasmArena
  readonly #spare: SpareBuffer
  /** Rows that are in no run yet. */
  #buffer: PostingsBuffer | null = null
  #runBytes = 0
  /** Of the last question: its calls ask for the same terms. */
  #found: FoundTerms | null = null

  constructor(arena: WasmArena, spare: SpareBuffer) {
    this.#arena = arena
    this.#spare = spare
  }

  /** Without those of `dropFound`. */
  get bytes(): number {
    return this.#runBytes + (this.#buffer?.bytes ?? 0)
  }

  /** Of what is gathered again when it is asked for. */
  get foundBytes(): number {
    return this.#found?.bytes ?? 0
  }

  dropFound(): void {
    this.#found = null
  }

  add(point: number, terms: TermSource): void {
    const buffer = this.#take()
    const start = buffer.addRow(point, terms.termCount)
    terms.copyTerms(buffer.ids, buffer.weights, start)
    if (buffer.rows >= RUN_ROWS || buffer.postings >= RUN_POSTINGS) this.#seal(buffer)
  }

  /** Adds rows as a block has them, the first of them at `point`. */
  append(point: number, termCounts: Uint32Array, ids: Uint8Array, weights: Uint8Array): void {
    const buffer = this.#take()
    buffer.append(point, termCounts, ids, weights)
    if (buffer.rows >= RUN_ROWS || buffer.postings >= RUN_POSTINGS) this.#seal(buffer)
  }

  #take(): PostingsBuffer {
    this.#found = null
    return (this.#buffer ??= this.#spare.take())
  }

  /** After rows were added. */
  settle(): void {
    const buffer = this.#buffer
    if (buffer === null) return
    if (buffer.rows > 0) this.#seal(buffer)
    this.#spare.giveBack(buffer)
    this.#buffer = null
  }

  /** Moves the buffer's rows to the last run, or to one of their own. */
  #seal(buffer: PostingsBuffer): void {
    const last = this.#runs.at(-1)
    const fits =
      last !== undefined &&
      last.rows + buffer.rows <= RUN_ROWS &&
      last.postings + buffer.postings <= RUN_POSTINGS
    const run = fits ? last : new PostingsBuffer()
    this.#runBytes -= fits ? run.bytes : 0
    run.addRows(buffer)
    this.#runBytes += run.bytes
    if (!fits) this.#runs.push(run)
    buffer.clear()
  }

  /** They must not be used afterwards. */
  free(): void {
    for (const run of this.#runs) run.free()
    this.#found = null
  }

  /** Gathers the terms of several calls that follow in one pass. */
  *prepare(terms: ReadonlyArray<Uint32Array | undefined>): Scan<void> {
    const [only] = terms
    // Most messages have one part.
    const all =
      terms.length === 1 && only !== undefined
        ? only
        : Uint32Array.from(terms.flatMap((ofPart) => Array.from(ofPart ?? [])))
    yield* this.#gather(all)
  }

  #find(terms: Uint32Array): FoundTerms {
    return this.#found?.covers(terms) === true ? this.#found : runToEnd(this.#gather(terms))
  }

  *#gather(terms: Uint32Array): Scan<FoundTerms> {
    if (this.#found?.covers(terms) === true) return this.#found
    const buffered = this.#buffer === null ? [] : [this.#buffer]
    const distinct = Uint32Array.from(new Set(terms)).sort()
    return (this.#found = yield* FoundTerms.gather(distinct, [...this.#runs, ...buffered], this.#arena))
  }

  /**
   * Adds Σ idf · weight to `sums`, by point; returns how many current rows hold each term.
   * @param current how many rows are current
   * @param isCurrent null where all are
   */
  score(
    terms: Uint32Array,
    current: number,
    isCurrent: ((point: number) => boolean) | null,
    sums: Float64Array
  ): ReadonlyArray<number> {
    return this.#find(terms).score(terms, current, isCurrent, sums)
  }

  /** The weight of each of `terms` at each of `points`, point after point; 0 where it has none. */
  weights(terms: Uint32Array, points: Uint32Array): Float32Array {
    return this.#find(terms).readWeights(terms, points)
  }
}
