/** Long texts and long metadata: read after the rows that have them, as much at a time as a page holds. */
import { type MemoryError, STORE_LIMITS } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { hasId, must, toFilter } from "../codec/filter.ts"
import { isCut, isWhole, type ReadPoint, readMemoryId, readPassage } from "../codec/memoryRow.ts"
import { furtherPassages } from "../codec/passages.ts"
import { type PointsApi, scrollPages } from "../connection/PointsApi.ts"

const readLength = ({ payload }: ReadPoint): number =>
  typeof payload?.["content"] === "string" && payload["characters"] === undefined
    ? payload["content"].length
    : Number(payload?.["characters"] ?? 0)

/** How many of the first points a page holds before their texts are too long. */
export const countByLength = (points: ReadonlyArray<ReadPoint>): number => {
  let characters = 0
  const last = points.findIndex((point) => (characters += readLength(point)) >= STORE_LIMITS.pageCharacters)
  return last < 0 ? points.length : last + 1
}

/** Points in steps that one request reads. */
export const steps = function* (points: ReadonlyArray<ReadPoint>): Generator<ReadonlyArray<ReadPoint>> {
  for (let i = 0; i < points.length;) {
    const step = points.slice(i, i + countByLength(points.slice(i)))
    i += step.length
    yield step
  }
}

/** Adds keys of the payload to points that lack them. Points that were removed meanwhile are left out. */
const addKeys = Effect.fnUntraced(function* (
  points: PointsApi,
  found: ReadonlyArray<ReadPoint>,
  lacks: (point: ReadPoint) => boolean,
  keys: Array<string>
): Effect.fn.Return<ReadonlyArray<ReadPoint>, MemoryError> {
  const lacking = found.filter(lacks)
  if (lacking.length === 0) return found
  const added = new Map<unknown, ReadPoint["payload"]>()
  for (const step of steps(lacking)) {
    const { points: matches } = yield* points.scroll({
      filter: toFilter(must(hasId(step.map(({ id }) => String(id))))),
      limit: step.length,
      with_payload: keys
    })
    for (const { id, payload } of matches) added.set(id, payload)
  }
  return found.flatMap((point) => {
    if (!lacks(point)) return [point]
    const payload = added.get(point.id)
    return payload === undefined ? [] : [{ ...point, payload: { ...point.payload, ...payload } }]
  })
})

/** Completes points of memories that were read by `EXCERPT_KEYS`, so that `decodeMemory` reads them. */
export const readWhole = (
  points: PointsApi,
  found: ReadonlyArray<ReadPoint>
): Effect.Effect<ReadonlyArray<ReadPoint>, MemoryError> =>
  addKeys(points, found, (point) => !isWhole(point), ["text", "longMetadata", "places"])

/** Adds long texts to points that were read without. */
export const readTexts = (
  points: PointsApi,
  found: ReadonlyArray<ReadPoint>
): Effect.Effect<ReadonlyArray<ReadPoint>, MemoryError> =>
  addKeys(points, found, ({ payload }) => payload?.["characters"] !== undefined, ["text"])

const cutContent = (point: ReadPoint): ReadPoint => {
  const { content, places, text } = point.payload ?? {}
  if (content !== undefined || typeof text !== "string") return point
  const [start = 0, end = text.length] = (places ?? []) as ReadonlyArray<number>
  return { ...point, payload: { ...point.payload, content: text.slice(start, end) } }
}

/** Completes points of which the passage is too long to come with every reading. */
export const readContents = (
  points: PointsApi,
  found: ReadonlyArray<ReadPoint>
): Effect.Effect<ReadonlyArray<ReadPoint>, MemoryError> =>
  addKeys(points, found, ({ payload }) => payload?.["content"] === undefined, ["text", "places"]).pipe(
    Effect.map((complete) => complete.map(cutContent))
  )

/** Further passages that one request reads with their vectors. */
const PASSAGES = 256

/** The points of further passages of these memories, with what `decodeRow` reads of them, by memory and in order. */
export const readPassages = Effect.fnUntraced(function* (
  points: PointsApi,
  memories: ReadonlyArray<ReadPoint>
): Effect.fn.Return<ReadonlyMap<string, ReadonlyArray<ReadPoint>>, MemoryError> {
  const ids = memories.filter(isCut).map(({ id }) => String(id))
  const passages: Array<ReadPoint> = []
  if (ids.length > 0) {
    yield* scrollPages(
      points,
      furtherPassages(ids),
      { with_payload: ["memory", "passage"], with_vector: true },
      PASSAGES,
      (page) => Effect.sync(() => passages.push(...page))
    )
  }
  const inOrder = passages.sort((a, b) => readPassage(a) - readPassage(b))
  return Map.groupBy(inOrder, readMemoryId)
})
