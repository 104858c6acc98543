import { KeyedLocks, type MemoryError, type MemoryStore, type Scope } from "@keepsake/core/driver"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { all, hasId, inScope, must, toFilter } from "../codec/filter.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { scopeId } from "../scopeId.ts"
import { setPayloads } from "../codec/setPayload.ts"

/** Touches of one scope that wait to be written together. */
interface PendingTouches {
  readonly scope: Scope
  readonly counts: Map<string, number>
  now: number
  readonly written: Deferred.Deferred<void, MemoryError>
}

/** Scopes written at once. */
const CONCURRENCY = 16

const writeTouches = Effect.fnUntraced(function* (points: PointsApi, { counts, now, scope }: PendingTouches) {
  const ids = Array.from(counts.keys())
  const { points: matches } = yield* points.lookUp({
    filter: toFilter(all(inScope(scope), must(hasId(ids)))),
    limit: ids.length,
    with_payload: ["accessCount"]
  })
  const operations = setPayloads(
    scope,
    matches.map(({ id, payload }) => [
      // Counts stand in the memory's point alone.
      { id: String(id), isCut: false },
      {
        accessCount: Number(payload?.["accessCount"] ?? 0) + (counts.get(String(id)) ?? 0),
        lastAccessedAt: now
      }
    ])
  )
  if (operations.length > 0) yield* points.update("touch", operations)
})

/**
 * The server cannot increment, so a touch reads, then writes. Within this store touches of one scope run one
 * after the other, and those that wait are written together, so that none is lost. Between two processes the
 * last write wins.
 */
export const makeTouch = (points: PointsApi): MemoryStore["Service"]["touch"] => {
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
          writeTouches(points.within(scope), touches).pipe(
            Effect.onExit((exit) => Deferred.done(touches.written, exit))
          )
        )
      })
      return locks.withLock(key, write)
    })
}
