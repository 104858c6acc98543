/** Rows for harnesses that run outside Vitest, where the laws' own builder is not to be had. */
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

export const scopeOf = (userId: string): Scope => ({ agentId: "harness", userId })

export const fingerprintOf = (dimensions: number) =>
  StoreFingerprint.layer(fingerprint({ model: "harness", dimensions, calibration: { mean: 0, spread: 0.2 } }))

/** A unit vector of the seed's own. */
export const direction = (seed: number, dimensions: number): Float32Array => {
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1
  const vector = Float32Array.from({ length: dimensions }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 31 - 1
  })
  const length = Math.hypot(...vector)
  return vector.map((part) => part / length)
}

export const rowOf = (
  scope: Scope,
  content: string,
  vector: Float32Array | null,
  parts: Partial<Memory> = {}
): StoreRow => ({
  memory: {
    id: memoryIdOfKey(scope, content),
    scope,
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
    ...parts
  },
  vector,
  terms: documentTerms(content)
})

const SIZES = [1, 20, 1, 100, 3]

/** Rows in the batches of a writer whose sizes vary, by their order. */
export const batchSize = (batch: number): number => SIZES[batch % SIZES.length] ?? 1
