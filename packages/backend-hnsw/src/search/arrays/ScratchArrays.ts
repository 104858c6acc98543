import { BLOCK } from "../../kernel/kernel.ts"
import { PostingsBuffer } from "../postings/PostingsBuffer.ts"

/** Scores, and the greatest of each `BLOCK` of them. */
export interface Scored {
  readonly scores: Float32Array
  readonly maxima: Float32Array
}

export const newScored = (length: number): Scored => ({
  scores: new Float32Array(length),
  maxima: new Float32Array(Math.ceil(length / BLOCK))
})

const roomFor = (length: number): number => Math.ceil(length * 1.25)

/** Arrays for the work of one call, used again by the next: what a search leaves to be collected is its answer. */
export class ScratchArrays {
  #sums = new Float64Array(0)
  #scores = new Float32Array(0)
  #maxima = new Float32Array(0)
  #tail: PostingsBuffer | null = null

  /** All zero. */
  sums(length: number): Float64Array {
    if (this.#sums.length < length) this.#sums = new Float64Array(roomFor(length))
    return this.#sums.subarray(0, length).fill(0)
  }

  scored(length: number): Scored {
    const blocks = Math.ceil(length / BLOCK)
    if (this.#scores.length < length) this.#scores = new Float32Array(roomFor(length))
    if (this.#maxima.length < blocks) this.#maxima = new Float32Array(roomFor(blocks))
    return { scores: this.#scores.subarray(0, length), maxima: this.#maxima.subarray(0, blocks) }
  }

  /** For rows that are loaded; it comes back empty. */
  takeTail(): PostingsBuffer {
    const tail = this.#tail ?? new PostingsBuffer()
    this.#tail = null
    return tail
  }

  giveTail(tail: PostingsBuffer): void {
    tail.clear()
    this.#tail = tail
  }
}
