/**
 * The erasable part of a row: texts, terms and vector in one blob. Part of the file format.
 *
 *     u32 dimensions (0: no vector) · u32 terms · u32 text bytes · f32 vector · u32 term ids · f32 weights
 *     · JSON [content, speaker, sessionId, metadata] in UTF-8, with the key as a fifth element if there is one
 *
 * Arrays are copied in the platform's byte order: Node runs WebAssembly on little-endian platforms only.
 */
import type { JsonObject, Terms } from "@keepsake/core/driver"
import { allocateErasableBlob, payloadStart } from "./erasableBlob.ts"

export interface Texts {
  readonly content: string
  readonly speaker: string | null
  readonly sessionId: string | null
  readonly metadata: JsonObject
  readonly key: string | null
}

const HEADER_BYTES = 12
const QUOTE = 0x22
const BACKSLASH = 0x5c

const viewBytes = (array: Float32Array | Uint32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

const encodeTexts = (texts: Texts): Buffer =>
  Buffer.from(
    JSON.stringify([
      texts.content,
      texts.speaker,
      texts.sessionId,
      texts.metadata,
      ...(texts.key === null ? [] : [texts.key])
    ])
  )

/** @param pageSize the file's page size */
export const encodeBody = (
  texts: Texts,
  terms: Terms,
  vector: Float32Array | null,
  pageSize: number
): Uint8Array => {
  const json = encodeTexts(texts)
  const vectorBytes = vector === null ? 0 : vector.byteLength
  const blob = allocateErasableBlob(
    HEADER_BYTES + vectorBytes + 2 * terms.ids.byteLength + json.length,
    pageSize
  )
  let byteOffset = payloadStart(blob.length)
  blob.writeUInt32LE(vector === null ? 0 : vector.length, byteOffset)
  blob.writeUInt32LE(terms.ids.length, byteOffset + 4)
  blob.writeUInt32LE(json.length, byteOffset + 8)
  byteOffset += HEADER_BYTES
  if (vector !== null) blob.set(viewBytes(vector), byteOffset)
  byteOffset += vectorBytes
  blob.set(viewBytes(terms.ids), byteOffset)
  byteOffset += terms.ids.byteLength
  blob.set(viewBytes(terms.weights), byteOffset)
  blob.set(json, byteOffset + terms.weights.byteLength)
  return blob
}

/** Decodes a body's `namesKey`. */
export const decodeNames = (namesKey: string): Pick<Texts, "speaker" | "sessionId"> => {
  const json = `[${Buffer.from(namesKey, "latin1").toString("utf8")}]`
  const [speaker, sessionId] = JSON.parse(json) as [string | null, string | null]
  return { speaker, sessionId }
}

/** A view of a body: each part is decoded when it is read. */
export class Body {
  readonly #bytes: Buffer
  readonly #view: DataView
  readonly #start: number
  readonly dimensions: number
  readonly termCount: number
  readonly #textLength: number

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#start = payloadStart(bytes.length) + HEADER_BYTES
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = view
    this.dimensions = view.getUint32(this.#start - HEADER_BYTES, true)
    this.termCount = view.getUint32(this.#start - 8, true)
    this.#textLength = view.getUint32(this.#start - 4, true)
    if (this.#textStart + this.#textLength > bytes.length)
      throw new RangeError("A row's lengths contradict its size")
  }

  get #termsStart(): number {
    return this.#start + 4 * this.dimensions
  }

  get #textStart(): number {
    return this.#termsStart + 8 * this.termCount
  }

  /** A view of the vector's bytes; empty if the row has none. */
  get vectorBytes(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#termsStart)
  }

  get vector(): Float32Array | null {
    return this.dimensions === 0 ? null : new Float32Array(new Uint8Array(this.vectorBytes).buffer)
  }

  get terms(): Terms {
    const ids = new Uint32Array(this.termCount)
    const weights = new Float32Array(this.termCount)
    this.copyTerms(ids, weights, 0)
    return { ids, weights }
  }

  /** Copies the `termCount` terms, by ascending id, into both arrays from index `start`. */
  copyTerms(ids: Uint32Array, weights: Float32Array, start: number): void {
    const weightsStart = this.#termsStart + 4 * this.termCount
    for (let i = 0; i < this.termCount; i++) {
      ids[start + i] = this.#view.getUint32(this.#termsStart + 4 * i, true)
      weights[start + i] = this.#view.getFloat32(weightsStart + 4 * i, true)
    }
  }

  /** The JSON bytes of speaker and session: equal for equal names, and much cheaper than `texts`. */
  get namesKey(): string {
    const from = this.#valueEnd(this.#textStart + 1) + 1
    return this.#bytes.toString("latin1", from, this.#valueEnd(this.#valueEnd(from) + 1))
  }

  /** The end of the JSON string, or `null`, that begins at `start`. */
  #valueEnd(start: number): number {
    if (this.#bytes[start] !== QUOTE) return start + 4
    for (let end = start + 1; ; end++) {
      end = this.#bytes.indexOf(QUOTE, end)
      if (end < 0) throw new RangeError("A row's text has no end")
      let escapes = 0
      while (this.#bytes[end - 1 - escapes] === BACKSLASH) escapes++
      if (escapes % 2 === 0) return end + 1
    }
  }

  get texts(): Texts {
    const json = this.#bytes.toString("utf8", this.#textStart, this.#textStart + this.#textLength)
    const [content, speaker, sessionId, metadata, key = null] = JSON.parse(json) as [
      string,
      string | null,
      string | null,
      JsonObject,
      string?
    ]
    return { content, speaker, sessionId, metadata, key }
  }
}
