/**
 * The part of a row that is erased with it: its texts, its terms and its vector, in one blob.
 *
 *     u32 dimensions (0: no vector) · u32 terms · u32 text bytes · f32 vector · u32 term ids · f32 weights
 *     · JSON [content, speaker, sessionId, metadata] in UTF-8
 *
 * Numbers are in the platform's order, which is little-endian wherever Node and WebAssembly run together.
 */
import type { JsonObject, Terms } from "@keepsake/core/driver"
import { erasableBlob, payloadStart } from "./erasableBlob.ts"

export interface Texts {
  readonly content: string
  readonly speaker: string | null
  readonly sessionId: string | null
  readonly metadata: JsonObject
}

const HEAD = 12
const QUOTE = 0x22
const BACKSLASH = 0x5c

const bytesOf = (array: Float32Array | Uint32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

const encodeTexts = (texts: Texts): Buffer =>
  Buffer.from(JSON.stringify([texts.content, texts.speaker, texts.sessionId, texts.metadata]))

/** @param pageSize the file's */
export const encodeBody = (
  texts: Texts,
  terms: Terms,
  vector: Float32Array | null,
  pageSize: number
): Uint8Array => {
  const json = encodeTexts(texts)
  const vectorBytes = vector === null ? 0 : vector.byteLength
  const blob = erasableBlob(HEAD + vectorBytes + 2 * terms.ids.byteLength + json.length, pageSize)
  let at = payloadStart(blob.length)
  blob.writeUInt32LE(vector === null ? 0 : vector.length, at)
  blob.writeUInt32LE(terms.ids.length, at + 4)
  blob.writeUInt32LE(json.length, at + 8)
  at += HEAD
  if (vector !== null) blob.set(bytesOf(vector), at)
  at += vectorBytes
  blob.set(bytesOf(terms.ids), at)
  at += terms.ids.byteLength
  blob.set(bytesOf(terms.weights), at)
  blob.set(json, at + terms.weights.byteLength)
  return blob
}

/** What a body's `namesKey` says. */
export const namesOf = (key: string): Pick<Texts, "speaker" | "sessionId"> => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by encodeBody alone
  const [speaker, sessionId] = JSON.parse(`[${Buffer.from(key, "latin1").toString("utf8")}]`) as [
    string | null,
    string | null
  ]
  return { speaker, sessionId }
}

/** A look into a body: nothing is copied or parsed until it is asked for. */
export class Body {
  readonly #bytes: Buffer
  readonly #view: DataView
  readonly #start: number
  readonly dimensions: number
  readonly termCount: number
  readonly #textLength: number

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#start = payloadStart(bytes.length) + HEAD
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = view
    this.dimensions = view.getUint32(this.#start - HEAD, true)
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

  /** The vector's bytes in place; empty where the row has none. */
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

  /** Puts the terms in their order, `termCount` of them, into both arrays from `at` on. */
  copyTerms(ids: Uint32Array, weights: Float32Array, at: number): void {
    const half = this.#termsStart + 4 * this.termCount
    for (let i = 0; i < this.termCount; i++) {
      ids[at + i] = this.#view.getUint32(this.#termsStart + 4 * i, true)
      weights[at + i] = this.#view.getFloat32(half + 4 * i, true)
    }
  }

  /** The JSON of speaker and session, as its bytes are; equal for equal names. Far cheaper than all texts. */
  get namesKey(): string {
    const from = this.#valueEnd(this.#textStart + 1) + 1
    return this.#bytes.toString("latin1", from, this.#valueEnd(this.#valueEnd(from) + 1))
  }

  /** Where the string or `null` that begins at `at` ends. */
  #valueEnd(at: number): number {
    if (this.#bytes[at] !== QUOTE) return at + 4
    for (let end = at + 1; ; end++) {
      end = this.#bytes.indexOf(QUOTE, end)
      if (end < 0) throw new RangeError("A row's text has no end")
      let escapes = 0
      while (this.#bytes[end - 1 - escapes] === BACKSLASH) escapes++
      if (escapes % 2 === 0) return end + 1
    }
  }

  get texts(): Texts {
    const at = this.#textStart
    const json = this.#bytes.toString("utf8", at, at + this.#textLength)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by encodeBody alone
    const [content, speaker, sessionId, metadata] = JSON.parse(json) as [
      string,
      string | null,
      string | null,
      JsonObject
    ]
    return { content, speaker, sessionId, metadata }
  }
}
