import type { Condition, Fingerprint, KeyedLocks, MemoryError, Scope } from "@keepsake/core/driver"
import type * as Effect from "effect/Effect"
import type { Layouts } from "../codec/condition.ts"
import type { Conditions } from "../codec/filter.ts"
import type { PointsApi } from "../connection/PointsApi.ts"

/**
 * Notes which points of the staged collection belong to the rows to be removed, and returns the effect that
 * removes them afterwards. Both do nothing while no collection is staged.
 */
export type RemoveStaged = (
  conditions: Conditions
) => Effect.Effect<Effect.Effect<void, MemoryError>, MemoryError>

/** The collections as requests see them. */
export interface Serving {
  /** Memories, with their counts of accesses where `accessCount` is asked for. */
  readonly points: PointsApi
  /** Memories as they are stored: for a write, which keeps what stands in their points. */
  readonly stored: PointsApi
  /** How often memories were recalled. */
  readonly access: PointsApi
  /** Entries of sessions, and counters of turns that were removed. */
  readonly sessions: PointsApi
  readonly fingerprint: Fingerprint
  /** Whether memories have vectors. */
  readonly embedded: boolean
  /** The layouts of the points at this moment. */
  readonly layouts: () => Layouts
  readonly removeStaged: RemoveStaged
  /** Writes under limits: of one scope one after the other. */
  readonly limitLocks: KeyedLocks
  /** The filter of a condition; `null` if it matches nothing. Fails with `Unsupported` if old points cannot tell. */
  readonly translate: (condition: Condition) => Effect.Effect<Conditions | null, MemoryError>
  /** Fails with `Unsupported` if the collection has no index over `supersededBy`. */
  readonly checkPredecessors: Effect.Effect<void, MemoryError>
}

/** The collections as requests of one scope see them: its shards alone. */
export const withinScope = (serving: Serving, scope: Scope): Serving => ({
  ...serving,
  points: serving.points.within(scope),
  stored: serving.stored.within(scope),
  access: serving.access.within(scope),
  sessions: serving.sessions.within(scope)
})
