import type { MemoryError, MemoryStore, Removal, RemoveTarget, Scope } from "@keepsake/core/driver"
import { chunksOf } from "effect/Array"
import * as Effect from "effect/Effect"
import { ENTRIES } from "../codec/entries.ts"
import { all, type Conditions, inScope, must, mustNot, toFilter } from "../codec/filter.ts"
import { IS_MEMORY, ofMemories } from "../codec/passages.ts"
import { type PointsApi, scrollAll } from "../connection/PointsApi.ts"
import { toRemoval } from "../erasure.ts"
import { dropCounts } from "./accessCounts.ts"
import type { Serving } from "./Serving.ts"
import { countTurns, readTurn, TURN_KEYS, WITH_TURN } from "./turns.ts"

const PAGE = 1_000

/** Deletes rows page by page, each after its turns are counted. */
const removeTurns = Effect.fnUntraced(function* (
  { points, sessions }: Serving,
  conditions: Conditions
): Effect.fn.Return<void, MemoryError> {
  const withTurn = all(conditions, must(WITH_TURN))
  let full = true
  while (full) {
    const { points: page } = yield* points.scroll({
      filter: toFilter(all(withTurn, IS_MEMORY)),
      limit: PAGE,
      with_payload: TURN_KEYS
    })
    if (page.length === 0) return
    yield* countTurns(sessions, page.map(readTurn))
    const doomed = all(withTurn, must(ofMemories(page.map(({ id }) => String(id)))))
    yield* points.update("delete", [{ delete: { filter: toFilter(doomed) } }], "bulk")
    full = page.length === PAGE
  }
})

/**
 * Removes rows with their further passages, which match where their memory does, and counts their turns. Reads their ids
 * before it deletes: the server does not return what a deletion removed.
 */
export const removeWhere = Effect.fnUntraced(function* (
  serving: Serving,
  conditions: Conditions
): Effect.fn.Return<Removal, MemoryError> {
  const { access, points, removeStaged } = serving
  const [doomed, removeFromStaged] = yield* Effect.all(
    [scrollAll(points, all(conditions, IS_MEMORY), { with_payload: false }), removeStaged(conditions)],
    { concurrency: "unbounded" }
  )
  yield* removeTurns(serving, conditions)
  // A row with a turn that is written meanwhile stays: its turn is not counted.
  const withoutTurn = all(conditions, mustNot(WITH_TURN))
  yield* points.update("delete", [{ delete: { filter: toFilter(withoutTurn) } }], "bulk")
  const ids = doomed.map(({ id }) => String(id))
  for (const page of chunksOf(ids, PAGE)) yield* dropCounts(access, page)
  yield* removeFromStaged
  return toRemoval(doomed.length)
})

/** How many rows match. Where scopes have their own keys, copies of a row may stand under a shared one too. */
const countRows = Effect.fnUntraced(function* (
  points: PointsApi,
  conditions: Conditions
): Effect.fn.Return<number, MemoryError> {
  const rows = all(conditions, IS_MEMORY)
  if ((yield* points.ownKeys).size === 0) return yield* points.count(rows)
  return (yield* scrollAll(points, rows, { with_payload: false })).length
})

/** Removes rows, then the entries, counters and counts of accesses of the same scope or user. */
export const removeAll = Effect.fnUntraced(function* (
  { access, points, removeStaged, sessions }: Serving,
  conditions: Conditions
): Effect.fn.Return<Removal, MemoryError> {
  const [removed, entries, removeFromStaged] = yield* Effect.all(
    [countRows(points, conditions), sessions.count(all(conditions, ENTRIES)), removeStaged(conditions)],
    { concurrency: "unbounded" }
  )
  const operations = [{ delete: { filter: toFilter(conditions) } }]
  yield* points.update("delete", operations, "bulk")
  yield* sessions.update("delete entries", operations, "bulk")
  yield* access.update("delete counts", operations, "bulk")
  yield* removeFromStaged
  return toRemoval(removed, entries > 0)
})

const removeTarget = Effect.fnUntraced(function* (
  serving: Serving,
  scope: Scope,
  target: RemoveTarget
): Effect.fn.Return<Removal, MemoryError> {
  if (target._tag === "All") return yield* removeAll(serving, inScope(scope))
  if (target._tag === "Ids") {
    let removed = 0
    for (const ids of chunksOf(target.ids, PAGE)) {
      removed += (yield* removeWhere(serving, all(inScope(scope), must(ofMemories(ids))))).removed
    }
    return toRemoval(removed)
  }
  const conditions = yield* serving.translate(target.filter)
  if (conditions === null) return toRemoval(0)
  return yield* removeWhere(serving, all(inScope(scope), conditions))
})

export const remove = (
  serving: Serving,
  { scope, target }: Parameters<MemoryStore["Service"]["remove"]>[0]
): Effect.Effect<Removal, MemoryError> => removeTarget(serving, scope, target)
