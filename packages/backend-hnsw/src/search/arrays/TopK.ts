import { growArray } from "./growArray.ts"
import { BLOCK } from "../../kernel/kernel.ts"

/** Room to begin with: most want few, and where many may come, few do. */
const ROOM = 128

/** The greatest `limit` scores and whose they are: a heap with the least of them on top. */
export class TopK {
  readonly #limit: number
  #scores: Float64Array
  #slots: Uint32Array
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
    this.#scores = new Float64Array(Math.min(limit, ROOM))
    this.#slots = new Uint32Array(Math.min(limit, ROOM))
  }

  /** A score must be greater than this to be let in. */
  get bar(): number {
    return this.#size < this.#limit ? Number.NEGATIVE_INFINITY : (this.#scores[0] ?? 0)
  }

  get size(): number {
    return this.#size
  }

  /** Lets a score in that is above the bar, in place of the least where there is no room. */
  push(score: number, slot: number): void {
    if (this.#size === this.#limit) return this.#sink(score, slot)
    this.#scores = growArray(this.#scores, this.#size + 1)
    this.#slots = growArray(this.#slots, this.#size + 1)
    this.#rise(this.#size++, score, slot)
  }

  #rise(from: number, score: number, slot: number): void {
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      if ((this.#scores[above] ?? 0) <= score) break
      this.#move(above, at)
      at = above
    }
    this.#place(at, score, slot)
  }

  #sink(score: number, slot: number): void {
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= this.#size) break
      if (below + 1 < this.#size && (this.#scores[below + 1] ?? 0) < (this.#scores[below] ?? 0)) below++
      if ((this.#scores[below] ?? 0) >= score) break
      this.#move(below, at)
      at = below
    }
    this.#place(at, score, slot)
  }

  #move(from: number, to: number): void {
    this.#place(to, this.#scores[from] ?? 0, this.#slots[from] ?? 0)
  }

  #place(at: number, score: number, slot: number): void {
    this.#scores[at] = score
    this.#slots[at] = slot
  }

  /** In no particular order; `scores` are in the same. */
  get slots(): Uint32Array {
    return this.#slots.subarray(0, this.#size)
  }

  get scores(): Float64Array {
    return this.#scores.subarray(0, this.#size)
  }
}

/**
 * The greatest `limit` of the scores above `least` whose slots pass; `scores[i]` is the slot `from + i`'s.
 * @param maxima the greatest of each `BLOCK` of scores, where known: most blocks need no look then
 */
export const topOf = (
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
