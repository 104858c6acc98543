/** The greatest `limit` scores and whose they are: a heap with the least of them on top. */
export class TopK {
  readonly #scores: Float64Array
  readonly #slots: Uint32Array
  #size = 0

  /** @param limit at most 65,536; bounded by the caller */
  constructor(limit: number) {
    this.#scores = new Float64Array(limit)
    this.#slots = new Uint32Array(limit)
  }

  /** A score must be greater than this to be let in. */
  get bar(): number {
    return this.#size < this.#scores.length ? Number.NEGATIVE_INFINITY : (this.#scores[0] ?? 0)
  }

  get size(): number {
    return this.#size
  }

  /** Lets a score in that is above the bar, in place of the least where there is no room. */
  push(score: number, slot: number): void {
    if (this.#size < this.#scores.length) this.#rise(this.#size++, score, slot)
    else this.#sink(score, slot)
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
