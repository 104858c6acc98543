/** Synthetic memories: clustered unit vectors and texts of Zipf-distributed words, the same on every run. */
import { documentTerms, type Memory, memoryIdOfText, type Scope, type StoreRow } from "@keepsake/core"

export const DIMENSIONS = 384
const CLUSTERS = 200
const VOCABULARY = 20_000
const WORDS = 12
/** Zipf–Mandelbrot's shift: without stop words the commonest word is in about a tenth of the texts, as in conversations. */
const SHIFT = 15
/** How far a vector lies from its cluster's centre, in units of the centre's own length. */
const SPREAD = 0.9

/** mulberry32. */
export const random = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const gaussian = (next: () => number): number =>
  Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next())

const unit = (vector: Float32Array): Float32Array => {
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

export interface Source {
  readonly vector: () => Float32Array
  readonly text: () => string
  readonly next: () => number
}

export const source = (seed: number): Source => {
  const centres = random(7)
  const centre = Array.from({ length: CLUSTERS }, () =>
    unit(Float32Array.from({ length: DIMENSIONS }, () => gaussian(centres)))
  )
  const next = random(seed)
  const word = (): string => `w${Math.floor(SHIFT * (Math.exp(next() * Math.log(VOCABULARY / SHIFT)) - 1))}`
  return {
    next,
    vector: () => {
      const around = centre[Math.floor(next() * CLUSTERS)] ?? new Float32Array(DIMENSIONS)
      const scale = SPREAD / Math.sqrt(DIMENSIONS)
      return unit(around.map((value) => value + scale * gaussian(next)))
    },
    text: () => Array.from({ length: WORDS }, word).join(" ")
  }
}

export const NOW = Date.UTC(2026, 0, 1)

export const row = (scope: Scope, from: Source, serial: number): StoreRow => {
  const content = `${from.text()} ${serial}`
  const statement = { source: "user", speaker: null, type: "episodic", content } as const
  const memory: Memory = {
    id: memoryIdOfText(scope, statement),
    scope,
    ...statement,
    metadata: {},
    sessionId: `session-${serial % 10}`,
    turn: serial,
    saidAt: NOW + serial,
    importance: 0.5,
    pinned: false,
    createdAt: NOW + serial,
    updatedAt: NOW + serial,
    expiresAt: null,
    validity: [{ from: NOW + serial, to: null }],
    supersededBy: null,
    accessCount: 0,
    lastAccessedAt: null
  }
  return { memory, vector: from.vector(), terms: documentTerms(content) }
}

export const scopeOf = (user: number): Scope => ({ agentId: "bench", userId: `user-${user}` })

/** `count` users with sizes in proportion to 1/rank, `total` rows in all, at least one each. */
export const zipfSizes = (count: number, total: number): ReadonlyArray<number> => {
  const weights = Array.from({ length: count }, (_, i) => 1 / (i + 1))
  const sum = weights.reduce((a, b) => a + b)
  return weights.map((weight) => Math.max(1, Math.round((total * weight) / sum)))
}

export const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
