import * as Effect from "effect/Effect"
import type { Condition } from "../memory/Condition.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { MemoryStore } from "../store/MemoryStore.ts"
import type { StoreAdmin } from "../store/StoreAdmin.ts"

/** Scopes per call. */
const SCOPES = 100

/** Nothing has expired at this time, so that lists bring every row. */
const BEFORE_ALL = 0

export interface NewestRange {
  /** Only rows created before this time. */
  readonly before: number
  /** A row created since this time ends the search: it is new enough. */
  readonly since: number
}

/** When the newest row was created, expired and closed ones included; null if there is none. */
export const findNewest = Effect.fnUntraced(function* (
  store: MemoryStore["Service"],
  admin: StoreAdmin["Service"],
  { before, since }: NewestRange
): Effect.fn.Return<number | null, MemoryError> {
  const filter: Condition = {
    _tag: "Compare",
    target: { field: "createdAt" },
    comparison: "lt",
    value: before
  }
  let newest: number | null = null
  let page = yield* admin.scopes({ limit: SCOPES })
  while (page.length > 0) {
    for (const { scope } of page) {
      const { rows } = yield* store.list({
        scope,
        now: BEFORE_ALL,
        filter,
        closed: true,
        newestFirst: true,
        limit: 1
      })
      const [row] = rows
      if (row === undefined) continue
      newest = Math.max(newest ?? row.createdAt, row.createdAt)
      if (newest >= since) return newest
    }
    page = yield* admin.scopes({ limit: SCOPES, after: page.at(-1)?.scope })
  }
  return newest
})
