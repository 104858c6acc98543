/** How much a scope holds. The server sums nothing, but counts the rows of each size. */
import { type MemoryError, type MemoryStore, type Scope, type ScopeUsage } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { ENTRIES } from "../codec/entries.ts"
import { all, type Conditions, inScope, is, must, NO_CONDITIONS } from "../codec/filter.ts"
import { unmoved } from "../codec/layout.ts"
import { decode, readBytes } from "../codec/memoryRow.ts"
import { IS_MEMORY } from "../codec/passages.ts"
import { facetAll } from "../connection/facetAll.ts"
import { type PointsApi, scrollAll } from "../connection/PointsApi.ts"
import type { Serving } from "./Serving.ts"

/** Points, and the bytes of them together. */
export interface Size {
  readonly points: number
  readonly bytes: number
}

/** The size of points that note their bytes. */
const sumNoted = (points: PointsApi, conditions: Conditions): Effect.Effect<Size, MemoryError> =>
  facetAll(points, { key: "bytes", hashKey: "bytes", conditions }).pipe(
    Effect.map((hits) =>
      hits.reduce(
        (size, { count, value }) => ({
          points: size.points + count,
          bytes: size.bytes + count * Number(value)
        }),
        { points: 0, bytes: 0 }
      )
    )
  )

/** The size of memories of the first layout, which note nothing. */
const sumUnnoted = Effect.fnUntraced(function* (points: PointsApi, conditions: Conditions) {
  const found = yield* scrollAll(points, conditions, { with_payload: ["content", "metadata"] })
  const bytes = yield* decode(() => found.reduce((sum, point) => sum + readBytes(point), 0))
  return { points: found.length, bytes }
})

const EMPTY: Size = { points: 0, bytes: 0 }

/** The size of memories that match. */
export const sumMemories = Effect.fnUntraced(function* (
  { layouts, points }: Pick<Serving, "layouts" | "points">,
  conditions: Conditions
): Effect.fn.Return<Size, MemoryError> {
  const memories = all(conditions, IS_MEMORY)
  const left = layouts() === "first" ? NO_CONDITIONS : unmoved
  const [noted, unnoted] = yield* Effect.all(
    [
      layouts() === "first" ? Effect.succeed(EMPTY) : sumNoted(points, memories),
      layouts() === "second" ? Effect.succeed(EMPTY) : sumUnnoted(points, all(memories, left))
    ],
    { concurrency: "unbounded" }
  )
  return { points: noted.points + unnoted.points, bytes: noted.bytes + unnoted.bytes }
})

/** The size of a scope's entries. */
export const sumEntries = (sessions: PointsApi, scope: Scope): Effect.Effect<Size, MemoryError> =>
  sumNoted(sessions, all(inScope(scope), ENTRIES))

/** Memories that are owed vectors. */
export const OWED: Conditions = must(is("owed", true))

export const usage = Effect.fnUntraced(function* (
  serving: Serving,
  { scope }: Parameters<MemoryStore["Service"]["usage"]>[0]
): Effect.fn.Return<ScopeUsage, MemoryError> {
  const { layouts, points, sessions } = serving
  const [memories, entries, owed] = yield* Effect.all(
    [
      sumMemories(serving, inScope(scope)),
      sumEntries(sessions, scope),
      layouts() === "first" ? Effect.succeed(0) : points.count(all(inScope(scope), OWED))
    ],
    { concurrency: "unbounded" }
  )
  return { memories: memories.points, bytes: memories.bytes + entries.bytes, owed }
})
