/**
 * The erasable part of a passage in one blob: of a row's first passage with the row's texts. Part of the file format.
 *
 *     u24 dimensions (0: no vector) · u8 flags · u32 terms · u32 text bytes
 *     · if MEASURED: u32 length in terms · f32 norm
 *     · if PLACED: u32 start · u32 end, in UTF-16 units of the content; absent: the whole content
 *     · if EXTRA: u32 number of the passage · u32 number of the row it belongs to (`makeRid`)
 *     · f32 vector · u32 term ids · f32 weights
 *     · unless EXTRA: JSON [content, speaker, sessionId, metadata] in UTF-8, with the key as a fifth element if there is one
 *     · if MEASURED: u32 sum of the JSON · u32 sum of all before the JSON
 *
 * The first version wrote no flags. Arrays are copied in the platform's byte order: Node runs WebAssembly on
 * little-endian platforms only.
 */
import type { JsonObject, Passage, Terms, TermSettings } from "@keepsake/core/driver"
import { borrowErasableBlob, payloadStart } from "./erasableBlob.ts"
import { DamagedRow, sumBytes, sumLong } from "./checksum.ts"
import { type Measures, measureWeights } from "./measureWeights.ts"

export interface Texts {
  readonly content: string
  readonly speaker: string | null
  readonly sessionId: string | null
  readonly metadata: JsonObject
  readonly key: string | null
}

/** Which passage of which row a passage beyond the first is. */
export interface ExtraPlace {
  /** Counted from 0, so at least 1. */
  readonly number: number
  /** The row's number within the scope. */
  readonly owner: number
}

const HEADER_BYTES = 12
/** Bytes of what each flag adds to the header. */
const FIELD_BYTES = 8
/** At the end. */
const SUMS_BYTES = 8
const MEASURED = 1
const PLACED = 2
const EXTRA = 4
/** The row's other columns had a sum when this was written, and keep one. */
const ROW_SUMMED = 8
const DIMENSIONS_MASK = 0xff_ff_ff
const FLAGS_SHIFT = 24
const QUOTE = 0x22
const BACKSLASH = 0x5c
const ASCII_MAX = 0x7f

export const viewBytes = (array: Float32Array | Uint32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

const encodeTexts = ({ content, key, metadata, sessionId, speaker }: Texts): string =>
  JSON.stringify(
    key === null ? [content, speaker, sessionId, metadata] : [content, speaker, sessionId, metadata, key]
  )

const NO_TEXT = ""

interface Parts {
  readonly passage: Passage
  readonly isPlaced: boolean
  readonly extra: ExtraPlace | null
  readonly isRowSummed: boolean
  readonly json: string
}

const encode = (
  { extra, isPlaced, isRowSummed, json, passage }: Parts,
  rid: number,
  pageSize: number
): Uint8Array => {
  const { end, start: from, terms, vector } = passage
  const vectorBytes = vector === null ? 0 : vector.byteLength
  const textBytes = Buffer.byteLength(json)
  const headerBytes = HEADER_BYTES + FIELD_BYTES * (1 + Number(isPlaced) + Number(extra !== null))
  const blob = borrowErasableBlob(
    headerBytes + vectorBytes + 2 * terms.ids.byteLength + textBytes + SUMS_BYTES,
    pageSize
  )
  const flags =
    MEASURED | (isPlaced ? PLACED : 0) | (extra === null ? 0 : EXTRA) | (isRowSummed ? ROW_SUMMED : 0)
  const start = payloadStart(blob.length)
  let at = start
  at = blob.writeUInt32LE((((vector?.length ?? 0) & DIMENSIONS_MASK) | (flags << FLAGS_SHIFT)) >>> 0, at)
  at = blob.writeUInt32LE(terms.ids.length, at)
  at = blob.writeUInt32LE(textBytes, at)
  at = blob.writeUInt32LE(terms.length, at)
  at = blob.writeFloatLE(terms.norm, at)
  if (isPlaced) at = blob.writeUInt32LE(end, blob.writeUInt32LE(from, at))
  if (extra !== null) at = blob.writeUInt32LE(extra.owner, blob.writeUInt32LE(extra.number, at))
  if (vector !== null) blob.set(viewBytes(vector), at)
  at += vectorBytes
  blob.set(viewBytes(terms.ids), at)
  at += terms.ids.byteLength
  blob.set(viewBytes(terms.weights), at)
  at += terms.weights.byteLength
  const derived = sumLong(new Uint8Array(blob.buffer, blob.byteOffset + start, at - start), rid)
  blob.write(json, at)
  at = blob.writeUInt32LE(sumBytes(blob, at, at + textBytes, rid), at + textBytes)
  blob.writeUInt32LE(derived, at)
  return blob
}

/**
 * A row's first passage, with the row's texts.
 * @param row the number of the passage, with which sums begin, and whether the row's columns have a sum
 * @param pageSize the file's page size
 * @returns memory that the next body uses again
 */
export const encodeBody = (
  texts: Texts,
  passage: Passage,
  { isSummed, rid }: { readonly rid: number; readonly isSummed: boolean },
  pageSize: number
): Uint8Array => {
  const isPlaced = passage.start !== 0 || passage.end !== texts.content.length
  const parts = { passage, isPlaced, extra: null, isRowSummed: isSummed, json: encodeTexts(texts) }
  return encode(parts, rid, pageSize)
}

/** A passage beyond the first, in memory as `encodeBody` returns it. */
export const encodeExtra = (passage: Passage, extra: ExtraPlace, rid: number, pageSize: number): Uint8Array =>
  encode({ passage, isPlaced: true, extra, isRowSummed: false, json: NO_TEXT }, rid, pageSize)

/** Decodes a part of some bytes: those of `textBytes`. */
export const decodeTexts = (bytes: Uint8Array, start: number, end: number): Texts => {
  const json = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8")
  const [content, speaker, sessionId, metadata, key = null] = JSON.parse(json) as [
    string,
    string | null,
    string | null,
    JsonObject,
    string?
  ]
  return { content, speaker, sessionId, metadata, key }
}

/** The end of texts without metadata and key. */
const PLAIN_END = Buffer.from(",{}]")
/** What stands before the content: `["`. */
const BEFORE_CONTENT = 2

const endsPlainly = (bytes: Uint8Array, end: number): boolean =>
  PLAIN_END.every((byte, i) => bytes[end - PLAIN_END.length + i] === byte)

/** The content of texts that are names beside it, in ASCII without escapes, which most are; null for others. As `decodeTexts` decodes it. */
export const decodePlainContent = (bytes: Uint8Array, start: number, end: number): string | null => {
  if (!endsPlainly(bytes, end)) return null
  const from = start + BEFORE_CONTENT
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte === QUOTE)
      return Buffer.from(bytes.buffer, bytes.byteOffset + from, at - from).toString("latin1")
    if (byte === BACKSLASH || byte > ASCII_MAX) return null
  }
  return null
}

/** Decodes a body's `namesKey`. */
export const decodeNames = (namesKey: string): Pick<Texts, "speaker" | "sessionId"> => {
  const json = `[${Buffer.from(namesKey, "latin1").toString("utf8")}]`
  const [speaker, sessionId] = JSON.parse(json) as [string | null, string | null]
  return { speaker, sessionId }
}

/**
 * A view of a body: each part is decoded, and compared with its sum, when it is read first. Then `DamagedRow` is thrown
 * for one that does not fit.
 */
export class Body {
  readonly #rid: number
  readonly #bytes: Buffer
  #isDerivedChecked = false
  #isTextChecked = false
  readonly #view: DataView
  /** Where the fields that the flags add begin, and where they end. */
  readonly #fields: number
  readonly #start: number
  readonly #flags: number
  readonly #dimensions: number
  readonly #termCount: number
  readonly #textLength: number

  /** @param rid the number of the passage */
  constructor(bytes: Uint8Array, rid: number) {
    this.#rid = rid
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const header = payloadStart(bytes.length)
    if (header + HEADER_BYTES > bytes.length) throw new DamagedRow(rid)
    const first = view.getUint32(header, true)
    this.#view = view
    this.#dimensions = first & DIMENSIONS_MASK
    this.#flags = first >>> FLAGS_SHIFT
    this.#termCount = view.getUint32(header + 4, true)
    this.#textLength = view.getUint32(header + 8, true)
    this.#fields = header + HEADER_BYTES
    this.#start = this.#fields + FIELD_BYTES * this.#countFields()
    const isKnown = this.#flags <= (MEASURED | PLACED | EXTRA | ROW_SUMMED)
    const end = this.#textStart + this.#textLength + (this.isSummed ? SUMS_BYTES : 0)
    if (!isKnown || end > bytes.length) throw new DamagedRow(rid)
  }

  /** The first version kept no sums. */
  get isSummed(): boolean {
    return (this.#flags & MEASURED) !== 0
  }

  #countFields(): number {
    return (this.#flags & MEASURED) + ((this.#flags & PLACED) >> 1) + ((this.#flags & EXTRA) >> 2)
  }

  /** Throws where body and row are not of one version. @param isSummed whether the row's other columns have a sum */
  checkVersion(isSummed: boolean): void {
    const mustBe = (this.#flags & ROW_SUMMED) !== 0
    if (isSummed ? !this.isSummed : mustBe) throw new DamagedRow(this.#rid)
  }

  /** Compares all of it with the sums. */
  check(): void {
    this.#checkDerived()
    this.#checkText()
  }

  #checkDerived(): void {
    if (this.#isDerivedChecked) return
    if (this.isSummed) {
      const derived = this.#bytes.subarray(this.#fields - HEADER_BYTES, this.#textStart)
      const sum = this.#view.getUint32(this.#textStart + this.#textLength + SUMS_BYTES / 2, true)
      if (sumLong(derived, this.#rid) !== sum) throw new DamagedRow(this.#rid)
    }
    this.#isDerivedChecked = true
  }

  #checkText(): void {
    if (this.#isTextChecked) return
    if (this.isSummed) {
      const start = this.#textStart
      const end = start + this.#textLength
      if (sumBytes(this.#bytes, start, end, this.#rid) !== this.#view.getUint32(end, true))
        throw new DamagedRow(this.#rid)
    }
    this.#isTextChecked = true
  }

  get dimensions(): number {
    this.#checkDerived()
    return this.#dimensions
  }

  get termCount(): number {
    this.#checkDerived()
    return this.#termCount
  }

  get #termsStart(): number {
    return this.#start + 4 * this.#dimensions
  }

  get #textStart(): number {
    return this.#termsStart + 8 * this.#termCount
  }

  /** Where the passage stands in the content; null if it is the whole content. */
  get place(): Pick<Passage, "start" | "end"> | null {
    this.#checkDerived()
    if ((this.#flags & PLACED) === 0) return null
    const at = this.#fields + FIELD_BYTES
    return { start: this.#view.getUint32(at, true), end: this.#view.getUint32(at + 4, true) }
  }

  /** Null for the first passage of a row. */
  get extra(): ExtraPlace | null {
    this.#checkDerived()
    if ((this.#flags & EXTRA) === 0) return null
    const at = this.#start - FIELD_BYTES
    return { number: this.#view.getUint32(at, true), owner: this.#view.getUint32(at + 4, true) }
  }

  /** @param settings of the weights, of which the first version's bodies are measured */
  measures(settings: TermSettings): Measures {
    this.#checkDerived()
    if (!this.isSummed) return measureWeights(this.#weights, settings)
    const at = this.#fields
    return { length: this.#view.getUint32(at, true), norm: this.#view.getFloat32(at + 4, true) }
  }

  /** A view of the vector's bytes; empty if the passage has none. */
  get vectorBytes(): Uint8Array {
    this.#checkDerived()
    return this.#bytes.subarray(this.#start, this.#termsStart)
  }

  get vector(): Float32Array | null {
    return this.dimensions === 0 ? null : new Float32Array(new Uint8Array(this.vectorBytes).buffer)
  }

  get #weights(): Float32Array {
    const weightsStart = this.#termsStart + 4 * this.#termCount
    return new Float32Array(new Uint8Array(this.#bytes.subarray(weightsStart, this.#textStart)).buffer)
  }

  terms(settings: TermSettings): Terms {
    const ids = new Uint32Array(this.termCount)
    const weights = new Float32Array(this.termCount)
    this.copyTerms(ids, weights, 0)
    return { ids, weights, ...this.measures(settings) }
  }

  /** @param contentLength of the row's content */
  passage(settings: TermSettings, contentLength: number): Passage {
    const { end, start } = this.place ?? { start: 0, end: contentLength }
    return { start, end, vector: this.vector, terms: this.terms(settings) }
  }

  /** Copies the `termCount` terms, by ascending id, into both arrays from index `start`. */
  copyTerms(ids: Uint32Array, weights: Float32Array, start: number): void {
    this.#checkDerived()
    const weightsStart = this.#termsStart + 4 * this.#termCount
    for (let i = 0; i < this.#termCount; i++) {
      ids[start + i] = this.#view.getUint32(this.#termsStart + 4 * i, true)
      weights[start + i] = this.#view.getFloat32(weightsStart + 4 * i, true)
    }
  }

  /** The JSON bytes of speaker and session: equal for equal names, and much cheaper than `texts`. */
  get namesKey(): string {
    this.#checkText()
    const from = this.#valueEnd(this.#textStart + 1) + 1
    return this.#bytes.toString("latin1", from, this.#valueEnd(this.#valueEnd(from) + 1))
  }

  /** The end of the JSON string, or `null`, that begins at `start`. */
  #valueEnd(start: number): number {
    if (this.#bytes[start] !== QUOTE) return start + 4
    for (let end = start + 1; ; end++) {
      end = this.#bytes.indexOf(QUOTE, end)
      if (end < 0) throw new DamagedRow(this.#rid)
      let escapes = 0
      while (this.#bytes[end - 1 - escapes] === BACKSLASH) escapes++
      if (escapes % 2 === 0) return end + 1
    }
  }

  /** The JSON of the texts, which `decodeTexts` reads. A view. */
  get textBytes(): Uint8Array {
    this.#checkText()
    return this.#bytes.subarray(this.#textStart, this.#textStart + this.#textLength)
  }

  get texts(): Texts {
    const bytes = this.textBytes
    return decodeTexts(bytes, 0, bytes.length)
  }
}
