import type { Scan } from "../../connection/Scan.ts"
import { growArray } from "../arrays/growArray.ts"
import { allocateScores, type ScoreBlocks } from "../arrays/ScratchArrays.ts"
import { bestOfRows, type PointGroups, selectGrouped } from "../arrays/grouped.ts"
import { selectTop, TopK } from "../arrays/TopK.ts"
import { ArenaRows } from "./ArenaRows.ts"
import { ScalarQuantizer } from "./ScalarQuantizer.ts"
import { UNIT_ROWS, type WasmArena } from "./WasmArena.ts"

/** The address of a row without a vector. */
const NO_VECTOR = 0
/** The address of a row whose floats are in the file alone. */
const IN_FILE = 1
/** Rows from which codes are scanned first: fewer floats are scanned as fast. */
const CODES_FROM_ROWS = 2_000
/** Candidates beyond `limit` that an inexact scan reads from the file. */
const EXTRA_READS = 512

/** Points beside each other of which an approximate cosine is looked at before they are read from the file. */
const READS_WITHOUT_CODES = 16

/** Vectors that are read from the file before the event loop may run. */
const READS_OF_PART = 64

/** Reads passages' vectors from the file; of those that were removed it tells nothing. */
export type ReadVectors = (points: ArrayLike<number>, take: (at: number, bytes: Uint8Array) => void) => void

/** What a search by vector asks for. */
export interface NearestRequest {
  readonly query: Float32Array
  /** Rows wanted. */
  readonly limit: number
  readonly passes: (point: number) => boolean
  /** Without it, a scan on disk reads at most `EXTRA_READS` vectors more than it returns. */
  readonly exact: boolean
  /** The first point that is looked at. */
  readonly from?: number | undefined
  /** Null while every row has one point. */
  readonly groups: PointGroups | null
}

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/**
 * The vectors of one scope, by point (`Points`). A larger scope is scanned over byte codes, then the candidates are rescored over
 * the floats: the codes' error is bounded, so no candidate is missed. Of points that come with codes, the floats are
 * read from the file when they are asked for first. With `onDisk` the floats stay there and are read each time.
 */
export class VectorStorage {
  readonly #arena: WasmArena
  readonly #readVectors: ReadVectors
  readonly #onDisk: boolean
  readonly #floatRows: ArenaRows
  readonly #codeRows: ArenaRows
  readonly #quantizer: ScalarQuantizer
  /** Of f32 rows. */
  #addresses = new Uint32Array(16)
  #codeAddresses = new Uint32Array(0)
  #count = 0
  /** Points below this have codes. */
  #codedCount = 0
  /** Points whose floats are in the file alone, where they do not stay there. */
  #unread = 0

  constructor(arena: WasmArena, onDisk: boolean, readVectors: ReadVectors) {
    this.#arena = arena
    this.#onDisk = onDisk
    this.#readVectors = readVectors
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

  /** Adds the next point's vector; `bytes` is empty for a row without one. */
  push(bytes: Uint8Array): void {
    const point = this.#count++
    this.#addresses = growArray(this.#addresses, this.#count)
    if (bytes.length === 0) this.#addresses[point] = NO_VECTOR
    else if (this.#onDisk) {
      this.#addresses[point] = IN_FILE
      this.#quantizer.record(point, this.#arena.encodeBytes(bytes, this.#allocateCode(point)))
    } else this.#writeFloats(point, bytes)
    if (this.#onDisk) this.#codedCount = this.#count
  }

  /** @returns the address */
  #writeFloats(point: number, bytes: Uint8Array): number {
    const address = this.#floatRows.allocate()
    this.#arena.write(address, bytes, this.#arena.stride)
    this.#addresses[point] = address
    return address
  }

  /** Adds the next points as a block has them: their codes. @param scales NaN for a point without a vector */
  append(codes: Uint8Array, scales: Float32Array, maxError: number): void {
    const first = this.#count
    const { codeStride } = this.#arena
    this.#count += scales.length
    this.#addresses = growArray(this.#addresses, this.#count)
    this.#quantizer.append(first, scales, maxError)
    this.#codeAddresses = growArray(this.#codeAddresses, this.#count)
    for (let i = 0; i < scales.length;) {
      let end = i
      while (end < scales.length && !Number.isNaN(scales[end])) end++
      if (end === i) this.#addresses[first + i++] = NO_VECTOR
      else i += this.#appendCodes(first + i, codes.subarray(i * codeStride, end * codeStride))
    }
    if (this.#onDisk) this.#codedCount = this.#count
  }

  /** Copies the codes of points that all have a vector, as many as lie beside each other; how many. */
  #appendCodes(point: number, codes: Uint8Array): number {
    const { codeStride } = this.#arena
    const { address, rows } = this.#codeRows.allocateRun(codes.length / codeStride)
    this.#arena.write(address, codes.subarray(0, rows * codeStride), rows * codeStride)
    for (let i = 0; i < rows; i++) {
      this.#addresses[point + i] = IN_FILE
      this.#codeAddresses[point + i] = address + i * codeStride
    }
    if (!this.#onDisk) this.#unread += rows
    return rows
  }

  /** Points whose floats are in the file alone, where they do not stay there. */
  get unread(): number {
    return this.#unread
  }

  /** Of a point. */
  get floatBytes(): number {
    return this.#arena.stride
  }

  /** Some floats are in the file alone, so that codes are scanned. */
  get #needsCodes(): boolean {
    return this.#onDisk || this.#unread > 0
  }

  /** After vectors were added: encodes those that lack codes. */
  settle(): void {
    if (this.#count < CODES_FROM_ROWS && !this.#needsCodes) return
    for (; this.#codedCount < this.#count; this.#codedCount++) {
      const point = this.#codedCount
      if (!this.has(point) || this.#addresses[point] === IN_FILE) continue
      const codes = this.#allocateCode(point)
      this.#quantizer.record(point, this.#arena.encode(this.#addresses[point] ?? 0, codes))
    }
  }

  #allocateCode(point: number): number {
    this.#codeAddresses = growArray(this.#codeAddresses, point + 1)
    const address = this.#codeRows.allocate()
    this.#codeAddresses[point] = address
    return address
  }

  has(point: number): boolean {
    return this.#addresses[point] !== NO_VECTOR
  }

  /** Adds the vector of a point that has none. */
  fill(point: number, bytes: Uint8Array): void {
    if (bytes.length === 0 || this.has(point)) return
    if (this.#onDisk) {
      this.#addresses[point] = IN_FILE
      this.#quantizer.record(point, this.#arena.encodeBytes(bytes, this.#allocateCode(point)))
      return
    }
    const address = this.#writeFloats(point, bytes)
    if (point < this.#codedCount) {
      this.#quantizer.record(point, this.#arena.encode(address, this.#allocateCode(point)))
    }
  }

  /** A copy; null without one. */
  vector(point: number): Float32Array | null {
    if (!this.has(point)) return null
    const vector = new Float32Array(this.#arena.dimensions)
    if (this.#addresses[point] === IN_FILE) {
      let isThere = false
      this.#readVectors([point], (_, bytes) => {
        isThere = true
        new Uint8Array(vector.buffer).set(bytes)
      })
      return isThere ? vector : null
    }
    this.#arena.readRow(this.#addresses[point] ?? NO_VECTOR, vector)
    return vector
  }

  /** The points of the greatest cosines, of each row the best alone. */
  *findNearest(request: NearestRequest): Scan<TopK> {
    const { from = 0, limit } = request
    this.settle()
    if (limit === 0 || from >= this.#count) return new TopK(limit)
    const useCodes =
      this.#needsCodes || (this.#codedCount === this.#count && this.#count - from >= CODES_FROM_ROWS / 2)
    return useCodes ? yield* this.#scanCodes(request, from) : this.#scanFloats(request, from)
  }

  #scanFloats(request: NearestRequest, from: number): TopK {
    this.#arena.setQuery(request.query)
    const blocks = this.#arena.scratch.scores(this.#count - from)
    this.#arena.dotsF32(this.#addresses.subarray(from, this.#count), blocks)
    return this.#selectRows(blocks, request, from)
  }

  /** The best point of each of the best rows. */
  #selectRows(blocks: ScoreBlocks, { groups, limit, passes }: NearestRequest, from: number): TopK {
    return groups === null
      ? this.#selectPoints(blocks, limit, passes, from)
      : selectGrouped(blocks.scores, limit, (point) => this.has(point), passes, groups, from)
  }

  #selectPoints(
    { maxima, scores }: ScoreBlocks,
    limit: number,
    passes: (point: number) => boolean,
    from: number,
    least = Number.NEGATIVE_INFINITY
  ): TopK {
    return selectTop(scores, limit, (point) => this.has(point) && passes(point), least, from, maxima)
  }

  *#scanCodes(request: NearestRequest, from: number): Scan<TopK> {
    const { exact, groups, limit, passes, query } = request
    const scan = yield* this.#quantizer.scan(query, this.#codeAddresses.subarray(0, this.#count), from)
    const first = this.#selectRows(scan, request, from).slots
    const firstCosines = yield* this.cosines(query, first)
    const top = new TopK(limit)
    first.forEach((point, i) => top.push(firstCosines[i] ?? 0, point))
    // Fewer than `limit` rows: every row that passes is already here.
    if (first.length < limit && groups === null) return top
    const rescored = new Set(first)
    const room = this.#onDisk && !exact ? EXTRA_READS : this.#count
    const isOther = (point: number) => !rescored.has(point) && passes(point)
    const others = this.#selectPoints(scan, room, isOther, from, top.bar - scan.errorBound).slots
    const otherCosines = yield* this.cosines(query, others)
    if (groups !== null) {
      return bestOfRows([...first, ...others], [...firstCosines, ...otherCosines], limit, groups)
    }
    others.forEach((point, i) => top.push(otherCosines[i] ?? 0, point))
    return top
  }

  /** Of points beside each other, those that may be the nearest to the query: the others need not be compared. */
  *findCandidates(query: Float32Array, first: number, count: number): Scan<ReadonlyArray<number>> {
    const points = Array.from({ length: count }, (_, i) => first + i)
    if (!this.#needsCodes || count <= READS_WITHOUT_CODES) return points
    this.settle()
    const end = first + count
    const codes = this.#codeAddresses.subarray(0, end)
    const { errorBound, scores } = yield* this.#quantizer.scan(query, codes, first)
    const scored = points.filter((point) => this.has(point))
    const greatest = scored.reduce(
      (best, point) => Math.max(best, scores[point - first] ?? 0),
      Number.NEGATIVE_INFINITY
    )
    return scored.filter((point) => (scores[point - first] ?? 0) >= greatest - 2 * errorBound)
  }

  /** The query's cosine with each point, over the floats; arbitrary for a point without a vector (`has`). */
  *cosines(query: Float32Array, points: Uint32Array): Scan<Float32Array> {
    if (this.#onDisk) return yield* this.#readCosines(query, points)
    const gone = this.#unread === 0 ? [] : yield* this.#readFloats(points)
    const blocks = allocateScores(points.length)
    this.#arena.setQuery(query)
    this.#arena.dotsF32(
      points.map((point) => this.#addresses[point] ?? NO_VECTOR),
      blocks
    )
    for (const i of gone) blocks.scores[i] = -1
    return blocks.scores
  }

  *#readCosines(query: Float32Array, points: Uint32Array): Scan<Float32Array> {
    const vector = new Float32Array(query.length)
    const bytes = new Uint8Array(vector.buffer)
    const cosines = new Float32Array(points.length).fill(-1)
    for (let from = 0; from < points.length; from += READS_OF_PART) {
      if (from > 0) yield
      this.#readVectors(points.subarray(from, from + READS_OF_PART), (i, read) => {
        if (!this.has(points[from + i] ?? 0)) return
        bytes.set(read)
        cosines[from + i] = dot(query, vector)
      })
    }
    return cosines
  }

  /** Reads floats that are in the file alone; the indexes of points that were removed meanwhile. */
  *#readFloats(points: Uint32Array): Scan<ReadonlyArray<number>> {
    const isUnread = (at: number): boolean => this.#addresses[points[at] ?? 0] === IN_FILE
    const unread = Array.from(points.keys()).filter(isUnread)
    for (let from = 0; from < unread.length; from += READS_OF_PART) {
      if (from > 0) yield
      const part = unread.slice(from, from + READS_OF_PART)
      this.#readVectors(
        part.map((at) => points[at] ?? 0),
        (i, bytes) => this.#keepFloats(points[part[i] ?? 0] ?? 0, bytes)
      )
    }
    const gone = unread.filter(isUnread)
    for (const at of gone) this.#addresses[points[at] ?? 0] = NO_VECTOR
    this.#unread -= gone.length
    return gone
  }

  #keepFloats(point: number, bytes: Uint8Array): void {
    if (this.#addresses[point] !== IN_FILE) return
    this.#writeFloats(point, bytes)
    this.#unread--
    if (this.#unread === 0 && this.#count < CODES_FROM_ROWS) this.#dropCodes()
  }

  /** Of few floats that are all here, codes only take room. */
  #dropCodes(): void {
    this.#codeRows.free()
    this.#codeAddresses = new Uint32Array(0)
    this.#codedCount = 0
  }

  /** Keeps the floats of a body that is read for another reason, where they would be read later. */
  keepFloats(point: number, body: { readonly vectorBytes: Uint8Array }): void {
    if (!this.#onDisk && this.#addresses[point] === IN_FILE) this.#keepFloats(point, body.vectorBytes)
  }

  /** Returns the memory to the arena; the vectors must not be used afterwards. */
  free(): void {
    this.#floatRows.free()
    this.#codeRows.free()
    this.#count = 0
  }
}
