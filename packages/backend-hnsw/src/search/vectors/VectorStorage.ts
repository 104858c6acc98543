import { growArray } from "../arrays/growArray.ts"
import { allocateScores, type ScoreBlocks } from "../arrays/ScratchArrays.ts"
import { selectTop, TopK } from "../arrays/TopK.ts"
import { ArenaRows } from "./ArenaRows.ts"
import { ScalarQuantizer } from "./ScalarQuantizer.ts"
import { UNIT_ROWS, type WasmArena } from "./WasmArena.ts"

/** The address of a row without a vector. */
const NO_VECTOR = 0
/** Rows from which codes are scanned first: fewer floats are scanned as fast. */
const CODES_FROM_ROWS = 2_000
/** Candidates beyond `limit` that an inexact scan reads from the file. */
const EXTRA_READS = 512

/** Reads a row's vector from the file; false if the row was removed. */
export type ReadVector = (slot: number, into: Float32Array) => boolean

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/**
 * The vectors of one scope, by slot. A larger scope is scanned over byte codes, then the candidates are rescored over
 * the floats: the codes' error is bounded, so no candidate is missed. With `onDisk` the floats stay in the file and are
 * read for rescoring.
 */
export class VectorStorage {
  readonly #arena: WasmArena
  readonly #readVector: ReadVector
  readonly #onDisk: boolean
  readonly #floatRows: ArenaRows
  readonly #codeRows: ArenaRows
  readonly #quantizer: ScalarQuantizer
  /** Of f32 rows; on disk, 1 if there is a vector. */
  #addresses = new Uint32Array(16)
  #codeAddresses = new Uint32Array(0)
  #count = 0
  /** Slots below this have codes. */
  #codedCount = 0

  constructor(arena: WasmArena, onDisk: boolean, readVector: ReadVector) {
    this.#arena = arena
    this.#onDisk = onDisk
    this.#readVector = readVector
    this.#floatRows = new ArenaRows(arena, UNIT_ROWS, arena.stride)
    this.#codeRows = new ArenaRows(arena, (UNIT_ROWS * arena.stride) / arena.codeStride, arena.codeStride)
    this.#quantizer = new ScalarQuantizer(arena)
  }

  get bytes(): number {
    return (
      this.#floatRows.bytes +
      this.#codeRows.bytes +
      this.#addresses.byteLength +
      this.#codeAddresses.byteLength +
      this.#quantizer.bytes
    )
  }

  /** Adds the next slot's vector; `bytes` is empty for a row without one. */
  push(bytes: Uint8Array): void {
    const slot = this.#count++
    this.#addresses = growArray(this.#addresses, this.#count)
    if (bytes.length === 0) this.#addresses[slot] = NO_VECTOR
    else if (this.#onDisk) {
      this.#addresses[slot] = 1
      this.#quantizer.record(slot, this.#arena.encodeBytes(bytes, this.#allocateCode(slot)))
    } else {
      const address = this.#floatRows.allocate()
      this.#arena.write(address, bytes, this.#arena.stride)
      this.#addresses[slot] = address
    }
    if (this.#onDisk) this.#codedCount = this.#count
  }

  /** After vectors were added: encodes those that lack codes. */
  settle(): void {
    if (this.#count < CODES_FROM_ROWS) return
    for (; this.#codedCount < this.#count; this.#codedCount++) {
      const slot = this.#codedCount
      if (!this.has(slot)) continue
      const codes = this.#allocateCode(slot)
      this.#quantizer.record(slot, this.#arena.encode(this.#addresses[slot] ?? 0, codes))
    }
  }

  #allocateCode(slot: number): number {
    this.#codeAddresses = growArray(this.#codeAddresses, slot + 1)
    const address = this.#codeRows.allocate()
    this.#codeAddresses[slot] = address
    return address
  }

  has(slot: number): boolean {
    return this.#addresses[slot] !== NO_VECTOR
  }

  /**
   * The `limit` greatest cosines of the slots that pass, from slot `from` on.
   * @param exact without it, a scan on disk reads at most `EXTRA_READS` vectors more than it returns
   */
  findNearest(
    query: Float32Array,
    limit: number,
    passes: (slot: number) => boolean,
    exact: boolean,
    from = 0
  ): TopK {
    this.settle()
    if (limit === 0 || from >= this.#count) return new TopK(limit)
    const useCodes =
      this.#onDisk || (this.#codedCount === this.#count && this.#count - from >= CODES_FROM_ROWS / 2)
    return useCodes
      ? this.#scanCodes(query, limit, passes, exact, from)
      : this.#scanFloats(query, limit, passes, from)
  }

  #scanFloats(query: Float32Array, limit: number, passes: (slot: number) => boolean, from: number): TopK {
    this.#arena.setQuery(query)
    const blocks = this.#arena.scratch.scores(this.#count - from)
    this.#arena.dotsF32(this.#addresses.subarray(from, this.#count), blocks)
    return this.#select(blocks, limit, passes, from)
  }

  #select(
    { maxima, scores }: ScoreBlocks,
    limit: number,
    passes: (slot: number) => boolean,
    from: number,
    least = Number.NEGATIVE_INFINITY
  ): TopK {
    return selectTop(scores, limit, (slot) => this.has(slot) && passes(slot), least, from, maxima)
  }

  #scanCodes(
    query: Float32Array,
    limit: number,
    passes: (slot: number) => boolean,
    exact: boolean,
    from: number
  ): TopK {
    const scan = this.#quantizer.scan(query, this.#codeAddresses.subarray(0, this.#count), from)
    const first = this.#select(scan, limit, passes, from).slots
    const firstCosines = this.cosines(query, first)
    const top = new TopK(limit)
    first.forEach((slot, i) => top.push(firstCosines[i] ?? 0, slot))
    // Fewer than `limit`: every slot that passes is already here.
    if (first.length < limit) return top
    const rescored = new Set(first)
    const room = this.#onDisk && !exact ? EXTRA_READS : this.#count
    const isOther = (slot: number) => !rescored.has(slot) && passes(slot)
    const others = this.#select(scan, room, isOther, from, top.bar - scan.errorBound).slots
    const otherCosines = this.cosines(query, others)
    others.forEach((slot, i) => {
      if ((otherCosines[i] ?? 0) > top.bar) top.push(otherCosines[i] ?? 0, slot)
    })
    return top
  }

  /** The query's cosine with each slot, over the floats; arbitrary for a slot without a vector (`has`). */
  cosines(query: Float32Array, slots: Uint32Array): Float32Array {
    if (this.#onDisk) {
      const vector = new Float32Array(query.length)
      return Float32Array.from(slots, (slot) =>
        this.has(slot) && this.#readVector(slot, vector) ? dot(query, vector) : -1
      )
    }
    const blocks = allocateScores(slots.length)
    this.#arena.setQuery(query)
    this.#arena.dotsF32(
      slots.map((slot) => this.#addresses[slot] ?? NO_VECTOR),
      blocks
    )
    return blocks.scores
  }

  /** Returns the memory to the arena; the vectors must not be used afterwards. */
  free(): void {
    this.#floatRows.free()
    this.#codeRows.free()
    this.#count = 0
  }
}
