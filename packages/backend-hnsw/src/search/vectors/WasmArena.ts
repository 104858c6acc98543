import { BLOCK, HEAD_BITS, type Kernel, LANES, makeKernel, MAX_PAGES } from "../../kernel/kernel.ts"
import { type ScoreBlocks, ScratchArrays } from "../arrays/ScratchArrays.ts"

const PAGE = 65_536
/**
 * The memory grows by at least this share and by 1 MiB: V8 counts the whole memory again at each growth, and many small
 * steps would keep its garbage collector running. Unused pages cost only addresses.
 */
const GROWTH_SHARE = 0.5
const GROWTH_PAGES = 16
/** Rows scored by one call of the kernel, which the scratch space has room for. A multiple of `BLOCK`. */
const CHUNK = 4_096
/** Terms that `findTerms` looks for, and rows that it looks at, at most. */
const TERMS_MAX = 1_024
const ENDS_MAX = 2_048
/** Greater than every term, or the same. */
const LAST_TERM = 2 ** 32 - 1
/** f32 rows of a unit. A row of codes is a quarter as long, so a unit holds four times as many. */
export const UNIT_ROWS = 16
const BYTES_PER_FLOAT = 4

/** How a row was quantised: its scale, and ‖row − codes · scale‖². */
export interface Quantised {
  readonly scale: number
  readonly squaredError: number
}

/** Postings of rows with consecutive points, one row after the other. */
export interface PostingRun {
  readonly firstPoint: number
  readonly rows: number
  readonly postings: number
  readonly ids: Uint32Array
  readonly weights: Float32Array
  /** The end of each row's. */
  readonly ends: Uint32Array
}

/** Takes postings in their order: which term it is, the point, and the weight. They are views until the next call. */
export type TakePostings = (which: Uint16Array, points: Uint32Array, weights: Float32Array) => void

/**
 * The vectors of all loaded scopes in one WebAssembly memory, allocated in units of 16 rows: every unit fits every
 * scope, so nothing fragments, and a scope of three memories wastes little. The memory never shrinks; freed units are
 * reused. Rows are zero-padded to a multiple of 16 dimensions. Postings are looked through in its scratch space.
 */
export class WasmArena {
  readonly dimensions: number
  /** Bytes of an f32 row and of a row of codes. */
  readonly stride: number
  readonly codeStride: number
  readonly unitBytes: number
  /** Shared by all scopes: one search runs at a time. */
  readonly scratch = new ScratchArrays()
  readonly #kernel: Kernel
  /** Addresses of the scratch space. The f32 query is at 0. */
  readonly #codeQuery: number
  readonly #list: number
  readonly #out: number
  readonly #scales: number
  readonly #row: number
  readonly #codes: number
  readonly #terms: number
  readonly #ends: number
  readonly #state: number
  readonly #heads: number
  #termCount = 0
  #end: number
  readonly #freeUnits: Array<number> = []
  #bytes: Uint8Array
  #words: Uint32Array
  #floats: Float32Array

  constructor(dimensions: number) {
    this.dimensions = dimensions
    const padded = Math.ceil(dimensions / 16) * 16
    this.stride = padded * BYTES_PER_FLOAT
    this.codeStride = padded
    this.unitBytes = UNIT_ROWS * this.stride
    this.#kernel = makeKernel()
    this.#codeQuery = this.stride
    this.#list = this.#codeQuery + padded * 2
    this.#out = this.#list + CHUNK * 4
    this.#scales = this.#out + CHUNK * 4
    this.#row = Math.ceil((this.#scales + CHUNK * 4) / 64) * 64
    this.#codes = this.#row + this.stride
    this.#terms = Math.ceil((this.#codes + padded) / 64) * 64
    this.#ends = this.#terms + TERMS_MAX * 4
    this.#heads = this.#ends + ENDS_MAX * 4
    this.#state = this.#heads + 2 ** HEAD_BITS * 2
    this.#end = this.#state + 64
    this.#bytes = new Uint8Array(this.#kernel.memory.buffer)
    this.#words = new Uint32Array(this.#kernel.memory.buffer)
    this.#floats = new Float32Array(this.#kernel.memory.buffer)
    this.#growTo(this.#end)
  }

  #growTo(end: number): void {
    const { memory } = this.#kernel
    const missingPages = Math.ceil((end - memory.buffer.byteLength) / PAGE)
    if (missingPages <= 0) return
    const pages = memory.buffer.byteLength / PAGE
    const step = Math.max(GROWTH_PAGES, Math.ceil(pages * GROWTH_SHARE))
    memory.grow(Math.max(missingPages, Math.min(step, MAX_PAGES - pages)))
    this.#bytes = new Uint8Array(memory.buffer)
    this.#words = new Uint32Array(memory.buffer)
    this.#floats = new Float32Array(memory.buffer)
  }

  /** A unit's address; its bytes are uninitialised. Throws a RangeError beyond 4 GiB. */
  allocateUnit(): number {
    const reused = this.#freeUnits.pop()
    if (reused !== undefined) return reused
    const address = this.#end
    this.#growTo(address + this.unitBytes)
    this.#end = address + this.unitBytes
    return address
  }

  freeUnit(address: number): void {
    this.#freeUnits.push(address)
  }

  /** Writes a row: `bytes`, then zeroes up to `stride` bytes. */
  write(address: number, bytes: Uint8Array, stride: number): void {
    this.#bytes.set(bytes, address)
    if (bytes.length < stride) this.#bytes.fill(0, address + bytes.length, address + stride)
  }

  /** Copies the f32 row at this address. */
  readRow(address: number, into: Float32Array): void {
    into.set(this.#floats.subarray(address / 4, address / 4 + into.length))
  }

  /** Quantises the f32 row at address `row` into codes at address `codes`. */
  encode(row: number, codes: number): Quantised {
    this.#kernel.encode(row, this.stride, codes, this.#out)
    const result = this.#out / 4
    return { scale: this.#floats[result] ?? 1, squaredError: this.#floats[result + 1] ?? 0 }
  }

  /** Quantises an f32 row that the arena does not hold. */
  encodeBytes(bytes: Uint8Array, codes: number): Quantised {
    this.write(this.#row, bytes, this.stride)
    return this.encode(this.#row, codes)
  }

  /** Quantises an f32 row that the arena does not hold, into codes that it does not hold. */
  encodeInto(bytes: Uint8Array, into: Uint8Array): Quantised {
    const quantised = this.encodeBytes(bytes, this.#codes)
    into.set(this.#bytes.subarray(this.#codes, this.#codes + into.length))
    return quantised
  }

  /** Sets the query of `dotsF32`. */
  setQuery(query: Float32Array): void {
    this.write(0, new Uint8Array(query.buffer, query.byteOffset, query.byteLength), this.stride)
  }

  /** Sets the query of `dotsI8`. */
  setCodeQuery(query: Int16Array): void {
    this.write(
      this.#codeQuery,
      new Uint8Array(query.buffer, query.byteOffset, query.byteLength),
      this.codeStride * 2
    )
  }

  /** Dot products of the query with the f32 rows at these addresses. */
  dotsF32(addresses: Uint32Array, into: ScoreBlocks): void {
    this.#scoreInChunks(addresses, into, (_, padded) => {
      this.#kernel.dotsF32(this.#list, padded, this.stride, 0, this.#out)
    })
  }

  /** Dot products of the code query with rows of codes, each times its scale and `factor`. */
  dotsI8(addresses: Uint32Array, scales: Float32Array, factor: number, into: ScoreBlocks): void {
    this.#floats[this.#row / 4] = factor
    this.#scoreInChunks(addresses, into, (start, padded) => {
      const end = start + Math.min(padded, addresses.length - start)
      this.#floats.set(scales.subarray(start, end), this.#scales / 4)
      this.#kernel.dotsI8(this.#list, padded, this.codeStride, this.#codeQuery, this.#out)
      this.#kernel.scale(this.#out, this.#scales, padded, this.#row)
    })
  }

  /** Sets what `findTerms` looks for. @param terms distinct, ascending, fewer than 1,024 */
  setTerms(terms: Uint32Array): void {
    if (terms.length >= TERMS_MAX) throw new RangeError(`${terms.length} terms are too many`)
    this.#termCount = terms.length
    this.#words.set(terms, this.#terms / 4)
    this.#words[this.#terms / 4 + terms.length] = LAST_TERM
    const heads = new Uint16Array(this.#bytes.buffer, this.#heads, 2 ** HEAD_BITS).fill(0)
    for (let i = terms.length - 1; i >= 0; i--) heads[(terms[i] ?? 0) >>> (32 - HEAD_BITS)] = i + 1
  }

  /** Finds the postings of the terms that were set. @param run of at most 2,048 rows */
  findTerms({ ends, firstPoint, ids, postings, rows, weights }: PostingRun, take: TakePostings): void {
    if (rows > ENDS_MAX) throw new RangeError(`${rows} rows are too many`)
    const [list, out, scales, state] = [this.#list, this.#out, this.#scales, this.#state]
    const words = this.#words
    words.set(ends.subarray(0, rows), this.#ends / 4)
    words[state / 4 + 1] = 0
    for (let from = 0; from < postings; from += CHUNK) {
      const count = Math.min(CHUNK, postings - from)
      words.set(ids.subarray(from, from + count), list / 4)
      this.#kernel.pick(list, Math.ceil(count / LANES) * LANES, this.#heads, out, state)
      let picked = words[state / 4] ?? 0
      // What fills up the last group may be picked too.
      while (picked > 0 && (words[out / 4 + picked - 1] ?? 0) >= count) picked--
      if (picked === 0) continue
      words[state / 4] = picked
      this.#floats.set(weights.subarray(from, from + count), scales / 4)
      this.#resolve(from, firstPoint)
      const found = words[state / 4] ?? 0
      take(
        new Uint16Array(words.buffer, list, found),
        words.subarray(out / 4, out / 4 + found),
        this.#floats.subarray(scales / 4, scales / 4 + found)
      )
    }
  }

  #resolve(from: number, base: number): void {
    const [heads, terms, ends] = [this.#heads, this.#terms, this.#ends]
    const lists = [this.#list, this.#out, this.#scales] as const
    this.#kernel.resolve(...lists, heads, terms, this.#termCount, ends, from, base, this.#state)
  }

  #scoreInChunks(
    addresses: Uint32Array,
    into: ScoreBlocks,
    score: (start: number, padded: number) => void
  ): void {
    const [list, out] = [this.#list / 4, this.#out / 4]
    for (let start = 0; start < addresses.length; start += CHUNK) {
      const count = Math.min(CHUNK, addresses.length - start)
      const padded = Math.ceil(count / LANES) * LANES
      const blocks = Math.ceil(count / BLOCK)
      this.#words.set(addresses.subarray(start, start + count), list)
      // The last group is padded with address 0, the query, which is as readable as a row.
      this.#words.fill(0, list + count, list + padded)
      score(start, padded)
      this.#floats.fill(Number.NEGATIVE_INFINITY, out + count, out + blocks * BLOCK)
      this.#kernel.maxima(this.#out, blocks * BLOCK, this.#list)
      into.scores.set(this.#floats.subarray(out, out + count), start)
      into.maxima.set(this.#floats.subarray(list, list + blocks), start / BLOCK)
    }
  }
}
