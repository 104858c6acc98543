import { BLOCK } from "../../kernel/kernel.ts"
import { growArray } from "./growArray.ts"

/** Scores, and the maximum of each `BLOCK` of them. */
export interface ScoreBlocks {
  readonly scores: Float32Array
  readonly maxima: Float32Array
}

export const allocateScores = (length: number): ScoreBlocks => ({
  scores: new Float32Array(length),
  maxima: new Float32Array(Math.ceil(length / BLOCK))
})

/** Room for the postings that most questions find. */
const FOUND_MIN = 16_384

/** Postings of several terms, mixed: for each which term it is. */
export interface FoundPostings {
  which: Uint16Array
  points: Uint32Array
  weights: Float32Array
}

const noPostings = (): FoundPostings => ({
  which: new Uint16Array(0),
  points: new Uint32Array(0),
  weights: new Float32Array(0)
})

/** With the first `count` of what is found, and room for `more`. */
export const growFound = (found: FoundPostings, count: number, more: number): void => {
  const length = Math.max(FOUND_MIN, count + more)
  found.which = growArray(found.which, length)
  found.points = growArray(found.points, length)
  found.weights = growArray(found.weights, length)
}

const withHeadroom = (length: number): number => Math.ceil(length * 1.25)

/** Arrays for one call at a time, reused so that a search allocates little beside its answer. */
export class ScratchArrays {
  readonly #sums: Array<Float64Array> = []
  readonly #numbers: Array<Uint32Array> = []
  #found = noPostings()
  #scores = new Float32Array(0)
  #maxima = new Float32Array(0)

  /** A call that goes on in a later slice keeps what it has: those in between have others. */
  leave(): void {
    this.#sums.length = 0
    this.#found = noPostings()
    this.#scores = new Float32Array(0)
    this.#maxima = new Float32Array(0)
  }

  /** All zero. @param which of several that a call uses at once */
  sums(length: number, which = 0): Float64Array {
    let sums = this.#sums[which]
    if (sums === undefined || sums.length < length) {
      sums = new Float64Array(withHeadroom(length))
      this.#sums[which] = sums
    }
    return sums.subarray(0, length).fill(0)
  }

  /** With the values of the last call. @param which of several that a call uses at once */
  numbers(length: number, which: number): Uint32Array {
    let numbers = this.#numbers[which]
    if (numbers === undefined || numbers.length < length) {
      numbers = new Uint32Array(withHeadroom(length))
      this.#numbers[which] = numbers
    }
    return numbers.subarray(0, length)
  }

  /** With the values of the last call. */
  get found(): FoundPostings {
    return this.#found
  }

  /** With the values of the last call. */
  scores(length: number): ScoreBlocks {
    const blocks = Math.ceil(length / BLOCK)
    if (this.#scores.length < length) this.#scores = new Float32Array(withHeadroom(length))
    if (this.#maxima.length < blocks) this.#maxima = new Float32Array(withHeadroom(blocks))
    return { scores: this.#scores.subarray(0, length), maxima: this.#maxima.subarray(0, blocks) }
  }
}
