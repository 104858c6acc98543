import type { MemoryError, Scope } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import {
  all,
  ANY_POINT,
  between,
  type Conditions,
  hasId,
  is,
  LOWEST,
  must,
  mustNot,
  toFilter
} from "../codec/filter.ts"
import { type ReadPoint, readMemoryId, readPassage } from "../codec/memoryRow.ts"
import { furtherPassages, IS_MEMORY, passageId, recut } from "../codec/passages.ts"
import { splitBySize } from "../codec/splitBySize.ts"
import { TERMS } from "../codec/vectors.ts"
import { eachShard, type PointsApi, scrollPages } from "../connection/PointsApi.ts"
import { readTexts, steps } from "../requests/wholeRows.ts"
import { parseScopeId } from "../scopeId.ts"

type Operation = Schemas["UpdateOperation"]

const PAGE = 256

/** A commit: from the serving collection to the staged one. */
export interface Switch {
  readonly from: PointsApi
  readonly to: PointsApi
  /** Marks the serving rows that the stage holds. */
  readonly generation: string
  /** Marks the points that this commit copied. */
  readonly copyGeneration: string
}

/** Selects by filter: a request that selects by id fails if the point does not exist. */
const overwritePayload = (id: string, payload: Record<string, unknown>): Operation => ({
  overwrite_payload: { payload, filter: toFilter(must(hasId([id]))) }
})

const scopeOf = ({ payload }: ReadPoint): Scope => parseScopeId(String(payload?.["scope"]))

/** Copies a row's payload to its staged points, which say how its text is cut. */
const copyRow = (
  { id, payload }: ReadPoint,
  cut: Readonly<Record<string, unknown>>,
  copyGeneration: string
): ReadonlyArray<Operation> => {
  const memoryId = String(id)
  const { base, passages } = recut(memoryId, payload ?? {}, cut)
  const scope = scopeOf({ id, payload })
  return [
    ...passages.map((passage, i) =>
      overwritePayload(passageId(scope, memoryId, i + 1), { ...passage, staged: copyGeneration })
    ),
    overwritePayload(memoryId, { ...base, staged: copyGeneration })
  ]
}

/** The payloads of points, by id. */
const readPayloads = Effect.fnUntraced(function* (
  points: PointsApi,
  ids: ReadonlyArray<string>,
  keys: Array<string>
) {
  const { points: matches } = yield* points.scroll({
    filter: toFilter(must(hasId(ids))),
    limit: Math.max(1, ids.length),
    with_payload: keys
  })
  return new Map(matches.map(({ id, payload }) => [String(id), payload ?? {}]))
})

const toIds = (page: ReadonlyArray<ReadPoint>): ReadonlyArray<string> => page.map(({ id }) => String(id))

/** Writes what becomes of rows, in their shards. */
const updateRows = (
  to: PointsApi,
  operation: string,
  rows: ReadonlyArray<ReadPoint>,
  toOperations: (row: ReadPoint) => ReadonlyArray<Operation>
) =>
  eachShard(to, rows, scopeOf, (shard, group) =>
    Effect.forEach(splitBySize(group.flatMap(toOperations)), (part) => shard.update(operation, part), {
      discard: true
    })
  )

const WITHOUT_TEXT = { exclude: ["text"] }
/** Keys of a staged point that say how a text is cut. */
const CUT_KEYS = ["places", "start", "end", "owed", "gaps"]

/** Copies the current payload of each row to its staged points. */
export const copyPayloads = ({ copyGeneration, from, to }: Switch): Effect.Effect<void, MemoryError> =>
  scrollPages(
    from,
    IS_MEMORY,
    { with_payload: WITHOUT_TEXT },
    PAGE,
    Effect.fnUntraced(function* (page) {
      const cuts = yield* readPayloads(to, toIds(page), CUT_KEYS)
      for (const step of steps(page)) {
        const rows = yield* readTexts(from, step)
        yield* updateRows(to, "copy payloads", rows, (row) => {
          const cut = cuts.get(String(row.id))
          return cut === undefined ? [] : copyRow(row, cut, copyGeneration)
        })
      }
    })
  )

/** A point as it was written in the last moment, by words alone: restating a row leaves its vectors alone. */
const copyPoint = ({ id, payload, vector }: ReadPoint): Schemas["PointStruct"] => {
  const { [TERMS]: terms } = (vector ?? {}) as { readonly [TERMS]?: Schemas["SparseVector"] }
  return { id, vector: terms === undefined ? {} : { [TERMS]: terms }, payload: payload ?? {} }
}

/** How to copy a point that was written or changed after `copyPayloads`; nothing if the copy is current. */
const copyLateWrite = (
  old: ReadPoint,
  copy: Readonly<Record<string, unknown>> | undefined,
  { copyGeneration, generation }: Switch
): ReadonlyArray<Operation> => {
  const isStaged = old.payload?.["staged"] === generation
  const isFurther = readPassage(old) > 0
  if (copy === undefined || isFurther) {
    // Marked but missing: deleted in the new collection. Unmarked: written after the copy.
    return isStaged ? [] : [{ upsert: { points: [copyPoint(old)], update_mode: "insert_only" } }]
  }
  if (!isStaged) {
    const copied = must(is("staged", copyGeneration))
    return [
      { delete: { filter: toFilter(all(copied, furtherPassages([String(old.id)]))) } },
      { upsert: { points: [copyPoint(old)], update_filter: toFilter(copied) } }
    ]
  }
  const copiedAt = Number(copy["updatedAt"] ?? LOWEST)
  return Number(old.payload?.["updatedAt"]) > copiedAt ? copyRow(old, copy, copyGeneration) : []
}

/** Staged points: copied, or still without payload. Points written in the new collection are neither. */
const stagedPoints = ({ copyGeneration }: Switch): Conditions =>
  must({
    should: [is("staged", copyGeneration), toFilter(mustNot(between("createdAt", { gte: LOWEST })))]
  })

/** Deletes the staged points whose rows were deleted in the old collection. */
const deleteForgotten = (change: Switch): Effect.Effect<void, MemoryError> => {
  const { from, to } = change
  const staged = stagedPoints(change)
  return scrollPages(
    to,
    staged,
    { with_payload: ["memory"] },
    PAGE,
    Effect.fnUntraced(function* (page) {
      const rows = yield* readPayloads(from, Array.from(new Set(page.map(readMemoryId))), ["scope"])
      const forgotten = toIds(page.filter((point) => !rows.has(readMemoryId(point))))
      if (forgotten.length === 0) return
      const filter = toFilter(all(staged, must(hasId(forgotten))))
      yield* to.update("delete forgotten", [{ delete: { filter } }])
    })
  )
}

/**
 * Copies what was written to the old collection during `copyPayloads`, and deletes what was deleted there.
 * Runs after the aliases are switched, when no one writes to the old collection.
 */
export const copyLateWrites = Effect.fnUntraced(function* (change: Switch) {
  const { from, to } = change
  yield* scrollPages(
    from,
    ANY_POINT,
    { with_payload: WITHOUT_TEXT, with_vector: [TERMS] },
    PAGE,
    Effect.fnUntraced(function* (page) {
      const copies = yield* readPayloads(to, toIds(page), ["updatedAt", ...CUT_KEYS])
      const copy = (old: ReadPoint) => copyLateWrite(old, copies.get(String(old.id)), change)
      const late = yield* readTexts(
        from,
        page.filter((old) => copy(old).length > 0)
      )
      yield* updateRows(to, "copy late writes", late, copy)
    })
  )
  yield* deleteForgotten(change)
})

/** Deletes every point; the collection stays. */
export const deleteAll = (points: PointsApi): Effect.Effect<void, MemoryError> =>
  points.update("delete all", [{ delete: { filter: toFilter(ANY_POINT) } }], "bulk")
