import { type Arena, UNIT_ROWS } from "./Arena.ts"
import { grown } from "./grown.ts"
import { TopK } from "./TopK.ts"

/** Where a row without a vector "is". */
const NOWHERE = 0

/** The vectors of one scope, by slot, in the arena. */
export class Vectors {
  readonly #arena: Arena
  readonly #units: Array<number> = []
  #addresses = new Uint32Array(16)
  #count = 0
  #stored = 0

  constructor(arena: Arena) {
    this.#arena = arena
  }

  get bytes(): number {
    return this.#units.length * this.#arena.unitBytes + this.#addresses.byteLength
  }

  /** The next slot's vector; no bytes for a row without one. */
  push(bytes: Uint8Array): void {
    this.#addresses = grown(this.#addresses, this.#count + 1)
    this.#addresses[this.#count++] = bytes.length === 0 ? NOWHERE : this.#store(bytes)
  }

  #store(bytes: Uint8Array): number {
    const place = this.#stored++ % UNIT_ROWS
    if (place === 0) this.#units.push(this.#arena.take())
    const address = (this.#units.at(-1) ?? 0) + place * this.#arena.stride
    this.#arena.write(address, bytes, this.#arena.stride)
    return address
  }

  has(slot: number): boolean {
    return this.#addresses[slot] !== NOWHERE
  }

  /** The slots of the `limit` greatest cosines among those that pass. */
  top(query: Float32Array, limit: number, passes: (slot: number) => boolean): Uint32Array {
    const scores = new Float32Array(this.#count)
    this.#arena.setQuery(query)
    this.#arena.dotsF32(this.#addresses.subarray(0, this.#count), scores)
    const top = new TopK(limit)
    for (let slot = 0, bar = top.bar; slot < this.#count; slot++) {
      const score = scores[slot] ?? 0
      if (score > bar && this.has(slot) && passes(slot)) {
        top.push(score, slot)
        bar = top.bar
      }
    }
    return top.slots
  }

  /** The query's cosine with each of the slots; 0 where there is no vector (`has`). */
  cosines(query: Float32Array, slots: Uint32Array): Float32Array {
    const scores = new Float32Array(slots.length)
    this.#arena.setQuery(query)
    this.#arena.dotsF32(
      slots.map((slot) => this.#addresses[slot] ?? NOWHERE),
      scores
    )
    return scores
  }

  /** Gives the memory back. */
  free(): void {
    for (const unit of this.#units) this.#arena.give(unit)
    this.#units.length = 0
    this.#count = 0
  }
}
