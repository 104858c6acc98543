import type { MemoryError, MemoryStore, Scope } from "@keepsake/core/driver"
import { Deferred, Effect, Semaphore } from "effect"
import { all, filterOf, hasId, inScope, must } from "../codec/filter.ts"
import { scopeHash, scopeId } from "../codec/memoryRow.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { setGrouped } from "./write.ts"

/** Touches of one scope that wait to be written together. */
interface Pending {
  readonly scope: Scope
  readonly counts: Map<string, number>
  now: number
  readonly written: Deferred.Deferred<void, MemoryError>
}

const STRIPES = 16

/**
 * The server cannot increment, so a touch reads and writes. Touches of one scope through this store take
 * turns and those that wait are written together: none of them is lost, however many come at once. Between
 * two processes the last one's count stands.
 */
export const makeTouch = (points: PointsApi): MemoryStore["Service"]["touch"] => {
  const pending = new Map<string, Pending>()
  const turns = Array.from({ length: STRIPES }, () => Semaphore.makeUnsafe(1))

  const write = Effect.fnUntraced(function* ({ counts, now, scope }: Pending) {
    const ids = Array.from(counts.keys())
    const found = yield* points.scroll({
      filter: filterOf(all(inScope(scope), must(hasId(ids)))),
      limit: ids.length,
      with_payload: ["accessCount"]
    })
    const operations = setGrouped(
      scope,
      found.points.map(({ id, payload }) => [
        String(id),
        {
          accessCount: Number(payload?.["accessCount"] ?? 0) + (counts.get(String(id)) ?? 0),
          lastAccessedAt: now
        }
      ])
    )
    if (operations.length > 0) yield* points.update("touch", operations)
  })

  return ({ ids, now, scope }) =>
    Effect.suspend(() => {
      if (ids.length === 0) return Effect.void
      const key = scopeId(scope)
      const mine = pending.get(key) ?? { scope, counts: new Map(), now, written: Deferred.makeUnsafe() }
      pending.set(key, mine)
      mine.now = Math.max(mine.now, now)
      // Ids are looked up in lower case, as the server gives them back.
      for (const id of new Set(ids))
        mine.counts.set(id.toLowerCase(), (mine.counts.get(id.toLowerCase()) ?? 0) + 1)
      const turn = Effect.suspend(() => {
        if (pending.get(key) !== mine) return Deferred.await(mine.written)
        pending.delete(key)
        return Effect.uninterruptible(
          write(mine).pipe(Effect.onExit((exit) => Deferred.done(mine.written, exit)))
        )
      })
      return turns[scopeHash(scope) % STRIPES]?.withPermits(1)(turn) ?? turn
    })
}
