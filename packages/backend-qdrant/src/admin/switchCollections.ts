import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { Effect } from "effect"
import {
  all,
  between,
  type Conditions,
  EVERYTHING,
  filterOf,
  hasId,
  is,
  LOWEST,
  must,
  mustNot
} from "../codec/filter.ts"
import { TERMS } from "../codec/memoryRow.ts"
import type { PointsApi } from "../connection/PointsApi.ts"

type Point = Schemas["Record"]
type Operation = Schemas["UpdateOperation"]

const PAGE = 256

/** Runs `each` over a collection's points, page by page in the order of ids. */
const eachPage = (
  points: PointsApi,
  conditions: Conditions,
  wanted: Pick<Schemas["ScrollRequest"], "with_payload" | "with_vector">,
  each: (page: ReadonlyArray<Point>) => Effect.Effect<void, MemoryError>
): Effect.Effect<void, MemoryError> =>
  Effect.gen(function* () {
    let offset: Schemas["ScrollResult"]["next_page_offset"]
    do {
      const page: Schemas["ScrollResult"] = yield* points.scroll({
        filter: filterOf(conditions),
        limit: PAGE,
        ...wanted,
        ...(offset === undefined || offset === null ? {} : { offset })
      })
      if (page.points.length > 0) yield* each(page.points)
      offset = page.next_page_offset
    } while (offset !== undefined && offset !== null)
  })

/** By filter: named directly, a point that is not there would fail the whole call. */
const overwrite = ({ id, payload }: Point, pass: string): Operation => ({
  overwrite_payload: {
    payload: { ...payload, staged: pass },
    filter: filterOf(must(hasId([String(id)])))
  }
})

/** The points of these ids, by id. */
const thereOf = Effect.fnUntraced(function* (
  points: PointsApi,
  page: ReadonlyArray<Point>,
  keys: Array<string>
) {
  const found = yield* points.scroll({
    filter: filterOf(must(hasId(page.map(({ id }) => String(id))))),
    limit: page.length,
    with_payload: keys
  })
  return new Map(found.points.map((point) => [point.id, point.payload ?? {}]))
})

/** Gives every staged point the payload its row has now. `pass` marks what was copied. */
export const copyPayloads = (
  from: PointsApi,
  to: PointsApi,
  pass: string
): Effect.Effect<void, MemoryError> =>
  eachPage(from, EVERYTHING, { with_payload: true }, (page) =>
    to.update(
      "take over",
      page.map((point) => overwrite(point, pass))
    )
  )

/** Rows the old space got or changed after they were copied: `null` leaves the new one as it is. */
const catchUp = (
  old: Point,
  taken: Readonly<Record<string, unknown>> | undefined,
  mark: string,
  pass: string
): Operation | null => {
  const payload = old.payload ?? {}
  if (taken === undefined) {
    // Marked and not there: forgotten in the new space. Never marked: written at the last moment, and
    // found by its words until it is stated again.
    if (payload["staged"] === mark) return null
    const vectors = (old.vector ?? {}) as { readonly [TERMS]?: Schemas["SparseVector"] }
    const terms = vectors[TERMS]
    const vector = terms === undefined ? {} : { [TERMS]: terms }
    return { upsert: { points: [{ id: old.id, vector, payload }], update_mode: "insert_only" } }
  }
  const [before, now] = [Number(taken["updatedAt"] ?? LOWEST), Number(payload["updatedAt"])]
  return now > before ? overwrite(old, pass) : null
}

/**
 * After the switch nobody writes to the old space any more, so what was written there while rows were being
 * copied can be brought over, and what was forgotten there be dropped.
 */
export const copyLateWrites = Effect.fnUntraced(function* (
  from: PointsApi,
  to: PointsApi,
  mark: string,
  pass: string
) {
  yield* eachPage(
    from,
    EVERYTHING,
    { with_payload: true, with_vector: [TERMS] },
    Effect.fnUntraced(function* (page) {
      const there = yield* thereOf(to, page, ["updatedAt"])
      const late = page.flatMap((old) => catchUp(old, there.get(old.id), mark, pass) ?? [])
      if (late.length > 0) yield* to.update("catch up", late)
    })
  )
  // Points of the stage, copied or bare; what was written in the new space itself is neither.
  const staged: Conditions = must({
    should: [is("staged", pass), filterOf(mustNot(between("createdAt", { gte: LOWEST })))]
  })
  yield* eachPage(
    to,
    staged,
    { with_payload: false },
    Effect.fnUntraced(function* (page) {
      const there = yield* thereOf(from, page, ["scope"])
      const gone = page.filter(({ id }) => !there.has(id)).map(({ id }) => String(id))
      const doomed = filterOf(all(staged, must(hasId(gone))))
      if (gone.length > 0) yield* to.update("drop forgotten", [{ delete: { filter: doomed } }])
    })
  )
})

/** Deletes every point; the collection stays. */
export const empty = (points: PointsApi): Effect.Effect<void, MemoryError> =>
  points.update("empty", [{ delete: { filter: filterOf(EVERYTHING) } }], "bulk")
