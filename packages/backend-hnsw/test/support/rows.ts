/** Rows for tests and for harnesses outside Vitest, which cannot use the laws' own builder. */
import {
  documentTerms,
  fingerprint,
  type Memory,
  memoryIdOfKey,
  type Scope,
  StoreFingerprint,
  type StoreRow
} from "@keepsake/core/driver"

export const DIMENSIONS = 16
export const NOW = 1_750_000_000_000

export const makeScope = (userId: string): Scope => ({ agentId: "harness", userId })

export const makeFingerprint = (dimensions: number) =>
  fingerprint({ model: "test", dimensions, calibration: { mean: 0, spread: 0.2 } })

export const fingerprintLayer = (dimensions: number) => StoreFingerprint.layer(makeFingerprint(dimensions))

/** A pseudo-random unit vector; the same for the same seed. */
export const direction = (seed: number, dimensions: number): Float32Array => {
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1
  const vector = Float32Array.from({ length: dimensions }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 31 - 1
  })
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

export const makeRow = (
  scope: Scope,
  content: string,
  vector: Float32Array | null,
  fields: Partial<Memory> = {}
): StoreRow => ({
  memory: {
    id: memoryIdOfKey(scope, content),
    scope,
    key: null,
    content,
    type: "episodic",
    metadata: {},
    source: "user",
    speaker: null,
    sessionId: null,
    turn: null,
    saidAt: NOW,
    importance: 0.5,
    pinned: false,
    createdAt: NOW,
    updatedAt: NOW,
    expiresAt: null,
    validity: [{ from: NOW, to: null }],
    supersededBy: null,
    accessCount: 0,
    lastAccessedAt: null,
    ...fields
  },
  passages: [{ start: 0, end: content.length, vector, terms: documentTerms(content) }],
  owed: false
})

const SIZES = [1, 20, 1, 100, 3]

/** The size of a writer's nth batch. */
export const batchSize = (batch: number): number => SIZES[batch % SIZES.length] ?? 1
