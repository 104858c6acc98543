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
type Payload = Readonly<Record<string, unknown>>

/** Points that are compared at once. */
const PAGE = 1_000

/** A commit: from the serving collection to the staged one. */
export interface Switch {
  readonly from: PointsApi
  readonly to: PointsApi
  /** Marks the serving rows that the stage holds, and the points of the stage. */
  readonly generation: string
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
  generation: string
): ReadonlyArray<Operation> => {
  const memoryId = String(id)
  const { base, passages } = recut(memoryId, payload ?? {}, cut)
  const scope = scopeOf({ id, payload })
  return [
    ...passages.map((passage, i) =>
      overwritePayload(passageId(scope, memoryId, i + 1), { ...passage, staged: generation })
    ),
    overwritePayload(memoryId, { ...base, staged: generation })
  ]
}

/** The payloads of points, by id. */
const readPayloads = Effect.fnUntraced(function* (
  points: PointsApi,
  ids: ReadonlyArray<string>,
  keys: NonNullable<Schemas["ScrollRequest"]["with_payload"]>
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

/** Keys that tell whether a row was changed or replaced; the others follow from them, or never change. */
const CHANGING_KEYS = [
  "createdAt",
  "updatedAt",
  "expiresAt",
  "importance",
  "pinned",
  "metadata",
  "bytes",
  "validity",
  "supersededBy"
]

const isSame = (a: ReadPoint["payload"], b: ReadPoint["payload"]): boolean =>
  CHANGING_KEYS.every((key) => JSON.stringify(a?.[key]) === JSON.stringify(b?.[key]))

/** Points of these ids with their payloads and terms. */
const readWholePoints = Effect.fnUntraced(function* (
  points: PointsApi,
  found: ReadonlyArray<ReadPoint>
): Effect.fn.Return<ReadonlyArray<ReadPoint>, MemoryError> {
  if (found.length === 0) return []
  const { points: whole } = yield* points.scroll({
    filter: toFilter(must(hasId(toIds(found)))),
    limit: found.length,
    with_payload: WITHOUT_TEXT,
    with_vector: [TERMS]
  })
  return whole
})

/** Copies the payloads of rows that were changed since they were filled. */
export const copyChanges = ({ from, generation, to }: Switch): Effect.Effect<void, MemoryError> =>
  scrollPages(
    from,
    IS_MEMORY,
    { with_payload: CHANGING_KEYS },
    PAGE,
    Effect.fnUntraced(function* (page) {
      const copies = yield* readPayloads(to, toIds(page), [...CHANGING_KEYS, ...CUT_KEYS])
      const changed = page.filter(({ id, payload }) => {
        const copy = copies.get(String(id))
        return copy !== undefined && !isSame(copy, payload)
      })
      for (const step of steps(yield* readWholePoints(from, changed))) {
        const rows = yield* readTexts(from, step)
        yield* updateRows(to, "copy changes", rows, (row) =>
          copyRow(row, copies.get(String(row.id)) ?? {}, generation)
        )
      }
    })
  )

/** A point as it was written in the last moment, by words alone: restating a row leaves its vectors alone. */
const copyPoint = ({ id, payload, vector }: ReadPoint): Schemas["PointStruct"] => {
  const { [TERMS]: terms } = (vector ?? {}) as { readonly [TERMS]?: Schemas["SparseVector"] }
  return { id, vector: terms === undefined ? {} : { [TERMS]: terms }, payload: payload ?? {} }
}

/** Whether a point was written or changed in the old collection after `copyChanges`. */
const isLateWrite = (old: ReadPoint["payload"], copy: Payload | undefined, { generation }: Switch): boolean =>
  // Marked but missing: deleted in the new collection. Unmarked: written after the copy.
  old?.["staged"] !== generation ||
  (copy !== undefined &&
    Number(old["passage"] ?? 0) === 0 &&
    Number(old["updatedAt"]) > Number(copy["updatedAt"] ?? LOWEST))

/** How to copy a point that was written or changed after `copyChanges`; nothing if the copy is current. */
const copyLateWrite = (
  old: ReadPoint,
  copy: Payload | undefined,
  change: Switch
): ReadonlyArray<Operation> => {
  const { generation } = change
  if (!isLateWrite(old.payload, copy, change)) return []
  if (copy === undefined || readPassage(old) > 0) {
    return [{ upsert: { points: [copyPoint(old)], update_mode: "insert_only" } }]
  }
  if (old.payload?.["staged"] === generation) return copyRow(old, copy, generation)
  const copied = must(is("staged", generation))
  return [
    { delete: { filter: toFilter(all(copied, furtherPassages([String(old.id)]))) } },
    { upsert: { points: [copyPoint(old)], update_filter: toFilter(copied) } }
  ]
}

/** Staged points: copied, or still without payload. Points written in the new collection are neither. */
const stagedPoints = ({ generation }: Switch): Conditions =>
  must({
    should: [is("staged", generation), toFilter(mustNot(between("createdAt", { gte: LOWEST })))]
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
 * Copies what was written to the old collection during `copyChanges`, and deletes what was deleted there.
 * Runs after the aliases are switched, when no one writes to the old collection.
 */
export const copyLateWrites = Effect.fnUntraced(function* (change: Switch) {
  const { from, to } = change
  yield* scrollPages(
    from,
    ANY_POINT,
    { with_payload: ["staged", "passage", "updatedAt"] },
    PAGE,
    Effect.fnUntraced(function* (page) {
      const copies = yield* readPayloads(to, toIds(page), ["updatedAt", ...CUT_KEYS])
      // What to do is known of few keys, and done with the whole.
      const copy = (old: ReadPoint) => copyLateWrite(old, copies.get(String(old.id)), change)
      const isLate = ({ id, payload }: ReadPoint) => isLateWrite(payload, copies.get(String(id)), change)
      const late = yield* readTexts(from, yield* readWholePoints(from, page.filter(isLate)))
      yield* updateRows(to, "copy late writes", late, copy)
    })
  )
  yield* deleteForgotten(change)
})

/** Deletes every point; the collection stays. */
export const deleteAll = (points: PointsApi): Effect.Effect<void, MemoryError> =>
  points.update("delete all", [{ delete: { filter: toFilter(ANY_POINT) } }], "bulk")
