import type { MemoryError, MemoryStore, Removal, RemoveTarget, Scope } from "@keepsake/core/driver"
import { Effect } from "effect"
import {
  all,
  type Conditions,
  hasId,
  inScope,
  matchesNothing,
  matching,
  must,
  toFilter
} from "../codec/filter.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { ERASURE } from "../erasure.ts"

/**
 * Notes which points of the staged collection belong to the rows to be removed, and returns the effect that
 * removes them afterwards. Both do nothing while no collection is staged.
 */
export type RemoveStaged = (
  conditions: Conditions
) => Effect.Effect<Effect.Effect<void, MemoryError>, MemoryError>

/** `null` if the target matches no row. */
const targetConditions = (scope: Scope, target: RemoveTarget): Conditions | null => {
  if (target._tag === "All") return inScope(scope)
  if (target._tag === "Ids") {
    return target.ids.length === 0 ? null : all(inScope(scope), must(hasId(target.ids)))
  }
  return matchesNothing(target.filter) ? null : all(inScope(scope), matching(target.filter))
}

/** Counts before it deletes: the server does not return how many points a deletion removed. */
export const removeWhere = Effect.fnUntraced(function* (
  points: PointsApi,
  removeStaged: RemoveStaged,
  conditions: Conditions
): Effect.fn.Return<Removal, MemoryError> {
  const [removed, removeFromStaged] = yield* Effect.all(
    [points.count(conditions), removeStaged(conditions)],
    { concurrency: "unbounded" }
  )
  yield* points.update("delete", [{ delete: { filter: toFilter(conditions) } }], "bulk")
  yield* removeFromStaged
  return { removed, ...ERASURE }
})

export const remove = (
  points: PointsApi,
  removeStaged: RemoveStaged,
  { scope, target }: Parameters<MemoryStore["Service"]["remove"]>[0]
): Effect.Effect<Removal, MemoryError> => {
  const conditions = targetConditions(scope, target)
  return conditions === null
    ? Effect.succeed({ removed: 0, ...ERASURE })
    : removeWhere(points, removeStaged, conditions)
}
