/**
 * Other ways to weigh what was recalled, for those who come from elsewhere. Neither is a probability: a
 * threshold for one means nothing for another, and recall itself orders and cuts by its calibrated score.
 */
import type { Memory, MemoryType } from "../memory/Memory.ts"
import type { Recollection } from "./Retriever.ts"

const DAY_MS = 86_400_000

/** Age at which Kronvex's recency is one half. */
const INFLECTION_DAYS: { readonly [type in MemoryType]: number } = {
  semantic: 180,
  procedural: 90,
  episodic: 14
}

/** Kronvex's confidence for a raw cosine: 0.6·similarity + 0.2·recency + 0.2·frequency. A new episodic memory reaches .734 at most. */
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

/** How to order what was recalled; higher is better. */
export type Policy = (found: Recollection, now: number) => number

/** What was recalled, in another order: `rankBy(POLICIES.cosine, await memory.recall(query), Date.now())`. */
export const POLICIES = {
  relevance: ({ score }) => score,
  cosine: ({ similarity }) => similarity ?? 0,
  kronvexConfidence: ({ memory, similarity }, now) => kronvexConfidence(similarity ?? 0, memory, now)
} as const satisfies { readonly [name: string]: Policy }

/** Orders what was recalled by another policy than relevance. */
export const rankBy = (
  policy: Policy,
  found: ReadonlyArray<Recollection>,
  now: number
): ReadonlyArray<Recollection> => found.toSorted((a, b) => policy(b, now) - policy(a, now))
