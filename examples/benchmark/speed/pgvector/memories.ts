/** Memories as store rows, with word frequencies as in conversations without stop words. */
import { type Memory, type Scope } from "@keepsake/core"
import { documentTerms, memoryIdOfText, queryTerms, type StoreRow, termId } from "@keepsake/core/driver"
import { makeVector } from "../data.ts"

const VOCABULARY = 20_000
const WORDS = 12
/** Zipf–Mandelbrot's shift: the most common word is in about a tenth of the texts, as in LoCoMo. */
const SHIFT = 15

/** mulberry32. */
const random = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const words = (seed: number, count: number): string => {
  const next = random(seed)
  const rank = () => Math.floor(SHIFT * (Math.exp(next() * Math.log(VOCABULARY / SHIFT)) - 1))
  return Array.from({ length: count }, () => `w${rank()}`).join(" ")
}

const termSeed = (user: string, index: number): number => termId(user) ^ Math.imul(index + 1, 0x9e3779b1)

/** A query of six words, by the same frequencies. */
export const queryWords = (round: number): Uint32Array => queryTerms(words(0x7fff_0000 + round, 6))

export const NOW = Date.UTC(2026, 0, 1)

/** A memory about one of the topics of `user`. */
export const makeStoreRow = (scope: Scope, user: number, index: number): StoreRow => {
  const content = `${words(termSeed(scope.userId, index), WORDS)} ${index}`
  const statement = { source: "user", speaker: null, type: "episodic", content } as const
  const memory: Memory = {
    id: memoryIdOfText(scope, statement),
    key: null,
    scope,
    ...statement,
    metadata: {},
    sessionId: `session-${index % 10}`,
    turn: index,
    saidAt: NOW + index,
    importance: 0.5,
    pinned: false,
    createdAt: NOW + index,
    updatedAt: NOW + index,
    expiresAt: null,
    validity: [{ from: NOW + index, to: null }],
    supersededBy: null,
    accessCount: 0,
    lastAccessedAt: null
  }
  const vector = makeVector({ user, index })
  const passage = { start: 0, end: content.length, vector, terms: documentTerms(content) }
  return { memory, passages: [passage], owed: false }
}
