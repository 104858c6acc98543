import { idf, lowerBound } from "@keepsake/core/driver"
import type { Scan } from "../../connection/Scan.ts"
import { type FoundPostings, growFound } from "../arrays/ScratchArrays.ts"
import type { TakePostings, WasmArena } from "../vectors/WasmArena.ts"
import type { PostingsBuffer } from "./PostingsBuffer.ts"

/** Runs that are looked through before the event loop may run. */
const RUNS_OF_PART = 4

/** Postings of some terms, gathered in one pass over all, in their order: of a row by ascending term. */
export class FoundTerms {
  /** Distinct, ascending. */
  readonly #terms: Uint32Array
  /** Of each posting: the term's index, the point and the weight. */
  readonly #which: Uint16Array
  readonly #points: Uint32Array
  readonly #weights: Float32Array

  private constructor(terms: Uint32Array, { points, weights, which }: FoundPostings, count: number) {
    this.#terms = terms
    this.#which = which.slice(0, count)
    this.#points = points.slice(0, count)
    this.#weights = weights.slice(0, count)
  }

  /** @param terms distinct, ascending */
  static *gather(
    terms: Uint32Array,
    runs: ReadonlyArray<PostingsBuffer>,
    arena: WasmArena
  ): Scan<FoundTerms> {
    const { found } = arena.scratch
    growFound(found, 0, 0)
    let count = 0
    const take: TakePostings = (which, points, weights) => {
      growFound(found, count, which.length)
      found.which.set(which, count)
      found.points.set(points, count)
      found.weights.set(weights, count)
      count += which.length
    }
    for (const [i, run] of runs.entries()) {
      if (i % RUNS_OF_PART === 0) {
        if (i > 0) yield
        // Others may have asked meanwhile.
        arena.setTerms(terms)
      }
      arena.findTerms(run, take)
    }
    return new FoundTerms(terms, found, count)
  }

  get bytes(): number {
    return 600 + 4 * this.#terms.length + 10 * this.#which.length
  }

  /** Whether each of the terms was looked for. */
  covers(terms: Uint32Array): boolean {
    return terms.every((term) => this.#find(term) >= 0)
  }

  #find(term: number): number {
    const at = lowerBound(this.#terms, term, 0, this.#terms.length)
    return this.#terms[at] === term ? at : -1
  }

  /** By term. */
  #countHolders(isCurrent: ((point: number) => boolean) | null): Uint32Array {
    const holders = new Uint32Array(this.#terms.length)
    const [which, points] = [this.#which, this.#points]
    for (let i = 0; i < which.length; i++) {
      if (isCurrent !== null && !isCurrent(points[i] ?? 0)) continue
      const term = which[i] ?? 0
      holders[term] = (holders[term] ?? 0) + 1
    }
    return holders
  }

  /** As `Postings.score`, of terms that are covered. */
  score(
    terms: Uint32Array,
    current: number,
    isCurrent: ((point: number) => boolean) | null,
    sums: Float64Array
  ): ReadonlyArray<number> {
    const [which, points, weights] = [this.#which, this.#points, this.#weights]
    const holders = this.#countHolders(isCurrent)
    const df = Array.from(terms, (term) => holders[this.#find(term)] ?? 0)
    const factors = new Float64Array(this.#terms.length)
    for (let t = 0; t < terms.length; t++) factors[this.#find(terms[t] ?? 0)] = idf(current, df[t] ?? 0)
    for (let i = 0; i < which.length; i++) {
      const point = points[i] ?? 0
      sums[point] = (sums[point] ?? 0) + (factors[which[i] ?? 0] ?? 0) * (weights[i] ?? 0)
    }
    return df
  }

  /** As `Postings.weights`, of terms that are covered. */
  readWeights(terms: Uint32Array, asked: Uint32Array): Float32Array {
    const [which, points, weights] = [this.#which, this.#points, this.#weights]
    const read = new Float32Array(terms.length * asked.length)
    const places = new Int32Array(this.#terms.length).fill(-1)
    for (let t = 0; t < terms.length; t++) places[this.#find(terms[t] ?? 0)] = t
    for (let i = 0; i < asked.length; i++) {
      const point = asked[i] ?? 0
      for (let at = lowerBound(points, point, 0, points.length); points[at] === point; at++) {
        const place = places[which[at] ?? 0] ?? -1
        if (place >= 0) read[i * terms.length + place] = weights[at] ?? 0
      }
    }
    return read
  }
}
