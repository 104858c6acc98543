import type { MemoryError, Scope, ScopeCount } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { all, type Conditions, inScope, NO_CONDITIONS } from "../codec/filter.ts"
import { ENTRIES } from "../codec/entries.ts"
import { IS_MEMORY } from "../codec/passages.ts"
import { facetAll } from "../connection/facetAll.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { type Serving, withinScope } from "../requests/Serving.ts"
import { sumEntries, sumMemories } from "../requests/usage.ts"
import { parseScopeId, scopeHash, scopeId } from "../scopeId.ts"

interface ScopesRequest {
  readonly after?: Scope | undefined
  readonly limit: number
}

/** A scope with its position in the order of `scopes`: by hash, then by id. */
interface HashedScope extends Pick<ScopeCount, "scope" | "rows"> {
  readonly hash: number
  readonly id: string
}

const comparePositions = (a: HashedScope, b: HashedScope): number => a.hash - b.hash || (a.id < b.id ? -1 : 1)

/** The first scopes of a collection (points of further passages have no hash) from the hash of `after`, one more than the limit: for `after` itself. */
const facetScopes = (points: PointsApi, conditions: Conditions, { after, limit }: ScopesRequest) =>
  facetAll(
    points,
    { key: "scope", hashKey: "scopeHash", conditions },
    after === undefined ? 0 : scopeHash(after),
    limit + 1
  )

/** Rows by scope. Those of a promoted scope are counted by its key: copies of some may stand under the shared one too. */
const countOnce = Effect.fnUntraced(function* (
  points: PointsApi,
  hits: Effect.Success<ReturnType<typeof facetAll>>
): Effect.fn.Return<ReadonlyMap<string, number>, MemoryError> {
  const ownKeys = hits.length === 0 ? new Set<string>() : yield* points.ownKeys
  const counted = yield* Effect.forEach(
    hits,
    ({ count, value }) => {
      const id = String(value)
      const scope = parseScopeId(id)
      return ownKeys.has(points.keyOf(scope, ownKeys) ?? "")
        ? Effect.map(
            points.within(scope).count(all(inScope(scope), IS_MEMORY)),
            (rows) => [id, rows] as const
          )
        : Effect.succeed([id, count] as const)
    },
    { concurrency: "unbounded" }
  )
  return new Map(counted.filter(([, rows]) => rows > 0))
})

const sumScope = (serving: Serving, scope: Scope, hasEntries: boolean) => {
  const shard = withinScope(serving, scope)
  return Effect.all(
    [
      sumMemories(shard, inScope(scope)),
      hasEntries ? sumEntries(shard.sessions, scope) : Effect.succeed({ bytes: 0 })
    ],
    { concurrency: "unbounded" }
  ).pipe(Effect.map(([memories, entries]) => memories.bytes + entries.bytes))
}

export const listScopes = Effect.fnUntraced(function* (
  serving: Serving,
  request: ScopesRequest
): Effect.fn.Return<ReadonlyArray<ScopeCount>, MemoryError> {
  const { points, sessions } = serving
  const { after, limit } = request
  const [withRows, withEntries] = yield* Effect.all(
    [facetScopes(points, NO_CONDITIONS, request), facetScopes(sessions, ENTRIES, request)],
    { concurrency: "unbounded" }
  )
  const rows = new Map(withEntries.map(({ value }) => [String(value), 0]))
  for (const [id, count] of yield* countOnce(points, withRows)) rows.set(id, count)
  const afterHash = after === undefined ? 0 : scopeHash(after)
  const afterId = after === undefined ? "" : scopeId(after)
  const page = Array.from(rows, ([id, count]): HashedScope => {
    const scope = parseScopeId(id)
    return { scope, rows: count, id, hash: scopeHash(scope) }
  })
    .filter(({ hash, id }) => after === undefined || hash > afterHash || id > afterId)
    .sort(comparePositions)
    .slice(0, limit)
  const held = new Set(withEntries.map(({ value }) => String(value)))
  return yield* Effect.forEach(
    page,
    ({ id, rows, scope }) =>
      Effect.map(sumScope(serving, scope, held.has(id)), (bytes) => ({ scope, rows, bytes })),
    { concurrency: "unbounded" }
  )
})
