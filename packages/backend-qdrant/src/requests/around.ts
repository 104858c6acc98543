import type { Anchor, AroundRequest, AroundRow, MemoryError } from "@keepsake/core/driver"
import { Effect } from "effect"
import {
  all,
  between,
  type Condition,
  type Conditions,
  inScope,
  is,
  must,
  mustNot,
  toFilter,
  visible
} from "../codec/filter.ts"
import { decode, decodeMemory } from "../codec/memoryRow.ts"
import { DENSE, toNumbers } from "../codec/vectors.ts"
import { type PointsApi, scrollAll } from "../connection/PointsApi.ts"
import type { Serving } from "./Serving.ts"

/** One condition per session and range of turns; ranges that touch are merged. */
const nearAnchors = (anchors: ReadonlyArray<Anchor>, radius: number): ReadonlyArray<Condition> => {
  const sessions = Map.groupBy(anchors, ({ sessionId }) => sessionId)
  return Array.from(sessions).flatMap(([sessionId, sessionAnchors]) => {
    const ranges: Array<{ gte: number; lte: number }> = []
    for (const turn of sessionAnchors.map((anchor) => anchor.turn).sort((a, b) => a - b)) {
      const last = ranges.at(-1)
      if (last !== undefined && turn - radius <= last.lte + 1) last.lte = turn + radius
      else ranges.push({ gte: turn - radius, lte: turn + radius })
    }
    return ranges.map((range) => toFilter(must(is("sessionId", sessionId), between("turn", range))))
  })
}

const PAGE = 1_000

/** Rows with their cosines. The second query of each batch returns the rows without a vector. */
const queryCosines = Effect.fnUntraced(function* (
  points: PointsApi,
  conditions: Conditions,
  vector: Float32Array
) {
  const rows: Array<AroundRow> = []
  let full = true
  for (let offset = 0; full; offset += PAGE) {
    const page = { limit: PAGE, offset, with_payload: true }
    const [scored = [], unscored = []] = yield* points.query([
      {
        query: toNumbers(vector),
        using: DENSE,
        params: { exact: true },
        filter: toFilter(conditions),
        ...page
      },
      { filter: toFilter(all(conditions, mustNot({ has_vector: DENSE }))), ...page }
    ])
    const pageRows = yield* decode(() => [
      ...scored.map((point) => ({ memory: decodeMemory(point), cosine: point.score })),
      ...unscored.map((point) => ({ memory: decodeMemory(point), cosine: null }))
    ])
    rows.push(...pageRows)
    full = scored.length === PAGE || unscored.length === PAGE
  }
  return rows
})

export const around = Effect.fnUntraced(function* (
  { embedded, points }: Serving,
  { anchors, asOf, now, radius, scope, vector }: AroundRequest
): Effect.fn.Return<ReadonlyArray<AroundRow>, MemoryError> {
  if (anchors.length === 0) return []
  const conditions = all(
    inScope(scope),
    visible(now, asOf),
    must({ should: [...nearAnchors(anchors, radius)] })
  )
  if (embedded && vector !== undefined) return yield* queryCosines(points, conditions, vector)
  const matches = yield* scrollAll(points, conditions, { with_payload: true })
  return yield* decode(() => matches.map((point) => ({ memory: decodeMemory(point), cosine: null })))
})
