import { DAY_MS } from "../memory/duration.ts"
import type { Memory, MemoryType } from "../memory/Memory.ts"

/** Age at which Kronvex's recency is one half. */
const INFLECTION_DAYS: { readonly [type in MemoryType]: number } = {
  semantic: 180,
  procedural: 90,
  episodic: 14
}

/**
 * Kronvex's confidence for a raw cosine: 0.6·similarity + 0.2·recency + 0.2·frequency. It is not a probability:
 * a new episodic memory reaches at most .734.
 */
export const kronvexConfidence = (
  similarity: number,
  { accessCount, saidAt, type }: Pick<Memory, "accessCount" | "saidAt" | "type">,
  now: number
): number => {
  const ageDays = Math.max(0, now - saidAt) / DAY_MS
  const recency = 1 / (1 + Math.exp(0.05 * (ageDays - INFLECTION_DAYS[type])))
  const frequency = Math.min(Math.log1p(accessCount) / Math.log1p(10), 1)
  return 0.6 * similarity + 0.2 * recency + 0.2 * frequency
}
