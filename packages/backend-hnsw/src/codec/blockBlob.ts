/**
 * A block: what a search needs of up to `BLOCK_POINTS` passages of one scope with consecutive numbers, as an index has
 * it in memory, so that it is copied and not decoded. Each passage has bytes of its own in each section: a removal
 * overwrites them in place, and the rest serves on. Part of the file format.
 *
 *     u32 sum of what follows · u32 version · u32 points · u32 rows · u32 last number · u32 postings · u32 name bytes
 *     · u32 bytes of a row of codes (0: no vectors) · u32 1 if points have places · f32 greatest error of codes
 *     · f64 the scope's `seq` when it was written
 *     · rows: f64 × WIDE, then i32 × NARROW · points: u32 length · f32 norm
 *     · if placed, points: i32 × PLACES · points: f32 scale of codes, NaN without a vector · points: codes
 *     · points: u32 terms · u32 term ids · f32 weights · JSON [sessions, speakers], padded with spaces
 *
 * Its `rid` has the first number that it covers. Platforms are little-endian (`bodyBlob.ts`).
 */
import { crc32 } from "node:zlib"
import { sumSeed } from "./checksum.ts"
import { allocateErasableBlob, payloadStart } from "./erasableBlob.ts"
import { REMOVED } from "./memoryRow.ts"

/** Passages of a block: few, since a removal reads and writes the whole block. */
export const BLOCK_POINTS = 64

/** A scope of fewer rows has no blocks: a search needs most of its bodies anyway, which are read at once. */
export const BLOCKS_FROM_ROWS = 200

/** Numbers of a row. File format: append only, with another `VERSION`. */
export const WIDE = 4
export const NARROW = 11
export const WideColumn = { expiresAt: 0, saidAt: 1, turn: 2, importance: 3 } as const
export const NarrowColumn = {
  local: 0,
  flags: 1,
  session: 2,
  speaker: 3,
  previous: 4,
  extras: 5,
  bytes: 6,
  id: 7
} as const
/** Numbers of a passage where rows may have several. */
export const PLACES = 5
export const PlaceColumn = { owner: 0, local: 1, number: 2, start: 3, end: 4 } as const
/** The end of a passage that is the whole content. */
export const WHOLE = -1
/** Numbers of a passage: its length in terms, and its norm. */
export const MEASURES = 2

const VERSION = 1
const HEADER_BYTES = 48
const [AT_SUM, AT_VERSION, AT_POINTS, AT_ROWS, AT_LAST, AT_POSTINGS] = [0, 4, 8, 12, 16, 20]
const [AT_NAME_BYTES, AT_STRIDE, AT_PLACED, AT_ERROR, AT_SEQ] = [24, 28, 32, 36, 40]
const SPACE = 0x20

type Names = readonly [sessions: ReadonlyArray<string>, speakers: ReadonlyArray<string>]

/** What a block is made of: arrays as an index has them. */
export interface BlockContent {
  /** The greatest number that it covers. */
  readonly last: number
  readonly seq: number
  /** Sessions and speakers are numbers in `names`. */
  readonly wide: Float64Array
  readonly narrow: Int32Array
  readonly measures: Int32Array
  /** Null while every passage is a row's whole text. */
  readonly places: Int32Array | null
  readonly scales: Float32Array
  readonly codes: Uint8Array
  readonly codeStride: number
  readonly maxError: number
  /** By passage. */
  readonly termCounts: Uint32Array
  readonly ids: Uint32Array
  readonly weights: Float32Array
  readonly names: Names
}

const viewBytes = (array: Float64Array | Int32Array | Float32Array | Uint8Array | Uint32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

const sumContent = (bytes: Uint8Array, rid: number): number => crc32(bytes.subarray(AT_VERSION), sumSeed(rid))

/** @param pageSize the file's page size */
export const encodeBlock = (content: BlockContent, rid: number, pageSize: number): Uint8Array => {
  const { codes, ids, measures, narrow, places, scales, termCounts, weights, wide } = content
  const names = Buffer.from(JSON.stringify(content.names))
  const sections = [
    wide,
    narrow,
    measures,
    places ?? new Int32Array(),
    scales,
    codes,
    termCounts,
    ids,
    weights
  ]
  const length = sections.reduce((sum, { byteLength }) => sum + byteLength, HEADER_BYTES + names.length)
  const blob = allocateErasableBlob(length, pageSize)
  const payload = blob.subarray(payloadStart(blob.length)).subarray(0, length)
  payload.writeUInt32LE(VERSION, AT_VERSION)
  payload.writeUInt32LE(termCounts.length, AT_POINTS)
  payload.writeUInt32LE(narrow.length / NARROW, AT_ROWS)
  payload.writeUInt32LE(content.last, AT_LAST)
  payload.writeUInt32LE(ids.length, AT_POSTINGS)
  payload.writeUInt32LE(names.length, AT_NAME_BYTES)
  payload.writeUInt32LE(content.codeStride, AT_STRIDE)
  payload.writeUInt32LE(places === null ? 0 : 1, AT_PLACED)
  payload.writeFloatLE(content.maxError, AT_ERROR)
  payload.writeDoubleLE(content.seq, AT_SEQ)
  let at = HEADER_BYTES
  for (const section of sections) {
    payload.set(viewBytes(section), at)
    at += section.byteLength
  }
  payload.set(names, at)
  payload.writeUInt32LE(sumContent(payload, rid), AT_SUM)
  return blob
}

/** A load reads thousands of blocks: an array for each would cost more than to fill it. */
const sharedCounts = new Uint32Array(BLOCK_POINTS)
const sharedScales = new Float32Array(BLOCK_POINTS)
const [countBytes, scaleBytes] = [new Uint8Array(sharedCounts.buffer), new Uint8Array(sharedScales.buffer)]

/** A run of passages beside each other that are all there. */
export interface BlockRun {
  /** The first of its rows, and how many; no rows for a passage beyond a row's first. */
  readonly row: number
  readonly rows: number
  readonly point: number
  readonly points: number
}

/** A view of a block. */
export class Block {
  readonly rid: number
  readonly #payload: Buffer
  /** The same bytes: a Buffer reads each number in a function of its own. */
  readonly #view: DataView
  readonly points: number
  readonly rows: number
  readonly #postings: number
  readonly #nameBytes: number
  readonly #isPlaced: boolean
  readonly codeStride: number
  readonly #measuresAt: number
  readonly #placesAt: number
  readonly #scalesAt: number
  readonly #codesAt: number
  readonly #countsAt: number
  readonly #idsAt: number
  readonly #namesAt: number

  /** Null for bytes that contradict their sum. */
  static read(blob: Uint8Array, rid: number): Block | null {
    const payload = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).subarray(
      payloadStart(blob.length)
    )
    if (payload.length < HEADER_BYTES || payload.readUInt32LE(AT_VERSION) !== VERSION) return null
    const block = new Block(payload, rid)
    return block.#isIntact ? block : null
  }

  private constructor(payload: Buffer, rid: number) {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
    this.rid = rid
    this.#view = view
    this.points = view.getUint32(AT_POINTS, true)
    this.rows = view.getUint32(AT_ROWS, true)
    this.#postings = view.getUint32(AT_POSTINGS, true)
    this.#nameBytes = view.getUint32(AT_NAME_BYTES, true)
    this.codeStride = view.getUint32(AT_STRIDE, true)
    this.#isPlaced = view.getUint32(AT_PLACED, true) === 1
    this.#measuresAt = HEADER_BYTES + this.rows * (8 * WIDE + 4 * NARROW)
    this.#placesAt = this.#measuresAt + 4 * MEASURES * this.points
    this.#scalesAt = this.#placesAt + (this.#isPlaced ? 4 * PLACES * this.points : 0)
    const scaled = this.codeStride === 0 ? 0 : this.points
    this.#codesAt = this.#scalesAt + 4 * scaled
    this.#countsAt = this.#codesAt + this.codeStride * scaled
    this.#idsAt = this.#countsAt + 4 * this.points
    this.#namesAt = this.#idsAt + 8 * this.#postings
    this.#payload = payload.subarray(0, this.#namesAt + this.#nameBytes)
  }

  get #isIntact(): boolean {
    const isWhole = this.#payload.length === this.#namesAt + this.#nameBytes && this.points <= BLOCK_POINTS
    return isWhole && this.#view.getUint32(AT_SUM, true) === sumContent(this.#payload, this.rid)
  }

  /** Its bytes, of which nothing must be read any more after they are freed. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#payload as Uint8Array<ArrayBuffer>
  }

  /** The greatest number that it covers. */
  get last(): number {
    return this.#view.getUint32(AT_LAST, true)
  }

  /** It shows at least this state of its scope. */
  get seq(): number {
    return this.#view.getFloat64(AT_SEQ, true)
  }

  get maxError(): number {
    return this.#view.getFloat32(AT_ERROR, true)
  }

  get names(): Names {
    return JSON.parse(this.#payload.toString("utf8", this.#namesAt)) as Names
  }

  #section(at: number, size: number, from: number, count: number): Uint8Array {
    const { buffer, byteOffset } = this.#payload
    return new Uint8Array(buffer, byteOffset + at + size * from, size * count)
  }

  wide({ row, rows }: BlockRun): Uint8Array {
    return this.#section(HEADER_BYTES, 8 * WIDE, row, rows)
  }

  narrow({ row, rows }: BlockRun): Uint8Array {
    return this.#section(HEADER_BYTES + this.rows * 8 * WIDE, 4 * NARROW, row, rows)
  }

  measures({ point, points }: BlockRun): Uint8Array {
    return this.#section(this.#measuresAt, 4 * MEASURES, point, points)
  }

  /** Null where every passage is a row's whole text. */
  places({ point, points }: BlockRun): Int32Array | null {
    if (!this.#isPlaced) return null
    return new Int32Array(new Uint8Array(this.#section(this.#placesAt, 4 * PLACES, point, points)).buffer)
  }

  /** In memory that the next call uses again, for any block. */
  scales({ point, points }: BlockRun): Float32Array {
    scaleBytes.set(this.#section(this.#scalesAt, 4, point, points))
    return sharedScales.subarray(0, points)
  }

  codes({ point, points }: BlockRun): Uint8Array {
    return this.#section(this.#codesAt, this.codeStride, point, points)
  }

  /** By passage; in memory that the next call uses again, for any block. */
  get termCounts(): Uint32Array {
    countBytes.set(this.#section(this.#countsAt, 4, 0, this.points))
    return sharedCounts.subarray(0, this.points)
  }

  /** @param from the first posting */
  ids(from: number, count: number): Uint8Array {
    return this.#section(this.#idsAt, 4, from, count)
  }

  weights(from: number, count: number): Uint8Array {
    return this.#section(this.#idsAt + 4 * this.#postings, 4, from, count)
  }

  #readNarrow(row: number, column: number): number {
    return this.#view.getInt32(HEADER_BYTES + this.rows * 8 * WIDE + 4 * (NARROW * row + column), true)
  }

  #readPlace(point: number, column: number): number {
    return this.#view.getInt32(this.#placesAt + 4 * (PLACES * point + column), true)
  }

  /** Runs of what was not removed: of rows, or of one passage beyond a row's first. */
  get runs(): ReadonlyArray<BlockRun> {
    const runs: Array<{ row: number; rows: number; point: number; points: number }> = []
    let row = 0
    let run: (typeof runs)[number] | null = null
    for (let point = 0; point < this.points; point++) {
      const isExtra = this.#isPlaced && this.#readPlace(point, PlaceColumn.number) > 0
      const isRemoved = isExtra
        ? this.#readPlace(point, PlaceColumn.end) === 0
        : (this.#readNarrow(row, NarrowColumn.flags) & REMOVED) !== 0
      if (isRemoved) run = null
      else if (isExtra) {
        runs.push({ row, rows: 0, point, points: 1 })
        run = null
      } else if (run === null) {
        run = { row, rows: 1, point, points: 1 }
        runs.push(run)
      } else {
        run.rows++
        run.points++
      }
      if (!isExtra) row++
    }
    return runs
  }

  /**
   * Overwrites every byte of these passages, in place.
   * @param locals their numbers
   * @returns false where nothing is left
   */
  erase(locals: ReadonlySet<number>): boolean {
    const counts = this.termCounts
    let posting = 0
    let row = 0
    for (let point = 0; point < this.points; point++) {
      const isExtra = this.#isPlaced && this.#readPlace(point, PlaceColumn.number) > 0
      const local = this.#isPlaced
        ? this.#readPlace(point, PlaceColumn.local)
        : this.#readNarrow(row, NarrowColumn.local)
      const count = counts[point] ?? 0
      if (locals.has(local)) {
        this.#erasePoint(point, posting, count)
        if (!isExtra) this.#eraseRow(row)
      }
      posting += count
      if (!isExtra) row++
    }
    const { runs } = this
    if (runs.length === 0) return false
    this.#eraseNames(runs)
    this.#payload.writeUInt32LE(sumContent(this.#payload, this.rid), AT_SUM)
    return true
  }

  #eraseRow(row: number): void {
    const run = { row, rows: 1, point: 0, points: 0 }
    this.wide(run).fill(0)
    // The number stays: it says nothing, and the next removal looks for its own.
    const narrow = this.narrow(run)
    narrow.fill(0, 4)
    narrow[4 * NarrowColumn.flags] = REMOVED
  }

  #erasePoint(point: number, posting: number, terms: number): void {
    const run = { row: 0, rows: 0, point, points: 1 }
    this.measures(run).fill(0)
    if (this.#isPlaced)
      this.#section(this.#placesAt + 4 * PlaceColumn.start, 4 * PLACES, point, 1).fill(0, 0, 8)
    if (this.codeStride > 0) {
      this.#payload.writeFloatLE(Number.NaN, this.#scalesAt + 4 * point)
      this.codes(run).fill(0)
    }
    this.ids(posting, terms).fill(0)
    this.weights(posting, terms).fill(0)
  }

  /** Overwrites names that no row has any more. */
  #eraseNames(runs: ReadonlyArray<BlockRun>): void {
    const [sessions, speakers] = [new Set<number>(), new Set<number>()]
    for (const { row: first, rows } of runs) {
      for (let row = first; row < first + rows; row++) {
        sessions.add(this.#readNarrow(row, NarrowColumn.session))
        speakers.add(this.#readNarrow(row, NarrowColumn.speaker))
      }
    }
    const [allSessions, allSpeakers] = this.names
    const left: Names = [
      allSessions.map((name, i) => (sessions.has(i) ? name : "")),
      allSpeakers.map((name, i) => (speakers.has(i) ? name : ""))
    ]
    this.#payload.fill(SPACE, this.#namesAt)
    this.#payload.write(JSON.stringify(left), this.#namesAt)
  }
}
