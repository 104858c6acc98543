/**
 * The part of a row that is erased with it: its texts, its terms and its vector, in one blob.
 *
 *     u32 dimensions (0: no vector) · u32 terms · u32 text bytes · f32 vector · u32 term ids · f32 weights
 *     · JSON [content, speaker, sessionId, metadata] in UTF-8
 *
 * Numbers are in the platform's order, which is little-endian wherever Node and WebAssembly run together.
 */
import type { JsonObject, Terms } from "@keepsake/core"
import { erasableBlob, payloadStart } from "./erasable.ts"

export interface Texts {
  readonly content: string
  readonly speaker: string | null
  readonly sessionId: string | null
  readonly metadata: JsonObject
}

const HEAD = 12

const bytesOf = (array: Float32Array | Uint32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

const encodeTexts = (texts: Texts): Buffer =>
  Buffer.from(JSON.stringify([texts.content, texts.speaker, texts.sessionId, texts.metadata]))

export const encodeBody = (texts: Texts, terms: Terms, vector: Float32Array | null): Uint8Array => {
  const json = encodeTexts(texts)
  const vectorBytes = vector === null ? 0 : vector.byteLength
  const blob = erasableBlob(HEAD + vectorBytes + 2 * terms.ids.byteLength + json.length)
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

/** A look into a body: nothing is copied or parsed until it is asked for. */
export class Body {
  readonly #bytes: Uint8Array
  readonly #start: number
  readonly dimensions: number
  readonly termCount: number
  readonly #textLength: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#start = payloadStart(bytes.length) + HEAD
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
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
    return this.dimensions === 0 ? null : new Float32Array(this.vectorBytes.slice().buffer)
  }

  get terms(): Terms {
    const at = this.#termsStart
    const half = at + 4 * this.termCount
    return {
      ids: new Uint32Array(this.#bytes.slice(at, half).buffer),
      weights: new Float32Array(this.#bytes.slice(half, this.#textStart).buffer)
    }
  }

  get texts(): Texts {
    const at = this.#textStart
    const json = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + at, this.#textLength).toString(
      "utf8"
    )
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
