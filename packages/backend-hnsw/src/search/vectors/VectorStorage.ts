import { type WasmArena, UNIT_ROWS } from "./WasmArena.ts"
import { ScalarQuantizer } from "./ScalarQuantizer.ts"
import { growArray } from "../arrays/growArray.ts"
import { newScored, type Scored } from "../arrays/ScratchArrays.ts"
import { TopK, topOf } from "../arrays/TopK.ts"

/** Where a row without a vector "is". */
const NOWHERE = 0
/** From so many rows on codes pay: below, floats are scanned as fast. */
const CODES_FROM = 2_000
/** Candidates beyond `limit` that a lean scan reads from the file, unless it must be exact. */
const LEAN_EXTRA = 512

/** Reads a row's vector from the file; false when the row is gone. */
export type ReadVector = (slot: number, into: Float32Array) => boolean

/** Places in the arena, unit by unit. */
class Places {
  readonly #arena: WasmArena
  readonly #perUnit: number
  readonly #stride: number
  readonly #units: Array<number> = []
  #taken = 0

  constructor(arena: WasmArena, perUnit: number, stride: number) {
    this.#arena = arena
    this.#perUnit = perUnit
    this.#stride = stride
  }

  next(): number {
    const place = this.#taken++ % this.#perUnit
    if (place === 0) this.#units.push(this.#arena.take())
    return (this.#units.at(-1) ?? 0) + place * this.#stride
  }

  get bytes(): number {
    return this.#units.length * this.#arena.unitBytes
  }

  free(): void {
    for (const unit of this.#units) this.#arena.give(unit)
    this.#units.length = 0
    this.#taken = 0
  }
}

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/**
 * The vectors of one scope, by slot. A scope of some size is scanned over codes of one byte a dimension, and what
 * could be among the best is scored again over the floats: the codes' errors are bounded, so nothing that
 * belongs there is missed. A *lean* scope is so large that its floats stay in the file and are read for
 * scoring again.
 */
export class VectorStorage {
  readonly #arena: WasmArena
  readonly #read: ReadVector
  readonly #onDisk: boolean
  readonly #floats: Places
  readonly #codePlaces: Places
  readonly #codes: ScalarQuantizer
  /** Of f32 rows; in a lean scope only whether there is a vector. */
  #addresses = new Uint32Array(16)
  #codeAddresses = new Uint32Array(0)
  #count = 0
  /** Slots that have codes: all before this one, or none. */
  #coded = 0

  constructor(arena: WasmArena, lean: boolean, read: ReadVector) {
    this.#arena = arena
    this.#onDisk = lean
    this.#read = read
    this.#floats = new Places(arena, UNIT_ROWS, arena.stride)
    this.#codePlaces = new Places(arena, (UNIT_ROWS * arena.stride) / arena.codeStride, arena.codeStride)
    this.#codes = new ScalarQuantizer(arena)
  }

  get bytes(): number {
    return (
      this.#floats.bytes +
      this.#codePlaces.bytes +
      this.#addresses.byteLength +
      this.#codeAddresses.byteLength +
      this.#codes.bytes
    )
  }

  /** The next slot's vector; no bytes for a row without one. */
  push(bytes: Uint8Array): void {
    const slot = this.#count++
    this.#addresses = growArray(this.#addresses, this.#count)
    if (bytes.length === 0) this.#addresses[slot] = NOWHERE
    else if (this.#onDisk) {
      this.#addresses[slot] = 1
      this.#codes.note(slot, this.#arena.encodeBytes(bytes, this.#codePlace(slot)))
    } else {
      const address = this.#floats.next()
      this.#arena.write(address, bytes, this.#arena.stride)
      this.#addresses[slot] = address
    }
    if (this.#onDisk) this.#coded = this.#count
  }

  /** After vectors were added: gives them their codes. */
  settle(): void {
    if (this.#count < CODES_FROM) return
    for (; this.#coded < this.#count; this.#coded++) {
      if (!this.has(this.#coded)) continue
      const place = this.#codePlace(this.#coded)
      this.#codes.note(this.#coded, this.#arena.encode(this.#addresses[this.#coded] ?? 0, place))
    }
  }

  #codePlace(slot: number): number {
    this.#codeAddresses = growArray(this.#codeAddresses, slot + 1)
    const place = this.#codePlaces.next()
    this.#codeAddresses[slot] = place
    return place
  }

  has(slot: number): boolean {
    return this.#addresses[slot] !== NOWHERE
  }

  /**
   * The `limit` greatest cosines among the slots that pass, from `from` on.
   * @param exact whatever it costs; else a lean scope reads at most `LEAN_EXTRA` vectors more than it returns
   */
  top(query: Float32Array, limit: number, passes: (slot: number) => boolean, exact: boolean, from = 0): TopK {
    this.settle()
    if (limit === 0 || from >= this.#count) return new TopK(limit)
    const overCodes = this.#onDisk || (this.#coded === this.#count && this.#count - from >= CODES_FROM / 2)
    return overCodes
      ? this.#topOfCodes(query, limit, passes, exact, from)
      : this.#topOfFloats(query, limit, passes, from)
  }

  #topOfFloats(query: Float32Array, limit: number, passes: (slot: number) => boolean, from: number): TopK {
    this.#arena.setQuery(query)
    const scored = this.#arena.scratch.scored(this.#count - from)
    this.#arena.dotsF32(this.#addresses.subarray(from, this.#count), scored)
    return this.#best(scored, limit, passes, from)
  }

  #best(
    { maxima, scores }: Scored,
    limit: number,
    passes: (slot: number) => boolean,
    from: number,
    least = Number.NEGATIVE_INFINITY
  ): TopK {
    return topOf(scores, limit, (slot) => this.has(slot) && passes(slot), least, from, maxima)
  }

  #topOfCodes(
    query: Float32Array,
    limit: number,
    passes: (slot: number) => boolean,
    exact: boolean,
    from: number
  ): TopK {
    const scored = this.#codes.scan(query, this.#codeAddresses.subarray(0, this.#count), from)
    const first = this.#best(scored, limit, passes, from).slots
    const firstScores = this.cosines(query, first)
    const top = new TopK(limit)
    first.forEach((slot, i) => top.push(firstScores[i] ?? 0, slot))
    // Fewer than wanted: all that pass are there already.
    if (first.length < limit) return top
    const chosen = new Set(first)
    const room = this.#onDisk && !exact ? LEAN_EXTRA : this.#count
    const left = (slot: number) => !chosen.has(slot) && passes(slot)
    const more = this.#best(scored, room, left, from, top.bar - scored.error).slots
    const moreScores = this.cosines(query, more)
    more.forEach((slot, i) => {
      if ((moreScores[i] ?? 0) > top.bar) top.push(moreScores[i] ?? 0, slot)
    })
    return top
  }

  /** The query's cosine with each of the slots, over the floats; of no meaning where there is no vector (`has`). */
  cosines(query: Float32Array, slots: Uint32Array): Float32Array {
    if (this.#onDisk) {
      const vector = new Float32Array(query.length)
      return Float32Array.from(slots, (slot) =>
        this.has(slot) && this.#read(slot, vector) ? dot(query, vector) : -1
      )
    }
    const scored = newScored(slots.length)
    this.#arena.setQuery(query)
    this.#arena.dotsF32(
      slots.map((slot) => this.#addresses[slot] ?? NOWHERE),
      scored
    )
    return scored.scores
  }

  /** Gives the memory back; the vectors must not be used afterwards. */
  free(): void {
    this.#floats.free()
    this.#codePlaces.free()
    this.#count = 0
  }
}
