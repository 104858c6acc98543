import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
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
import { TERMS } from "../codec/vectors.ts"
import { type PointsApi, scrollPages } from "../connection/PointsApi.ts"

type Point = Schemas["Record"]
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
const overwritePayload = ({ id, payload }: Point, copyGeneration: string): Operation => ({
  overwrite_payload: {
    payload: { ...payload, staged: copyGeneration },
    filter: toFilter(must(hasId([String(id)])))
  }
})

/** The payloads of a collection's points with the ids of `page`, by id. */
const readPayloads = Effect.fnUntraced(function* (
  points: PointsApi,
  page: ReadonlyArray<Point>,
  keys: Array<string>
) {
  const { points: matches } = yield* points.scroll({
    filter: toFilter(must(hasId(page.map(({ id }) => String(id))))),
    limit: page.length,
    with_payload: keys
  })
  return new Map(matches.map(({ id, payload }) => [id, payload ?? {}]))
})

/** Copies the current payload of each row to its staged point. */
export const copyPayloads = ({ copyGeneration, from, to }: Switch): Effect.Effect<void, MemoryError> =>
  scrollPages(from, ANY_POINT, { with_payload: true }, PAGE, (page) =>
    to.update(
      "copy payloads",
      page.map((point) => overwritePayload(point, copyGeneration))
    )
  )

/** How to copy a row that was written or changed after `copyPayloads`; `null` if the copy is current. */
const copyLateWrite = (
  old: Point,
  copy: Readonly<Record<string, unknown>> | undefined,
  { copyGeneration, generation }: Switch
): Operation | null => {
  const payload = old.payload ?? {}
  if (copy === undefined) {
    // Marked but missing: deleted in the new collection. Unmarked: written after the copy; it has no vector
    // until the next move, since restating a row leaves its vectors alone.
    if (payload["staged"] === generation) return null
    const vectors = (old.vector ?? {}) as { readonly [TERMS]?: Schemas["SparseVector"] }
    const terms = vectors[TERMS]
    const vector = terms === undefined ? {} : { [TERMS]: terms }
    return { upsert: { points: [{ id: old.id, vector, payload }], update_mode: "insert_only" } }
  }
  const copiedAt = Number(copy["updatedAt"] ?? LOWEST)
  return Number(payload["updatedAt"]) > copiedAt ? overwritePayload(old, copyGeneration) : null
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
    { with_payload: false },
    PAGE,
    Effect.fnUntraced(function* (page) {
      const rows = yield* readPayloads(from, page, ["scope"])
      const forgotten = page.filter(({ id }) => !rows.has(id)).map(({ id }) => String(id))
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
    { with_payload: true, with_vector: [TERMS] },
    PAGE,
    Effect.fnUntraced(function* (page) {
      const copies = yield* readPayloads(to, page, ["updatedAt"])
      const operations = page.flatMap((old) => copyLateWrite(old, copies.get(old.id), change) ?? [])
      if (operations.length > 0) yield* to.update("copy late writes", operations)
    })
  )
  yield* deleteForgotten(change)
})

/** Deletes every point; the collection stays. */
export const deleteAll = (points: PointsApi): Effect.Effect<void, MemoryError> =>
  points.update("delete all", [{ delete: { filter: toFilter(ANY_POINT) } }], "bulk")
