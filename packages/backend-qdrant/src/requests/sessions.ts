import {
  cutPage,
  type MemoryError,
  newestSession,
  type SessionCursor,
  type SessionPage,
  type SessionsRequest,
  type SessionSummary,
  toSessionCursor
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import {
  all,
  between,
  type Conditions,
  inScope,
  is,
  isEmpty,
  must,
  mustNot,
  NO_CONDITIONS,
  oneOf,
  toFilter,
  visible
} from "../codec/filter.ts"
import { IS_MEMORY } from "../codec/passages.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import type { Serving } from "./Serving.ts"
import { sumMemories } from "./usage.ts"

/** Rows that one request reads to find sessions. */
const PAGE = 256
/** Sessions whose first or last row one batch of queries finds. */
const BATCH = 64
/** Sessions of earlier pages that are left out from the start. */
const NEWER_MAX = 1_000

const readSaidAt = (payload: Schemas["Record"]["payload"]): number => Number(payload?.["saidAt"])

/** `saidAt` of the first or last live row of each session. */
const readEnds = Effect.fnUntraced(function* (
  points: PointsApi,
  live: Conditions,
  sessionIds: ReadonlyArray<string>,
  direction: "asc" | "desc"
): Effect.fn.Return<ReadonlyMap<string, number>, MemoryError> {
  const ends = new Map<string, number>()
  for (let i = 0; i < sessionIds.length; i += BATCH) {
    const batch = sessionIds.slice(i, i + BATCH)
    const results = yield* points.query(
      batch.map((sessionId) => ({
        query: { order_by: { key: "saidAt", direction } },
        filter: toFilter(all(live, must(is("sessionId", sessionId)))),
        limit: 1,
        with_payload: ["saidAt"]
      }))
    )
    for (const [j, [row]] of results.entries()) {
      const sessionId = batch[j]
      if (row !== undefined && sessionId !== undefined) ends.set(sessionId, readSaidAt(row.payload))
    }
  }
  return ends
})

/** Sessions with rows later than the cursor: they belong to earlier pages. */
const findNewer = Effect.fnUntraced(function* (
  points: PointsApi,
  live: Conditions,
  after: SessionCursor | undefined
): Effect.fn.Return<ReadonlyArray<string>, MemoryError> {
  if (after === undefined) return []
  const later = all(live, must(between("saidAt", { gt: after.lastSaidAt })))
  return (yield* points.facet("sessionId", later, NEWER_MAX)).map(({ value }) => String(value))
})

/**
 * Sessions in order of their last live row, at least one more than `limit` if there are so many.
 *
 * Reads live rows backwards in time, without the sessions that were seen, so that each request finds another session.
 * The first row of a session that it meets is the session's last, unless a session of an earlier page may be among them.
 */
const findSessions = Effect.fnUntraced(function* (
  points: PointsApi,
  live: Conditions,
  after: SessionCursor | undefined,
  limit: number
): Effect.fn.Return<ReadonlyArray<SessionCursor>, MemoryError> {
  const upToCursor = after === undefined ? NO_CONDITIONS : must(between("saidAt", { lte: after.lastSaidAt }))
  const newer = yield* findNewer(points, live, after)
  const seen = new Set(newer)
  const found: Array<SessionCursor> = []
  for (;;) {
    const unseen = seen.size === 0 ? NO_CONDITIONS : mustNot(oneOf("sessionId", Array.from(seen)))
    const { points: page } = yield* points.scroll({
      filter: toFilter(all(live, upToCursor, unseen)),
      order_by: { key: "saidAt", direction: "desc" },
      limit: PAGE,
      with_payload: ["sessionId", "saidAt"]
    })
    const lastRows = new Map<string, number>()
    for (const { payload } of page) {
      const sessionId = String(payload?.["sessionId"])
      if (!lastRows.has(sessionId)) lastRows.set(sessionId, readSaidAt(payload))
    }
    const ends =
      newer.length < NEWER_MAX ? lastRows : yield* readEnds(points, live, Array.from(lastRows.keys()), "desc")
    for (const [sessionId, lastSaidAt] of ends) {
      const session = { sessionId, lastSaidAt }
      if (after === undefined || newestSession(session, after) > 0) found.push(session)
    }
    for (const sessionId of lastRows.keys()) seen.add(sessionId)
    if (page.length < PAGE) break
    // Sessions that are still unseen ended at this moment at the latest.
    const oldest = readSaidAt(page.at(-1)?.payload)
    if (found.filter(({ lastSaidAt }) => lastSaidAt > oldest).length > limit) break
  }
  return found.sort(newestSession)
})

export const sessions = Effect.fnUntraced(function* (
  serving: Serving,
  { after, limit, now, scope }: SessionsRequest
): Effect.fn.Return<SessionPage, MemoryError> {
  const { points } = serving
  const live = all(inScope(scope), IS_MEMORY, visible(now, undefined), mustNot(isEmpty("sessionId")))
  const found = yield* findSessions(points, live, after, limit)
  const { next, page } = cutPage(found, limit, toSessionCursor)
  const ids = page.map(({ sessionId }) => sessionId)
  if (ids.length === 0) return { sessions: [], next: null }
  const [firsts, sizes] = yield* Effect.all(
    [
      readEnds(points, live, ids, "asc"),
      Effect.forEach(ids, (id) => sumMemories(serving, all(live, must(is("sessionId", id)))), {
        concurrency: "unbounded"
      })
    ],
    { concurrency: "unbounded" }
  )
  const summaries = page.map(({ lastSaidAt, sessionId }, i): SessionSummary => ({
    sessionId,
    firstSaidAt: firsts.get(sessionId) ?? lastSaidAt,
    lastSaidAt,
    turns: sizes[i]?.points ?? 0,
    bytes: sizes[i]?.bytes ?? 0
  }))
  return {
    // A session whose rows were removed meanwhile has none.
    sessions: summaries.filter(({ turns }) => turns > 0),
    next
  }
})
