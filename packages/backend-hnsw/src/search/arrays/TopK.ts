import { BLOCK } from "../../kernel/kernel.ts"
import { growArray } from "./growArray.ts"

/** Initial capacity. */
const CAPACITY = 128

/** The greatest `limit` scores and their slots, of scores that tie the least slots: a min-heap. */
export class TopK {
  readonly #limit: number
  #scores: Float64Array
  #slots: Uint32Array
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
    this.#scores = new Float64Array(Math.min(limit, CAPACITY))
    this.#slots = new Uint32Array(Math.min(limit, CAPACITY))
  }

  /** Only greater scores get in, or lesser slots of this score. */
  get bar(): number {
    return this.#size < this.#limit ? Number.NEGATIVE_INFINITY : (this.#scores[0] ?? 0)
  }

  /** Adds a score unless it is full of greater ones; then replaces the least. */
  push(score: number, slot: number): void {
    if (this.#size === this.#limit) {
      if (this.#limit > 0 && this.#isLess(0, score, slot)) this.#siftDown(score, slot)
      return
    }
    this.#scores = growArray(this.#scores, this.#size + 1)
    this.#slots = growArray(this.#slots, this.#size + 1)
    this.#siftUp(this.#size++, score, slot)
  }

  /** Whether an entry comes after a score and a slot. */
  #isLess(index: number, score: number, slot: number): boolean {
    const own = this.#scores[index] ?? 0
    return own < score || (own === score && (this.#slots[index] ?? 0) > slot)
  }

  #siftUp(start: number, score: number, slot: number): void {
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (this.#isLess(parent, score, slot)) break
      this.#move(parent, index)
      index = parent
    }
    this.#set(index, score, slot)
  }

  #siftDown(score: number, slot: number): void {
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= this.#size) break
      const other = child + 1
      if (other < this.#size && this.#isLess(other, this.#scores[child] ?? 0, this.#slots[child] ?? 0))
        child++
      if (!this.#isLess(child, score, slot)) break
      this.#move(child, index)
      index = child
    }
    this.#set(index, score, slot)
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#scores[from] ?? 0, this.#slots[from] ?? 0)
  }

  #set(index: number, score: number, slot: number): void {
    this.#scores[index] = score
    this.#slots[index] = slot
  }

  /** In heap order. */
  get slots(): Uint32Array {
    return this.#slots.subarray(0, this.#size)
  }

  /** In the order of `slots`. */
  get scores(): Float64Array {
    return this.#scores.subarray(0, this.#size)
  }
}

/**
 * The greatest `limit` scores above `least` whose slots pass; `scores[i]` belongs to slot `from + i`.
 * @param maxima the maximum of each `BLOCK` of scores, if known: most blocks are then skipped
 */
export const selectTop = (
  scores: Float32Array | Float64Array,
  limit: number,
  passes: (slot: number) => boolean,
  least: number,
  from = 0,
  maxima: Float32Array | null = null
): TopK => {
  const top = new TopK(limit)
  let bar = least
  for (let start = 0, block = 0; start < scores.length; start += BLOCK, block++) {
    if (maxima !== null && (maxima[block] ?? 0) <= bar) continue
    const end = Math.min(start + BLOCK, scores.length)
    for (let i = start; i < end; i++) {
      const score = scores[i] ?? 0
      if (score > bar && passes(from + i)) {
        top.push(score, from + i)
        bar = Math.max(least, top.bar)
      }
    }
  }
  return top
}
