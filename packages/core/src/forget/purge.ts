import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { findNewest } from "./findNewest.ts"
import { DAY_MS } from "../memory/duration.ts"
import { warn } from "../runtime/warn.ts"
import type { MemoryStore } from "../store/MemoryStore.ts"
import type { StoreAdmin } from "../store/StoreAdmin.ts"

/** Rows per call, and calls per run: the rest waits for the next run, so that a purge never starves other calls. */
const ROWS = 1_000
const CALLS = 100

/** Time without a new memory from which a clock that runs ahead is likelier than a store that rested. */
export const CLOCK_DOUBT_MS = 365 * DAY_MS

export interface PurgedStore {
  readonly store: MemoryStore["Service"]
  readonly admin: StoreAdmin["Service"]
}

const removeExpired = Effect.fnUntraced(function* (admin: StoreAdmin["Service"]) {
  for (let call = 0; call < CALLS; call++) {
    const now = yield* Clock.currentTimeMillis
    const { removed } = yield* admin.expire({ now, limit: ROWS })
    if (removed < ROWS) return
  }
})

/**
 * Decides whether the clock may be believed. A purge under a clock that is years ahead would remove what is not
 * expired, for good; so one that is far from the last memory waits a day, in which someone may set the clock.
 */
const makeClockCheck = Effect.fnUntraced(function* ({ admin, store }: PurgedStore) {
  // What this process writes has the doubtful clock's time.
  const openedAt = yield* Clock.currentTimeMillis
  let lastBelieved = Number.NEGATIVE_INFINITY
  let doubtedSince: bigint | null = null
  return Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const monotonic = yield* Clock.monotonicTimeNanos
    if (now - lastBelieved > CLOCK_DOUBT_MS) {
      const newest = yield* findNewest(store, admin, { before: openedAt, since: now - CLOCK_DOUBT_MS })
      const doubted = newest !== null && now - newest > CLOCK_DOUBT_MS
      if (doubted && doubtedSince === null) {
        doubtedSince = monotonic
        yield* warn(
          `The newest memory is of ${new Date(newest).toISOString()}, more than a year before this machine's clock: expired memories are removed after a day. Set the clock if it runs ahead.`
        )
      }
      if (doubted && doubtedSince !== null && Number(monotonic - doubtedSince) < DAY_MS * 1e6) return false
    }
    doubtedSince = null
    lastBelieved = now
    return true
  })
})

/** Whether the store may hold a row that has expired. */
const mayBeDue = Effect.fnUntraced(function* ({ firstExpiry }: StoreAdmin["Service"]) {
  const first = firstExpiry === undefined ? Number.NEGATIVE_INFINITY : yield* firstExpiry
  return first !== null && first <= (yield* Clock.currentTimeMillis)
})

/** Makes a run of the purge: removes expired memories. A failure is logged and the next run tries again. */
export const makePurge = Effect.fnUntraced(function* (purged: PurgedStore) {
  const believeClock = yield* makeClockCheck(purged)
  let isFirst = true
  return Effect.gen(function* () {
    // A process that asks one question is spared the look at the clock; later runs keep what is known of it fresh.
    const isSpared = isFirst && !(yield* mayBeDue(purged.admin))
    isFirst = false
    if (isSpared) return
    if (yield* believeClock) yield* removeExpired(purged.admin)
    else yield* Effect.annotateCurrentSpan("keepsake.purge.postponed", true)
  }).pipe(
    Effect.withSpan("keepsake.purge", { attributes: { "db.system.name": purged.admin.backend } }),
    // A defect as well: one odd row must not end the purging of all others.
    Effect.catchCause((cause) => warn("Expired memories could not be removed; trying again later", cause))
  )
})
