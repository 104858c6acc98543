/** Writes under the limits of a scope: counted before the write, exact among the writers of one store. */
import {
  excess,
  limitReached,
  type MemoryError,
  type Scope,
  type ScopeLimits,
  type ScopeUsage
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { all, between, type Conditions, hasId, inScope, is, must, mustNot, oneOf } from "../codec/filter.ts"
import { readBytes } from "../codec/memoryRow.ts"
import { IS_MEMORY, ofMemories } from "../codec/passages.ts"
import { type PointsApi, scrollAll } from "../connection/PointsApi.ts"
import { scopeId } from "../scopeId.ts"
import { removeWhere } from "./remove.ts"
import { scrollOrdered } from "./scrollOrdered.ts"
import type { Serving } from "./Serving.ts"
import { usage } from "./usage.ts"

/** How much a write adds to its scope. */
export interface Growth {
  /** Memories of the write: they make no room. */
  readonly ids: ReadonlyArray<string>
  readonly memories: number
  readonly bytes: number
}

/** A write that has read what it needs, and has written nothing yet. */
export interface PlannedWrite<A> {
  readonly growth: Growth
  readonly write: Effect.Effect<A, MemoryError>
}

interface LimitedRequest {
  readonly limits?: ScopeLimits | undefined
  readonly now: number
  readonly scope: Scope
}

type Usage = Omit<ScopeUsage, "owed">

const isOver = (usage: Usage, limits: ScopeLimits): boolean => {
  const over = excess(usage, limits)
  return over.memories > 0 || over.bytes > 0
}

type Point = Schemas["Record"]

const readSaidAt = ({ payload }: Point): number => Number(payload?.["saidAt"])

const bySaidAt = (a: Point, b: Point): number =>
  readSaidAt(a) - readSaidAt(b) || (String(a.id) < String(b.id) ? -1 : 1)

/** Rows that one request reads to find what makes room. */
const PAGE = 128

/** The ids of these rows that supersede another. */
const findSuccessors = Effect.fnUntraced(function* (
  points: PointsApi,
  others: Conditions,
  page: ReadonlyArray<Point>
): Effect.fn.Return<ReadonlySet<string>, MemoryError> {
  const ids = page.map(({ id }) => String(id))
  const links = yield* scrollAll(points, all(others, must(oneOf("supersededBy", ids))), {
    with_payload: ["supersededBy"]
  })
  return new Set(links.map(({ payload }) => String(payload?.["supersededBy"])))
})

/** What goes to make room for a write, one row after the other. */
class Room {
  readonly doomed: Array<string> = []
  usage: Usage
  readonly limits: ScopeLimits

  constructor(usage: Usage, limits: ScopeLimits) {
    this.usage = usage
    this.limits = limits
  }

  get isNeeded(): boolean {
    return isOver(this.usage, this.limits)
  }

  drop(point: Point): void {
    this.doomed.push(String(point.id))
    this.usage = { memories: this.usage.memories - 1, bytes: this.usage.bytes - readBytes(point) }
  }
}

/** Drops the oldest rows, pins and rows that supersede another last. */
const dropOldest = Effect.fnUntraced(function* (
  points: PointsApi,
  others: Conditions,
  room: Room,
  keys: Array<string>
): Effect.fn.Return<void, MemoryError> {
  const keptLonger = yield* scrollPinned(points, others, keys)
  const seen: Array<string> = []
  for (let isLast = false; room.isNeeded && !isLast;) {
    const conditions = all(others, mustNot(is("pinned", true), hasId(seen)))
    const request = { conditions, limit: PAGE, with_vector: false, ids: "asc", keys } as const
    const page = yield* scrollOrdered(points, request, [{ key: "saidAt", direction: "asc" }])
    const successors = page.length === 0 ? new Set() : yield* findSuccessors(points, others, page)
    for (const point of page) {
      if (!room.isNeeded) return
      seen.push(String(point.id))
      if (successors.has(String(point.id))) keptLonger.push(point)
      else room.drop(point)
    }
    isLast = page.length < PAGE
  }
  for (const point of keptLonger.sort(bySaidAt)) {
    if (!room.isNeeded) return
    room.drop(point)
  }
})

const scrollPinned = (points: PointsApi, others: Conditions, keys: Array<string>) =>
  Effect.map(scrollAll(points, all(others, must(is("pinned", true))), { with_payload: keys }), (pinned) =>
    Array.from(pinned)
  )

/** The rows that make room for a write; fails with `LimitReached` where they are not enough. */
const makeRoom = Effect.fnUntraced(function* (
  { layouts, points }: Serving,
  { now, scope }: LimitedRequest,
  limits: ScopeLimits,
  { bytes, ids, memories }: Growth,
  before: Usage
): Effect.fn.Return<ReadonlyArray<string>, MemoryError> {
  const room = new Room({ memories: before.memories + memories, bytes: before.bytes + bytes }, limits)
  if (!room.isNeeded) return []
  const others = all(inScope(scope), IS_MEMORY, mustNot(hasId(ids)))
  const keys = ["bytes", "saidAt", ...(layouts() === "second" ? [] : ["content", "metadata"])]
  const expired = between("expiresAt", { lte: now })
  for (const point of yield* scrollAll(points, all(others, must(expired)), { with_payload: keys })) {
    room.drop(point)
  }
  if (limits.whenFull === "dropOldest" && room.isNeeded) {
    yield* dropOldest(points, all(others, mustNot(expired)), room, keys)
  }
  const over = excess(room.usage, limits)
  const isFull =
    (over.memories > 0 && room.usage.memories > before.memories) ||
    (over.bytes > 0 && room.usage.bytes > before.bytes)
  if (isFull) return yield* limitReached(over)
  return room.doomed
})

/** Rows that one deletion names. */
const DELETED = 1_000

/** Plans a write and does it; with limits after a look at what the scope holds, and then makes room. */
export const withinLimits = <A>(
  serving: Serving,
  request: LimitedRequest,
  plan: Effect.Effect<PlannedWrite<A>, MemoryError>
): Effect.Effect<A, MemoryError> => {
  const { limits, scope } = request
  if (limits === undefined) return Effect.flatMap(plan, ({ write }) => write)
  const write = Effect.gen(function* () {
    const [before, planned] = yield* Effect.all([usage(serving, { scope }), plan], {
      concurrency: "unbounded"
    })
    const doomed = yield* makeRoom(serving, request, limits, planned.growth, before)
    const written = yield* planned.write
    for (let i = 0; i < doomed.length; i += DELETED) {
      const ids = doomed.slice(i, i + DELETED)
      yield* removeWhere(serving, all(inScope(scope), must(ofMemories(ids))))
    }
    return written
  })
  return serving.limitLocks.withLock(scopeId(scope), write)
}
