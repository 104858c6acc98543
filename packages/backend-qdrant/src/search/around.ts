import {
  type Anchor,
  type AroundRequest,
  type AroundRow,
  isAny,
  type MemoryError
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import {
  all,
  between,
  type Condition,
  type Conditions,
  inScope,
  is,
  must,
  toFilter,
  visible
} from "../codec/filter.ts"
import { decode, decodeExcerpt, EXCERPT_KEYS, isCut, type ReadPoint } from "../codec/memoryRow.ts"
import { IS_MEMORY } from "../codec/passages.ts"
import { queryAll } from "../connection/queryAll.ts"
import type { Serving } from "../requests/Serving.ts"
import { type AskedPart, askWeighedPart } from "./channels.ts"
import { type Candidate, EvidenceReader, type Place } from "./evidence.ts"

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

/** Rows near anchors, and what is known of them by their points. */
interface Near {
  readonly points: ReadonlyArray<ReadPoint>
  /** By part. */
  readonly cosines: ReadonlyArray<ReadonlyMap<string, Place>>
  readonly passing: ReadonlySet<string>
}

/** The rows, their cosines, and those that pass the filter, in one batch a page. */
const readNear = Effect.fnUntraced(function* (
  { points: api }: Serving,
  conditions: Conditions,
  parts: ReadonlyArray<AskedPart>,
  passing: Conditions | null
) {
  const near = {
    points: [] as Array<ReadPoint>,
    cosines: parts.map(() => new Map<string, Place>()),
    passing: new Set<string>()
  }
  const filter = toFilter(conditions)
  const dense = parts.flatMap(({ dense: channel }, part) =>
    channel === undefined ? [] : [{ channel, part }]
  )
  let isFull = true
  for (let offset = 0; isFull; offset += PAGE) {
    const page = { limit: PAGE, offset }
    const queries: ReadonlyArray<Schemas["QueryRequest"]> = [
      { filter, ...page, with_payload: EXCERPT_KEYS },
      ...dense.map(({ channel: { query, using, params } }) => ({ query, using, params, filter, ...page })),
      ...(passing === null ? [] : [{ filter: toFilter(all(conditions, passing)), ...page }])
    ]
    const [rows = [], ...more] = yield* queryAll(api, queries)
    near.points.push(...rows)
    dense.forEach(({ part }, i) => {
      for (const { id, score } of more[i] ?? []) near.cosines[part]?.set(String(id), { passage: 0, score })
    })
    for (const { id } of passing === null ? rows : (more[dense.length] ?? [])) near.passing.add(String(id))
    isFull = rows.length === PAGE
  }
  return near satisfies Near
})

const toCandidate = (point: ReadPoint, parts: ReadonlyArray<AskedPart>, { cosines }: Near): Candidate => {
  const id = String(point.id)
  const unknown = isCut(point) ? undefined : null
  return {
    id,
    isCut: isCut(point),
    nearest: parts.map(({ dense }, part) =>
      dense === undefined ? null : isCut(point) ? undefined : (cosines[part]?.get(id) ?? null)
    ),
    worded: parts.map(({ lexical }) => (lexical === undefined ? null : unknown))
  }
}

export const around = Effect.fnUntraced(function* (
  serving: Serving,
  { anchors, asOf, filter, now, parts, radius, scope }: AroundRequest
): Effect.fn.Return<ReadonlyArray<AroundRow>, MemoryError> {
  if (anchors.length === 0) return []
  const matching = isAny(filter) ? null : yield* serving.translate(filter)
  const passesNone = !isAny(filter) && matching === null
  const conditions = all(
    inScope(scope),
    IS_MEMORY,
    visible(now, asOf),
    must({ should: [...nearAnchors(anchors, radius)] })
  )
  const asked = parts.map((part) => askWeighedPart(part, serving.embedded))
  const near = yield* readNear(serving, conditions, asked, matching)
  const reader = new EvidenceReader(serving, scope, asked)
  const bases = new Map(near.points.map((point) => [String(point.id), point]))
  for (const point of near.points) reader.points.add(point)
  const candidates = near.points.map((point) => toCandidate(point, asked, near))
  yield* reader.complete(candidates)
  const hits = new Map((yield* reader.toHits(candidates)).map((hit) => [hit.facts.id, hit]))
  return yield* decode(() =>
    candidates.flatMap((candidate): ReadonlyArray<AroundRow> => {
      const { id } = candidate
      const hit = hits.get(id)
      const passage = reader.points.get(reader.pointId(id, reader.worded(candidate, 0)))
      if (hit === undefined || passage === undefined) return []
      const excerpt = decodeExcerpt(mergePassage(bases.get(id), passage))
      return [{ ...hit, passes: !passesNone && near.passing.has(id), excerpt }]
    })
  )
})

/** A memory's fields with the text of another of its passages. */
const mergePassage = (base: ReadPoint | undefined, point: ReadPoint): ReadPoint => {
  const { content, passage = 0, start = 0 } = point.payload ?? {}
  return { ...point, payload: { ...base?.payload, content, passage, start, ...keepEnd(point) } }
}

const keepEnd = ({ payload }: ReadPoint) => (payload?.["end"] === undefined ? {} : { end: payload["end"] })
