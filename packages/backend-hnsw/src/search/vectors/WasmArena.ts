import { BLOCK, type Kernel, LANES, makeKernel, MAX_PAGES } from "../../kernel/kernel.ts"
import { type Scored, ScratchArrays } from "../arrays/ScratchArrays.ts"

const PAGE = 65_536
/**
 * The memory grows by this share at least, and by 1 MiB: V8 counts all of it anew each time it grows, and many
 * small steps keep its collector going without a pause. What is not used yet takes no room but addresses.
 */
const GROWTH_SHARE = 0.5
const GROWTH_PAGES = 16
/** Rows scored by one call of the kernel: what the scratch space has room for. A multiple of `BLOCK`. */
const CHUNK = 4_096
/** f32 rows in a unit; a quarter of the bytes hold a row of codes, so there are four times as many of those. */
export const UNIT_ROWS = 16
const BYTES_PER_FLOAT = 4

/**
 * Vectors of all loaded scopes in one WebAssembly memory, handed out in units of 16 rows: every unit fits
 * every scope, so nothing fragments, and a scope of three memories wastes little. The memory never
 * shrinks; what is given back is used again.
 *
 * Rows are padded with zeroes to a multiple of 16 dimensions.
 */
export class WasmArena {
  readonly dimensions: number
  /** Bytes from one f32 row to the next, and from one row of codes to the next. */
  readonly stride: number
  readonly codeStride: number
  readonly unitBytes: number
  /** One search works at a time. */
  readonly scratch = new ScratchArrays()
  readonly #kernel: Kernel
  readonly #query16: number
  readonly #list: number
  readonly #out: number
  readonly #scales: number
  readonly #row: number
  #end: number
  readonly #free: Array<number> = []
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
    this.#query16 = this.stride
    this.#list = this.#query16 + padded * 2
    this.#out = this.#list + CHUNK * 4
    this.#scales = this.#out + CHUNK * 4
    this.#row = Math.ceil((this.#scales + CHUNK * 4) / 64) * 64
    this.#end = this.#row + this.stride
    this.#bytes = new Uint8Array(this.#kernel.memory.buffer)
    this.#words = new Uint32Array(this.#kernel.memory.buffer)
    this.#floats = new Float32Array(this.#kernel.memory.buffer)
    this.#reach(this.#end)
  }

  #reach(end: number): void {
    const { memory } = this.#kernel
    const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE)
    if (missing <= 0) return
    const pages = memory.buffer.byteLength / PAGE
    const step = Math.max(GROWTH_PAGES, Math.ceil(pages * GROWTH_SHARE))
    memory.grow(Math.max(missing, Math.min(step, MAX_PAGES - pages)))
    this.#bytes = new Uint8Array(memory.buffer)
    this.#words = new Uint32Array(memory.buffer)
    this.#floats = new Float32Array(memory.buffer)
  }

  /** A unit's address. Its bytes are whatever the last owner left. Throws a RangeError beyond 4 GiB. */
  take(): number {
    const used = this.#free.pop()
    if (used !== undefined) return used
    const address = this.#end
    this.#reach(address + this.unitBytes)
    this.#end = address + this.unitBytes
    return address
  }

  give(unit: number): void {
    this.#free.push(unit)
  }

  /** Fills a row: `bytes`, then zeroes up to `stride` bytes. */
  write(address: number, bytes: Uint8Array, stride: number): void {
    this.#bytes.set(bytes, address)
    this.#bytes.fill(0, address + bytes.length, address + stride)
  }

  /** Rounds the f32 row at `row` to codes at `codes`; its scale, and the square of the error (`kernel.ts`). */
  encode(row: number, codes: number): { readonly scale: number; readonly square: number } {
    this.#kernel.encode(row, this.stride, codes, this.#out)
    const at = this.#out / 4
    return { scale: this.#floats[at] ?? 1, square: this.#floats[at + 1] ?? 0 }
  }

  /** The same for a row that is given in `bytes` and not kept. */
  encodeBytes(bytes: Uint8Array, codes: number): { readonly scale: number; readonly square: number } {
    this.write(this.#row, bytes, this.stride)
    return this.encode(this.#row, codes)
  }

  /** Sets the query of the calls that follow. */
  setQuery(query: Float32Array): void {
    this.write(0, new Uint8Array(query.buffer, query.byteOffset, query.byteLength), this.stride)
  }

  /** Sets the query of `dotsI8`. */
  setCodeQuery(query: Int16Array): void {
    this.write(
      this.#query16,
      new Uint8Array(query.buffer, query.byteOffset, query.byteLength),
      this.codeStride * 2
    )
  }

  /** The dot products of the query with the f32 rows at these addresses. */
  dotsF32(addresses: Uint32Array, into: Scored): void {
    this.#inChunks(addresses, into, (_, padded) => {
      this.#kernel.dotsF32(this.#list, padded, this.stride, 0, this.#out)
    })
  }

  /** The dot products of the code query with rows of codes, each times its scale and all times `factor`. */
  dotsI8(addresses: Uint32Array, scales: Float32Array, factor: number, into: Scored): void {
    this.#floats[this.#row / 4] = factor
    this.#inChunks(addresses, into, (at, padded) => {
      this.#floats.set(scales.subarray(at, at + Math.min(padded, addresses.length - at)), this.#scales / 4)
      this.#kernel.dotsI8(this.#list, padded, this.codeStride, this.#query16, this.#out)
      this.#kernel.scale(this.#out, this.#scales, padded, this.#row)
    })
  }

  #inChunks(addresses: Uint32Array, into: Scored, score: (at: number, padded: number) => void): void {
    const [list, out] = [this.#list / 4, this.#out / 4]
    for (let at = 0; at < addresses.length; at += CHUNK) {
      const count = Math.min(CHUNK, addresses.length - at)
      const padded = Math.ceil(count / LANES) * LANES
      const blocks = Math.ceil(count / BLOCK)
      this.#words.set(addresses.subarray(at, at + count), list)
      // The last group is filled up with the query itself, which can be read like any row.
      this.#words.fill(0, list + count, list + padded)
      score(at, padded)
      this.#floats.fill(Number.NEGATIVE_INFINITY, out + count, out + blocks * BLOCK)
      this.#kernel.maxima(this.#out, blocks * BLOCK, this.#list)
      into.scores.set(this.#floats.subarray(out, out + count), at)
      into.maxima.set(this.#floats.subarray(list, list + blocks), at / BLOCK)
    }
  }
}
