import { termId, documentTerms } from "../text/bm25.ts"
import { DAY_MS } from "../memory/duration.ts"
import type { Memory } from "../memory/Memory.ts"
import { memoryIdOfKey, memoryIdOfText } from "../memory/MemoryId.ts"
import type { StoreRow } from "../store/MemoryStore.ts"
import type { Scope } from "../memory/Scope.ts"
import { makeRandom, unit } from "./random.ts"

/** When most laws take place: epoch milliseconds, above 2^32 as today's are. */
export const T0 = 1_750_000_000_000

/** A day in milliseconds. */
export const DAY: number = DAY_MS

/** What of a memory a law sets; the rest is as a user's plain remark would have it. */
export interface RowParts extends Partial<Omit<Memory, "id" | "key" | "content">> {
  /** An idempotency key: the id is made of it instead of the text. */
  readonly key?: string
  /** When it is written; also when it was said and from when it holds, unless those are given. */
  readonly at?: number
  /** Absent: a direction of the content's own. */
  readonly vector?: Float32Array | null
}

/** A row of the law's scope that says `content`. */
export type RowBuilder = (content: string, parts?: RowParts) => StoreRow

/** A direction that depends on the text alone: equal texts, equal vectors; different ones are unrelated. */
export const vectorOf = (text: string, dimensions: number): Float32Array =>
  makeRandom(termId(text)).direction(dimensions)

/** The unit vector along an axis; the query of laws that choose their cosines. */
export const axis = (dimensions: number, along = 0): Float32Array =>
  Float32Array.from({ length: dimensions }, (_, i) => (i === along ? 1 : 0))

/** A unit vector whose cosine with `axis(dimensions)` is given; `towards` (0, 1, …) chooses among such. */
export const atCosine = (cosine: number, dimensions: number, towards = 0): Float32Array => {
  const components = Array.from(axis(dimensions), (component) => component * cosine)
  components[1 + (towards % (dimensions - 1))] = Math.sqrt(1 - cosine * cosine)
  return unit(components)
}

/** Makes rows with vectors and terms, each with an id of its own. */
export const rowBuilder =
  (own: Scope, dimensions: number): RowBuilder =>
  (content, parts = {}) => {
    const { at = T0, key, vector = vectorOf(content, dimensions), ...memory } = parts
    const scope = memory.scope ?? own
    const statement = {
      source: memory.source ?? "user",
      speaker: memory.speaker ?? null,
      type: memory.type ?? "episodic",
      content
    } as const
    return {
      memory: {
        id: key === undefined ? memoryIdOfText(scope, statement) : memoryIdOfKey(scope, key),
        scope,
        key: key ?? null,
        ...statement,
        metadata: {},
        sessionId: null,
        turn: null,
        saidAt: at,
        importance: 0.5,
        pinned: false,
        createdAt: at,
        updatedAt: at,
        expiresAt: null,
        validity: [{ from: memory.saidAt ?? at, to: null }],
        supersededBy: null,
        accessCount: 0,
        lastAccessedAt: null,
        ...memory
      },
      vector,
      terms: documentTerms(content)
    }
  }
