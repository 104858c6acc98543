import { BLOCK, type Kernel, LANES, makeKernel, MAX_PAGES } from "../../kernel/kernel.ts"
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
/** f32 rows of a unit. A row of codes is a quarter as long, so a unit holds four times as many. */
export const UNIT_ROWS = 16
const BYTES_PER_FLOAT = 4

/** How a row was quantised: its scale, and ‖row − codes · scale‖². */
export interface Quantised {
  readonly scale: number
  readonly squaredError: number
}

/**
 * The vectors of all loaded scopes in one WebAssembly memory, allocated in units of 16 rows: every unit fits every
 * scope, so nothing fragments, and a scope of three memories wastes little. The memory never shrinks; freed units are
 * reused. Rows are zero-padded to a multiple of 16 dimensions.
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
    this.#end = Math.ceil((this.#codes + padded) / 64) * 64
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
