import type { Condition, MemoryError } from "@keepsake/core/driver"
import type { Effect } from "effect"
import type { Conditions } from "../codec/filter.ts"
import type { PointsApi } from "../connection/PointsApi.ts"

/** The collections as requests see them. */
export interface Serving {
  /** Memories. */
  readonly points: PointsApi
  /** Entries of sessions, and counters of turns that were removed. */
  readonly sessions: PointsApi
  /** Whether memories have vectors. */
  readonly embedded: boolean
  /** The filter of a condition; `null` if it matches nothing. Fails with `Unsupported` if old points cannot tell. */
  readonly translate: (condition: Condition) => Effect.Effect<Conditions | null, MemoryError>
  /** Fails with `Unsupported` if the collection has no index over `supersededBy`. */
  readonly checkPredecessors: Effect.Effect<void, MemoryError>
}
