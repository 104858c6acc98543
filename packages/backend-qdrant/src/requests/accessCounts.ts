/** Access counts: in a collection without vectors, since a change of a payload moves a point's vectors with it. */
import { KeyedLocks, type MemoryError, type MemoryStore, type Scope } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { all, hasId, inScope, must, toFilter } from "../codec/filter.ts"
import { type ReadPoint, readMemoryId } from "../codec/memoryRow.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { scopeId } from "../scopeId.ts"

/** A memory's count, with what its own point had before there was this collection. */
interface AccessCount {
  readonly count: number
  readonly lastAt: number | null
  /** When the memory that is counted was created: a later one under its id is not. */
  readonly createdAt: number
}

type Counts = ReadonlyMap<string, AccessCount>

const readCount = ({ payload }: ReadPoint): AccessCount => ({
  count: Number(payload?.["count"] ?? 0),
  lastAt: (payload?.["lastAt"] ?? null) as number | null,
  createdAt: Number(payload?.["createdAt"])
})

type Read = PointsApi["scroll"]

/** Asks for as many counts as a page has rows. */
const readCounts = (read: Read, ids: ReadonlyArray<string>): Effect.Effect<Counts, MemoryError> => {
  if (ids.length === 0) return Effect.succeed(new Map())
  const request = { filter: toFilter(must(hasId(ids))), limit: ids.length, with_payload: true }
  return Effect.map(
    read(request),
    ({ points }) => new Map(points.map((point) => [String(point.id), readCount(point)]))
  )
}

/** The higher of both counts: a memory that was copied from another store brings its own. */
const joinCounts = ({ payload }: ReadPoint, counted: AccessCount | undefined) => {
  const count = Number(payload?.["accessCount"] ?? 0)
  const lastAt = (payload?.["lastAccessedAt"] ?? null) as number | null
  if (counted === undefined || counted.createdAt !== Number(payload?.["createdAt"])) return { count, lastAt }
  return { count: Math.max(count, counted.count), lastAt: Math.max(lastAt ?? 0, counted.lastAt ?? 0) || null }
}

const addCount = <P extends ReadPoint>(point: P, counts: Counts): P => {
  const counted = counts.get(readMemoryId(point))
  if (counted === undefined) return point
  const { count, lastAt } = joinCounts(point, counted)
  return { ...point, payload: { ...point.payload, accessCount: count, lastAccessedAt: lastAt } }
}

type Keys = Schemas["ScrollRequest"]["with_payload"]

/** The keys with what tells whether a count is of this memory; `null` where counts are not asked for. */
const withCreation = (keys: Keys): Array<string> | null => {
  if (!Array.isArray(keys) || !keys.includes("accessCount")) return null
  return [...new Set([...(keys as ReadonlyArray<string>), "createdAt", "memory"])]
}

/** The ids that a filter names: their counts are read beside the points. */
const namedIds = ({ must = [] }: { readonly must?: unknown }): ReadonlyArray<string> =>
  (must as ReadonlyArray<object>).flatMap((condition) =>
    "has_id" in condition ? (condition.has_id as ReadonlyArray<string>) : []
  )

/** Completes points by counts of which some are known. */
const complete = <P extends ReadPoint>(
  access: Read,
  points: ReadonlyArray<P>,
  named: ReadonlyArray<string>,
  known: Counts
) => {
  const missing = Array.from(new Set(points.map(readMemoryId))).filter((id) => !named.includes(id))
  return Effect.map(readCounts(access, missing), (more) => {
    const counts = new Map([...known, ...more])
    return counts.size === 0 ? points : points.map((point) => addCount(point, counts))
  })
}

/** The requests to memories, whose answers have their counts where a request asks for `accessCount`. */
export const withAccessCounts = (points: PointsApi, access: PointsApi): PointsApi => {
  const counting =
    (read: Read, readAccess: Read): Read =>
    (request) => {
      const keys = withCreation(request.with_payload)
      if (keys === null) return read(request)
      const named = namedIds(request.filter ?? {})
      return Effect.gen(function* () {
        const [page, known] = yield* Effect.all(
          [read({ ...request, with_payload: keys }), readCounts(readAccess, named)],
          { concurrency: "unbounded" }
        )
        return { ...page, points: [...(yield* complete(readAccess, page.points, named, known))] }
      })
    }
  return {
    ...points,
    within: (scope) => withAccessCounts(points.within(scope), access.within(scope)),
    scroll: counting(points.scroll, access.scroll),
    lookUp: counting(points.lookUp, access.lookUp),
    query: Effect.fnUntraced(function* (searches) {
      const keys = searches.map(({ with_payload }) => withCreation(with_payload))
      const answers = yield* points.query(
        searches.map((search, i) => ({ ...search, ...(keys[i] == null ? {} : { with_payload: keys[i] }) }))
      )
      return yield* Effect.forEach(answers, (answer, i) =>
        keys[i] == null ? Effect.succeed(answer) : complete(access.scroll, answer, [], new Map())
      )
    })
  }
}

/** Drops the counts of these memories. */
export const dropCounts = (access: PointsApi, ids: ReadonlyArray<string>): Effect.Effect<void, MemoryError> =>
  ids.length === 0
    ? Effect.void
    : access.update("drop counts", [{ delete: { filter: toFilter(must(hasId(ids))) } }])

/** Touches of one scope that wait to be written together. */
interface PendingTouches {
  readonly scope: Scope
  readonly counts: Map<string, number>
  now: number
  readonly written: Deferred.Deferred<void, MemoryError>
}

/** Scopes written at once. */
const CONCURRENCY = 16

const writeTouches = Effect.fnUntraced(function* (
  points: PointsApi,
  access: PointsApi,
  { counts, now, scope }: PendingTouches
) {
  const ids = Array.from(counts.keys())
  const { points: matches } = yield* points.lookUp({
    filter: toFilter(all(inScope(scope), must(hasId(ids)))),
    limit: ids.length,
    with_payload: ["accessCount", "lastAccessedAt", "createdAt"]
  })
  if (matches.length === 0) return
  const touched = matches.map(({ id, payload }) => ({
    id,
    vector: {},
    payload: {
      scope: scopeId(scope),
      userId: scope.userId,
      createdAt: payload?.["createdAt"],
      count: Number(payload?.["accessCount"] ?? 0) + (counts.get(String(id)) ?? 0),
      lastAt: now
    }
  }))
  yield* access.update("touch", [{ upsert: { points: touched } }])
})

/**
 * The server cannot increment, so a touch reads, then writes. Within this store touches of one scope run one
 * after the other, and those that wait are written together, so that none is lost. Between two processes the
 * last write wins.
 *
 * @param points memories, with their counts
 */
export const makeTouch = (points: PointsApi, access: PointsApi): MemoryStore["Service"]["touch"] => {
  const pending = new Map<string, PendingTouches>()
  const locks = new KeyedLocks({ permits: CONCURRENCY })

  return ({ ids, now, scope }) =>
    Effect.suspend(() => {
      if (ids.length === 0) return Effect.void
      const key = scopeId(scope)
      const touches = pending.get(key) ?? { scope, counts: new Map(), now, written: Deferred.makeUnsafe() }
      pending.set(key, touches)
      touches.now = Math.max(touches.now, now)
      for (const id of new Set(ids)) {
        touches.counts.set(id, (touches.counts.get(id) ?? 0) + 1)
      }
      const write = Effect.suspend(() => {
        if (pending.get(key) !== touches) return Deferred.await(touches.written)
        pending.delete(key)
        return Effect.uninterruptible(
          writeTouches(points.within(scope), access.within(scope), touches).pipe(
            Effect.onExit((exit) => Deferred.done(touches.written, exit))
          )
        )
      })
      return locks.withLock(key, write)
    })
}
