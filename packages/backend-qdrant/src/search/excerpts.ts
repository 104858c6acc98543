import type { Excerpt, ExcerptKey, ExcerptsRequest, MemoryError } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { all, hasId, inScope, must, notExpired, toFilter } from "../codec/filter.ts"
import { decode, decodeExcerpt, EXCERPT_KEYS, isCut, type ReadPoint } from "../codec/memoryRow.ts"
import { IS_MEMORY, passageId } from "../codec/passages.ts"
import { DENSE } from "../codec/vectors.ts"
import type { Serving } from "../requests/Serving.ts"
import { readContents } from "../requests/wholeRows.ts"
import { askWeighedPart } from "./channels.ts"
import { EvidenceReader } from "./evidence.ts"

/** A passage to read. */
interface PassageKey {
  readonly id: string
  readonly passage: number
}

const unique = (ids: ReadonlyArray<string>): ReadonlyArray<string> => Array.from(new Set(ids))

/** Points of the scope that are not expired, by id. */
const readPoints = Effect.fnUntraced(function* (
  { points }: Serving,
  { now, scope, vectors = false }: ExcerptsRequest,
  ids: ReadonlyArray<string>,
  keys: Array<string>
) {
  if (ids.length === 0) return new Map<string, ReadPoint>()
  const { points: found } = yield* points.scroll({
    filter: toFilter(all(inScope(scope), notExpired(now), must(hasId(ids)))),
    limit: ids.length,
    with_payload: keys,
    ...(vectors ? { with_vector: [DENSE] } : {})
  })
  return new Map((yield* readContents(points, found)).map((point) => [String(point.id), point]))
})

/** Which passage fits the part best. */
const choosePassages = Effect.fnUntraced(function* (
  serving: Serving,
  request: ExcerptsRequest,
  ids: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyMap<string, number>, MemoryError> {
  const { now, part = {}, scope } = request
  if (ids.length === 0) return new Map()
  const { points } = yield* serving.points.scroll({
    filter: toFilter(all(inScope(scope), IS_MEMORY, notExpired(now), must(hasId(ids)))),
    limit: ids.length,
    with_payload: ["memory"]
  })
  const asked = askWeighedPart(part, serving.embedded)
  const reader = new EvidenceReader(serving, scope, [asked])
  const candidates = points.filter(isCut).map((point) => ({
    id: String(point.id),
    isCut: true,
    nearest: [asked.dense === undefined ? null : undefined],
    worded: [asked.lexical === undefined ? null : undefined]
  }))
  yield* reader.ask(candidates)
  return new Map(candidates.map((candidate) => [candidate.id, reader.worded(candidate, 0)]))
})

/** Access counts are the memory's, not its passages'. */
const COUNT_KEYS = ["accessCount", "lastAccessedAt"]

export const excerpts = Effect.fnUntraced(function* (
  serving: Serving,
  request: ExcerptsRequest
): Effect.fn.Return<ReadonlyArray<Excerpt>, MemoryError> {
  const { rows, scope } = request
  const open = unique(rows.flatMap(({ id, passage }) => (passage === null ? [id] : [])))
  const chosen = yield* choosePassages(serving, request, open)
  const toKey = ({ id, passage }: ExcerptKey): PassageKey => ({ id, passage: passage ?? chosen.get(id) ?? 0 })
  const keys = rows.map(toKey)
  const pointId = ({ id, passage }: PassageKey): string =>
    passage === 0 ? id : passageId(scope, id, passage)
  const further = unique(keys.flatMap(({ id, passage }) => (passage > 0 ? [id] : [])))
  const [passages, counts] = yield* Effect.all(
    [
      readPoints(serving, request, unique(keys.map(pointId)), EXCERPT_KEYS),
      readCounts(serving, request, further)
    ],
    { concurrency: "unbounded" }
  )
  return yield* decode(() =>
    keys.flatMap((key): ReadonlyArray<Excerpt> => {
      const point = passages.get(pointId(key))
      if (point === undefined) return []
      return [decodeExcerpt({ ...point, payload: { ...point.payload, ...counts.get(key.id) } })]
    })
  )
})

const readCounts = Effect.fnUntraced(function* (
  { points }: Serving,
  { scope }: ExcerptsRequest,
  ids: ReadonlyArray<string>
) {
  if (ids.length === 0) return new Map<string, ReadPoint["payload"]>()
  const { points: found } = yield* points.scroll({
    filter: toFilter(all(inScope(scope), must(hasId(ids)))),
    limit: ids.length,
    with_payload: COUNT_KEYS
  })
  return new Map(found.map(({ id, payload }) => [String(id), payload]))
})
