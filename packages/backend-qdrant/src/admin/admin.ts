import type { MemoryError, Scope, ScopeCount, StoreAdmin } from "@keepsake/core/driver"
import { Effect } from "effect"
import { between, type Conditions, filterOf, hasId, is, must } from "../codec/filter.ts"
import { ERASURE } from "../erasure.ts"
import { scopeHash, scopeId, scopeOfId } from "../codec/memoryRow.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { type RemoveStaged, removeWhere } from "../requests/write.ts"

type Admin = StoreAdmin["Service"]

/** Scopes that one facet may return; past that their range is halved. */
const FACET_MAX = 1_000
const EXPIRE_PAGE = 1_000
const HASH_MAX = 2 ** 32 - 1

interface Placed extends ScopeCount {
  readonly hash: number
  readonly key: string
}

const byPlace = (a: Placed, b: Placed): number => a.hash - b.hash || (a.key < b.key ? -1 : 1)

/**
 * Scopes whose hash lies in `[from, to]`, in order, until there are `wanted`. A facet gives the most
 * frequent values, in no order one could page by, so a range with more than it may return is halved.
 */
const scopesBetween = (
  points: PointsApi,
  from: number,
  to: number,
  wanted: number
): Effect.Effect<ReadonlyArray<Placed>, MemoryError> =>
  Effect.gen(function* () {
    const within: Conditions = must(between("scopeHash", { gte: from, lte: to }))
    const hits = yield* points.facet("scope", within, FACET_MAX)
    if (hits.length === FACET_MAX && from < to) {
      const middle = Math.floor((from + to) / 2)
      const lower = yield* scopesBetween(points, from, middle, wanted)
      if (lower.length >= wanted) return lower
      return [...lower, ...(yield* scopesBetween(points, middle + 1, to, wanted - lower.length))]
    }
    return hits
      .map(({ count, value }) => {
        const key = String(value)
        const scope = scopeOfId(key)
        return { scope, rows: count, key, hash: scopeHash(scope) }
      })
      .sort(byPlace)
  })

export const makeAdmin = (
  points: PointsApi,
  removeStaged: RemoveStaged
): Pick<Admin, "expire" | "scopes" | "eraseUser"> => ({
  expire: Effect.fnUntraced(function* ({ limit, now }) {
    const expired = must(between("expiresAt", { lte: now }))
    let removed = 0
    while (removed < limit) {
      const { points: page } = yield* points.scroll({
        filter: filterOf(expired),
        limit: Math.min(EXPIRE_PAGE, limit - removed),
        with_payload: false
      })
      if (page.length === 0) break
      // Expiry is asked again: a row restated meanwhile lives on.
      const some = must(between("expiresAt", { lte: now }), hasId(page.map(({ id }) => String(id))))
      removed += (yield* removeWhere(points, removeStaged, some)).removed
    }
    return { removed, ...ERASURE }
  }),

  scopes: Effect.fnUntraced(function* ({ after, limit }: { after?: Scope | undefined; limit: number }) {
    const from = after === undefined ? 0 : scopeHash(after)
    const key = after === undefined ? "" : scopeId(after)
    // One more than asked, for `after` itself; those of its hash that come before it are few.
    const found = yield* scopesBetween(points, from, HASH_MAX, limit + 1)
    return found
      .filter((place) => after === undefined || place.hash > from || place.key > key)
      .slice(0, limit)
      .map(({ rows, scope }) => ({ scope, rows }))
  }),

  eraseUser: ({ userId }) => removeWhere(points, removeStaged, must(is("userId", userId)))
})
