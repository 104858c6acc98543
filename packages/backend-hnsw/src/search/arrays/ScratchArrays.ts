import { BLOCK } from "../../kernel/kernel.ts"

/** Scores, and the maximum of each `BLOCK` of them. */
export interface ScoreBlocks {
  readonly scores: Float32Array
  readonly maxima: Float32Array
}

export const allocateScores = (length: number): ScoreBlocks => ({
  scores: new Float32Array(length),
  maxima: new Float32Array(Math.ceil(length / BLOCK))
})

const withHeadroom = (length: number): number => Math.ceil(length * 1.25)

/** Arrays for one call at a time, reused so that a search allocates little beside its answer. */
export class ScratchArrays {
  readonly #sums: Array<Float64Array> = []
  readonly #numbers: Array<Uint32Array> = []
  #places = new Int32Array(0)
  #scores = new Float32Array(0)
  #maxima = new Float32Array(0)

  /** A call that goes on in a later slice keeps what it has: those in between have others. */
  leave(): void {
    this.#sums.length = 0
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

  /** All zero: the caller clears what it has set. */
  places(length: number): Int32Array {
    if (this.#places.length < length) this.#places = new Int32Array(withHeadroom(length))
    return this.#places
  }

  /** With the values of the last call. */
  scores(length: number): ScoreBlocks {
    const blocks = Math.ceil(length / BLOCK)
    if (this.#scores.length < length) this.#scores = new Float32Array(withHeadroom(length))
    if (this.#maxima.length < blocks) this.#maxima = new Float32Array(withHeadroom(blocks))
    return { scores: this.#scores.subarray(0, length), maxima: this.#maxima.subarray(0, blocks) }
  }
}
