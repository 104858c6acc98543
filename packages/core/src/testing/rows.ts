import * as bm25 from "../text/bm25.ts"
import { termId } from "../text/terms/termId.ts"
import { DAY_MS } from "../memory/duration.ts"
import type { Memory } from "../memory/Memory.ts"
import { memoryIdOfKey, memoryIdOfText } from "../memory/MemoryId.ts"
import type { Passage, StoreRow } from "../store/StoreRow.ts"
import type { Scope } from "../memory/Scope.ts"
import { makeRandom, unit } from "./random.ts"

/** The time of most laws in epoch milliseconds: above 2^32, as today's times are. */
export const T0 = 1_750_000_000_000

/** A day in milliseconds. */
export const DAY: number = DAY_MS

/** Fields that a law sets; the others are those of a user's plain remark. */
export interface RowParts extends Partial<Omit<Memory, "id" | "key" | "content">> {
  /** An idempotency key: the id is derived from it instead of the text. */
  readonly key?: string
  /** Time of writing; also the default of `saidAt` and of the start of `validity`. */
  readonly at?: number
  /** Absent: a direction derived from the passage. */
  readonly vector?: Float32Array | null
  /** One a passage. */
  readonly vectors?: ReadonlyArray<Float32Array | null>
  /** False when absent. */
  readonly owed?: boolean
}

/** Makes a row of the law's scope; a list of texts makes a row of as many passages. */
export type RowBuilder = (content: string | readonly [string, ...Array<string>], parts?: RowParts) => StoreRow

/** Between the passages of a row. */
const GAP = "\n\n"

const toPassages = (
  texts: readonly [string, ...ReadonlyArray<string>],
  vectorOf: (text: string, index: number) => Float32Array | null
): readonly [Passage, ...ReadonlyArray<Passage>] => {
  let at = 0
  const passages = texts.map((text, i): Passage => {
    const start = at
    at += text.length + GAP.length
    return { start, end: start + text.length, vector: vectorOf(text, i), terms: documentTerms(text) }
  })
  const [first, ...more] = passages
  if (first === undefined) throw new Error("a row has at least one passage")
  return [first, ...more]
}

/** The laws count terms: this tokeniser makes one of each word. */
export const LAW_TOKENISER = "en-1"

/** The terms of a law's row. */
export const documentTerms = (text: string, settings: bm25.TermSettings = bm25.TERM_SETTINGS): bm25.Terms =>
  bm25.documentTerms(text, { ...settings, tokeniser: LAW_TOKENISER })

/** The terms of a law's question. */
export const queryTerms = (text: string): Uint32Array => bm25.queryTerms(text, LAW_TOKENISER)

/** A unit vector derived from the text: equal texts have equal vectors, different texts unrelated ones. */
export const toVector = (text: string, dimensions: number): Float32Array =>
  makeRandom(termId(text)).direction(dimensions)

/** The unit vector along an axis: the query of laws that choose their cosines. */
export const axis = (dimensions: number, along = 0): Float32Array =>
  Float32Array.from({ length: dimensions }, (_, i) => (i === along ? 1 : 0))

/** A unit vector with this cosine to `axis(dimensions)`; `towards` (0, 1, …) chooses one of several. */
export const atCosine = (cosine: number, dimensions: number, towards = 0): Float32Array => {
  const components = Array.from(axis(dimensions), (component) => component * cosine)
  components[1 + (towards % (dimensions - 1))] = Math.sqrt(1 - cosine * cosine)
  return unit(components)
}

/** Makes rows with vectors, terms and ids, in the scope `own` by default. */
export const rowBuilder =
  (own: Scope, dimensions: number): RowBuilder =>
  (text, parts = {}) => {
    const { at = T0, key, owed = false, vector, vectors, ...memory } = parts
    const texts = typeof text === "string" ? ([text] as const) : text
    const content = texts.join(GAP)
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
      passages: toPassages(texts, (passage, i) =>
        vectors === undefined
          ? vector === undefined
            ? toVector(passage, dimensions)
            : vector
          : (vectors[i] ?? null)
      ),
      owed
    }
  }
