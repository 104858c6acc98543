import type { MemoryError, MemoryStore, Removal, RemoveTarget, Scope } from "@keepsake/core/driver"
import { Effect } from "effect"
import { all, type Conditions, hasId, inScope, must, mustNot, toFilter } from "../codec/filter.ts"
import { ERASURE } from "../erasure.ts"
import type { Serving } from "./Serving.ts"
import { countTurns, readTurn, TURN_KEYS, WITH_TURN } from "./turns.ts"

/**
 * Notes which points of the staged collection belong to the rows to be removed, and returns the effect that
 * removes them afterwards. Both do nothing while no collection is staged.
 */
export type RemoveStaged = (
  conditions: Conditions
) => Effect.Effect<Effect.Effect<void, MemoryError>, MemoryError>

const PAGE = 1_000

/** Counts before it deletes: the server does not return how many points a deletion removed. */
const removing = <A>(
  { points }: Serving,
  removeStaged: RemoveStaged,
  conditions: Conditions,
  deletion: Effect.Effect<A, MemoryError>
): Effect.Effect<Removal, MemoryError> =>
  Effect.gen(function* () {
    const [removed, removeFromStaged] = yield* Effect.all(
      [points.count(conditions), removeStaged(conditions)],
      { concurrency: "unbounded" }
    )
    yield* deletion
    yield* removeFromStaged
    return { removed, ...ERASURE }
  })

/** Deletes rows page by page, each after its turns are counted. */
const removeTurns = Effect.fnUntraced(function* (
  { points, sessions }: Serving,
  conditions: Conditions
): Effect.fn.Return<void, MemoryError> {
  const withTurn = all(conditions, must(WITH_TURN))
  let full = true
  while (full) {
    const { points: page } = yield* points.scroll({
      filter: toFilter(withTurn),
      limit: PAGE,
      with_payload: TURN_KEYS
    })
    if (page.length === 0) return
    yield* countTurns(sessions, page.map(readTurn))
    const doomed = all(withTurn, must(hasId(page.map(({ id }) => String(id)))))
    yield* points.update("delete", [{ delete: { filter: toFilter(doomed) } }], "bulk")
    full = page.length === PAGE
  }
})

/** Removes rows and counts their turns. */
export const removeWhere = (
  serving: Serving,
  removeStaged: RemoveStaged,
  conditions: Conditions
): Effect.Effect<Removal, MemoryError> => {
  // A row with a turn that is written meanwhile stays: its turn is not counted.
  const withoutTurn = all(conditions, mustNot(WITH_TURN))
  const deletion = Effect.andThen(
    removeTurns(serving, conditions),
    serving.points.update("delete", [{ delete: { filter: toFilter(withoutTurn) } }], "bulk")
  )
  return removing(serving, removeStaged, conditions, deletion)
}

/** Removes rows, then the entries and counters of the same scope or user. */
export const removeAll = (
  serving: Serving,
  removeStaged: RemoveStaged,
  conditions: Conditions
): Effect.Effect<Removal, MemoryError> => {
  const operations = [{ delete: { filter: toFilter(conditions) } }]
  const deletion = Effect.andThen(
    serving.points.update("delete", operations, "bulk"),
    serving.sessions.update("delete entries", operations, "bulk")
  )
  return removing(serving, removeStaged, conditions, deletion)
}

const NOTHING: Removal = { removed: 0, ...ERASURE }

const removeTarget = Effect.fnUntraced(function* (
  serving: Serving,
  removeStaged: RemoveStaged,
  scope: Scope,
  target: RemoveTarget
): Effect.fn.Return<Removal, MemoryError> {
  if (target._tag === "All") return yield* removeAll(serving, removeStaged, inScope(scope))
  if (target._tag === "Ids") {
    if (target.ids.length === 0) return NOTHING
    return yield* removeWhere(serving, removeStaged, all(inScope(scope), must(hasId(target.ids))))
  }
  const conditions = yield* serving.translate(target.filter)
  if (conditions === null) return NOTHING
  return yield* removeWhere(serving, removeStaged, all(inScope(scope), conditions))
})

export const remove = (
  serving: Serving,
  removeStaged: RemoveStaged,
  { scope, target }: Parameters<MemoryStore["Service"]["remove"]>[0]
): Effect.Effect<Removal, MemoryError> => removeTarget(serving, removeStaged, scope, target)
