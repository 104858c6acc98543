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
  #sums = new Float64Array(0)
  #scores = new Float32Array(0)
  #maxima = new Float32Array(0)

  /** All zero. */
  sums(length: number): Float64Array {
    if (this.#sums.length < length) this.#sums = new Float64Array(withHeadroom(length))
    return this.#sums.subarray(0, length).fill(0)
  }

  /** With the values of the last call. */
  scores(length: number): ScoreBlocks {
    const blocks = Math.ceil(length / BLOCK)
    if (this.#scores.length < length) this.#scores = new Float32Array(withHeadroom(length))
    if (this.#maxima.length < blocks) this.#maxima = new Float32Array(withHeadroom(blocks))
    return { scores: this.#scores.subarray(0, length), maxima: this.#maxima.subarray(0, blocks) }
  }
}
