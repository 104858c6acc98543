import { Tail } from "./Tail.ts"

const roomFor = (length: number): number => Math.ceil(length * 1.25)

/** Arrays for the work of one call, used again by the next: what a search leaves to be collected is its answer. */
export class Scratch {
  #sums = new Float64Array(0)
  #scores = new Float32Array(0)
  #products = new Int32Array(0)
  #tail: Tail | null = null

  /** All zero. */
  sums(length: number): Float64Array {
    if (this.#sums.length < length) this.#sums = new Float64Array(roomFor(length))
    return this.#sums.subarray(0, length).fill(0)
  }

  scores(length: number): Float32Array {
    if (this.#scores.length < length) this.#scores = new Float32Array(roomFor(length))
    return this.#scores.subarray(0, length)
  }

  products(length: number): Int32Array {
    if (this.#products.length < length) this.#products = new Int32Array(roomFor(length))
    return this.#products.subarray(0, length)
  }

  /** For rows that are loaded; it comes back empty. */
  takeTail(): Tail {
    const tail = this.#tail ?? new Tail()
    this.#tail = null
    return tail
  }

  giveTail(tail: Tail): void {
    tail.clear()
    this.#tail = tail
  }
}
