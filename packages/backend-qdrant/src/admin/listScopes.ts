import type { MemoryError, Scope, ScopeCount } from "@keepsake/core/driver"
import { Effect } from "effect"
import { between, type Conditions, must } from "../codec/filter.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { parseScopeId, scopeHash, scopeId } from "../scopeId.ts"

/** Scopes that one facet returns at most; a range that has more is halved. */
const FACET_MAX = 1_000
const HASH_MAX = 2 ** 32 - 1

/** A scope with its position in the order of `scopes`: by hash, then by id. */
interface HashedScope extends ScopeCount {
  readonly hash: number
  readonly id: string
}

const comparePositions = (a: HashedScope, b: HashedScope): number => a.hash - b.hash || (a.id < b.id ? -1 : 1)

/**
 * Scopes whose hash lies in `[from, to]`, in order, until there are `limit`. A facet returns the most frequent
 * values and has no pages, so a range with more values than it returns is halved.
 */
const scopesBetween = Effect.fnUntraced(function* (
  points: PointsApi,
  from: number,
  to: number,
  limit: number
): Effect.fn.Return<ReadonlyArray<HashedScope>, MemoryError> {
  const range: Conditions = must(between("scopeHash", { gte: from, lte: to }))
  const hits = yield* points.facet("scope", range, FACET_MAX)
  if (hits.length === FACET_MAX && from < to) {
    const middle = Math.floor((from + to) / 2)
    const lower = yield* scopesBetween(points, from, middle, limit)
    if (lower.length >= limit) return lower
    return [...lower, ...(yield* scopesBetween(points, middle + 1, to, limit - lower.length))]
  }
  return hits
    .map(({ count, value }) => {
      const id = String(value)
      const scope = parseScopeId(id)
      return { scope, rows: count, id, hash: scopeHash(scope) }
    })
    .sort(comparePositions)
})

export const listScopes = Effect.fnUntraced(function* (
  points: PointsApi,
  { after, limit }: { readonly after?: Scope | undefined; readonly limit: number }
): Effect.fn.Return<ReadonlyArray<ScopeCount>, MemoryError> {
  const afterHash = after === undefined ? 0 : scopeHash(after)
  const afterId = after === undefined ? "" : scopeId(after)
  // One more, for `after` itself. Other scopes of its hash before it are rare.
  const scopes = yield* scopesBetween(points, afterHash, HASH_MAX, limit + 1)
  return scopes
    .filter(({ hash, id }) => after === undefined || hash > afterHash || id > afterId)
    .slice(0, limit)
    .map(({ rows, scope }) => ({ scope, rows }))
})
