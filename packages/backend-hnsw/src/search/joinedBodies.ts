import { freeArray } from "./arrays/freeArray.ts"

/**
 * Bodies of many passages as one value, and what tells them apart: to hand over a value for each takes SQLite and
 * node:sqlite half as long again, and each would be memory of its own.
 */

/** Longer bodies are left out: joining copies them more than once. */
const JOINED_MAX = 16_384

/**
 * A SELECT list over bodies `b`, in the order of `JoinedValues`.
 * @param key what tells them apart: an expression
 */
export const joinBodies = (key: string): string =>
  `CAST(group_concat(CASE WHEN octet_length(b.data) <= ${JOINED_MAX} THEN CAST(b.data AS TEXT) END, '') AS BLOB), ` +
  `json_group_array(${key}), json_group_array(octet_length(b.data))`

/** How many columns that list has. */
export const JOINED_COLUMNS = 3

export type JoinedValues = readonly [
  /** Null without a body. */
  joined: Uint8Array<ArrayBuffer> | null,
  keys: string,
  lengths: string
]

/** The bodies of `joinBodies`, in its order. */
export class JoinedBodies {
  readonly keys: ReadonlyArray<number>
  readonly #lengths: ReadonlyArray<number | null>
  readonly #joined: Uint8Array<ArrayBuffer> | null
  #next = 0
  #start = 0

  constructor([joined, keys, lengths]: JoinedValues) {
    this.#joined = joined
    this.keys = JSON.parse(keys) as ReadonlyArray<number>
    this.#lengths = JSON.parse(lengths) as ReadonlyArray<number | null>
  }

  /** The next key's body, a view; null for a long one. */
  next(): Buffer | null {
    const length = this.#lengths[this.#next++] ?? 0
    if (length > JOINED_MAX || this.#joined === null) return null
    const { buffer, byteLength, byteOffset } = this.#joined
    const start = this.#start
    this.#start = Math.min(byteLength, start + length)
    return Buffer.from(buffer, byteOffset + start, this.#start - start)
  }

  /** What was read of them must not be used afterwards. */
  free(): void {
    if (this.#joined !== null) freeArray(this.#joined)
  }
}
