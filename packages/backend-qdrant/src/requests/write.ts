import {
  closeAt,
  isExpired,
  isVisible,
  type Memory,
  type MemoryChange,
  type MemoryError,
  type MemoryStore,
  type PutOutcome,
  type Removal,
  type RemoveTarget,
  restate,
  sameScope,
  type Scope,
  type StoreRow
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
import {
  all,
  between,
  type Conditions,
  filterOf,
  hasId,
  inScope,
  matchesNothing,
  must,
  NONE,
  notExpired,
  ofFilter
} from "../codec/filter.ts"
import { ERASURE } from "../erasure.ts"
import {
  decode,
  importancePayload,
  memoryOf,
  metadataPayload,
  pointOf,
  validityPayload
} from "../codec/memoryRow.ts"
import type { PointsApi } from "../connection/PointsApi.ts"

type Store = MemoryStore["Service"]
type Writes = Pick<Store, "put" | "supersede" | "patch" | "remove">
type Operation = Schemas["UpdateOperation"]

/**
 * Notes which points of a space being filled belong to rows about to go, and gives what removes them
 * afterwards; both do nothing while no space is being filled.
 */
export type RemoveStaged = (
  conditions: Conditions
) => Effect.Effect<Effect.Effect<void, MemoryError>, MemoryError>

/** Sets keys of rows of one scope. The scope is part of the condition, whatever the ids. */
const setPayload = (
  scope: Scope,
  ids: ReadonlyArray<string>,
  payload: Record<string, unknown>,
  more: Conditions = NONE
): Operation => ({
  set_payload: { payload, filter: filterOf(all(inScope(scope), must(hasId(ids)), more)) }
})

/** Sets the same keys to the same values in one operation for all ids that share them. */
export const setGrouped = (
  scope: Scope,
  changes: ReadonlyArray<readonly [id: string, payload: Record<string, unknown>]>
): ReadonlyArray<Operation> =>
  Array.from(Map.groupBy(changes, ([, payload]) => JSON.stringify(payload)).values(), (group) =>
    setPayload(
      scope,
      group.map(([id]) => id),
      group[0]?.[1] ?? {}
    )
  )

interface Planned {
  readonly outcome: PutOutcome
  /** As it will be kept. */
  readonly memory: Memory
  /** Undefined where only keys of a known row change. */
  readonly insert?: StoreRow
  /** An expired row of other content under the same id, to be replaced. */
  readonly replace?: StoreRow
  readonly set?: Record<string, unknown>
}

/** What one row does to what is known of its id, by core's rules. */
const plan = (scope: Scope, row: StoreRow, known: Memory | undefined, now: number): Planned => {
  if (known === undefined) return { outcome: "created", memory: row.memory, insert: row }
  // Ids hold their scope, so this is a forged one: it is not said whose it is.
  if (!sameScope(known.scope, scope)) return { outcome: "conflict", memory: known }
  const restated = restate(known, row.memory, now)
  if (restated.outcome === "conflict") return { outcome: "conflict", memory: known }
  const { memory, outcome } = restated
  if (outcome === "created") return { outcome, memory, replace: row }
  const { expiresAt, supersededBy, updatedAt, validity } = memory
  const set = { updatedAt, expiresAt }
  return outcome === "refreshed"
    ? { outcome, memory, set }
    : { outcome, memory, set: { ...set, supersededBy, ...validityPayload(validity) } }
}

/**
 * Inserts leave a point alone that another writer put there meanwhile, and a replacement takes the place of
 * an expired row only: sent twice, or against a faster writer, each does what it did once.
 */
const operationsOf = (
  scope: Scope,
  planned: ReadonlyArray<Planned>,
  now: number
): ReadonlyArray<Operation> => {
  const inserts = planned.flatMap(({ insert }) => (insert === undefined ? [] : [pointOf(insert)]))
  const replacements = planned.flatMap(({ replace }) => (replace === undefined ? [] : [pointOf(replace)]))
  const expired = all(inScope(scope), must(between("expiresAt", { lte: now })))
  return [
    ...(inserts.length === 0 ? [] : [{ upsert: { points: inserts, update_mode: "insert_only" } } as const]),
    ...(replacements.length === 0
      ? []
      : [{ upsert: { points: replacements, update_filter: filterOf(expired) } }]),
    ...setGrouped(
      scope,
      planned.flatMap(({ memory, set }) => (set === undefined ? [] : [[memory.id, set] as const]))
    )
  ]
}

/** The payload keys of a change. */
const changePayload = (change: MemoryChange, now: number): Record<string, unknown> => ({
  ...(change.expiresAt === undefined ? {} : { expiresAt: change.expiresAt }),
  ...(change.pinned === undefined ? {} : { pinned: change.pinned }),
  ...(change.importance === undefined ? {} : importancePayload(change.importance)),
  ...(change.metadata === undefined ? {} : metadataPayload(change.metadata)),
  updatedAt: now
})

/** What a removal is about; `null` where that can be nothing. */
const doomed = (scope: Scope, target: RemoveTarget): Conditions | null => {
  if (target._tag === "All") return inScope(scope)
  if (target._tag === "Ids") {
    return target.ids.length === 0 ? null : all(inScope(scope), must(hasId(target.ids)))
  }
  return matchesNothing(target.filter) ? null : all(inScope(scope), ofFilter(target.filter))
}

/** Counts, then deletes what the filter matches: a delete does not say how many. */
export const removeWhere = Effect.fnUntraced(function* (
  points: PointsApi,
  removeStaged: RemoveStaged,
  conditions: Conditions
): Effect.fn.Return<Removal, MemoryError> {
  const [removed, fromStage] = yield* Effect.all([points.count(conditions), removeStaged(conditions)], {
    concurrency: "unbounded"
  })
  yield* points.update("delete", [{ delete: { filter: filterOf(conditions) } }], "bulk")
  yield* fromStage
  return { removed, ...ERASURE }
})

export const makeWrites = (points: PointsApi, removeStaged: RemoveStaged): Writes => {
  /** Rows by id, whatever their scope or lifetime: what a write must know. */
  const known = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
    const found = yield* points.scroll({
      filter: filterOf(must(hasId(ids))),
      limit: ids.length,
      with_payload: true
    })
    return yield* decode(() => new Map(found.points.map((point) => [String(point.id), memoryOf(point)])))
  })

  return {
    put: Effect.fnUntraced(function* ({ now, rows, scope }) {
      if (rows.length === 0) return []
      const there = yield* known(rows.map(({ memory }) => memory.id))
      const planned = rows.map((row) => plan(scope, row, there.get(row.memory.id), now))
      const operations = operationsOf(scope, planned, now)
      if (operations.length > 0) yield* points.update("put", operations)
      return planned.map(({ outcome }, i) => ({ id: rows[i]?.memory.id ?? "", outcome }))
    }),

    supersede: Effect.fnUntraced(function* ({ id, now, row, scope }) {
      const there = yield* known([row.memory.id, id])
      const planned = plan(scope, row, there.get(row.memory.id), now)
      const old = there.get(id)
      const closes =
        planned.outcome !== "conflict" &&
        old !== undefined &&
        sameScope(old.scope, scope) &&
        isVisible(old, now)
      const operations = [...operationsOf(scope, [planned], now)]
      if (closes) {
        const at = planned.memory.validity.at(-1)?.from ?? now
        const { supersededBy, validity } = closeAt(old, at, row.memory.id)
        // After the new row, in the same call: what breaks off between the two leaves both standing.
        operations.push(
          setPayload(scope, [id], { ...validityPayload(validity), supersededBy, updatedAt: now })
        )
      }
      if (operations.length > 0) yield* points.update("supersede", operations)
      return { outcome: planned.outcome, closed: closes }
    }),

    patch: Effect.fnUntraced(function* ({ change, id, now, scope }) {
      const old = (yield* known([id])).get(id)
      if (old === undefined || !sameScope(old.scope, scope) || isExpired(old, now)) return null
      yield* points.update("patch", [setPayload(scope, [id], changePayload(change, now), notExpired(now))])
      const { expiresAt = old.expiresAt, importance = old.importance } = change
      const { metadata = old.metadata, pinned = old.pinned } = change
      return { ...old, expiresAt, importance, metadata, pinned, updatedAt: now }
    }),

    remove: ({ scope, target }) => {
      const conditions = doomed(scope, target)
      return conditions === null
        ? Effect.succeed({ removed: 0, ...ERASURE })
        : removeWhere(points, removeStaged, conditions)
    }
  }
}
