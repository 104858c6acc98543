/** The verbs that answer a question; what they return of one's own scope counts as accessed. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { buildContext } from "../context/buildContext.ts"
import { valid } from "../input/fields.ts"
import { type ContextOptions, type RecallOptions, readRecallOptions } from "../input/options.ts"
import { readContextRequest, readQuestion } from "../input/question.ts"
import type { Memory } from "../memory/Memory.ts"
import { type Degraded, withDegraded } from "../memory/Degraded.ts"
import { sameScope } from "../memory/Scope.ts"
import { type ReadScopes, recallScopes } from "../recall/readScopes.ts"
import { markSpan } from "../runtime/spans.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"

/** Memories of a recall when `limit` is absent. */
const RECALLED = 10

/** Counts one's own memories: a shared scope is only read. */
const noteAnswer = (
  { accesses, calibrating }: MemoryServices,
  { reads, scope }: ReadScopes,
  memories: ReadonlyArray<Memory>
): Effect.Effect<void> => {
  const own = reads.length === 0 ? memories : memories.filter((memory) => sameScope(memory.scope, scope))
  calibrating.noteRecall()
  accesses?.add(
    scope,
    own.map((memory) => memory.id)
  )
  return Effect.annotateCurrentSpan("db.response.returned_rows", memories.length)
}

/** Says in the span what an answer lacks. */
const reportDegraded = (degraded: ReadonlyArray<Degraded> | null): Effect.Effect<void> =>
  degraded === null
    ? Effect.void
    : markSpan("keepsake.degraded", {
        "keepsake.degraded": Array.from(new Set(degraded.map(({ reason }) => reason))).join(",")
      })

/** A handle: its scopes and its time zone. */
interface Asked extends ReadScopes {
  readonly timeZone: string
}

export const recall = Effect.fnUntraced(function* (
  services: MemoryServices,
  scopes: Asked,
  question: string,
  input: RecallOptions = {}
) {
  const query = yield* valid(() => readQuestion(question))
  const {
    asOf,
    filter,
    limit = RECALLED,
    minScore,
    timeZone = scopes.timeZone
  } = yield* valid(() => readRecallOptions(input))
  const now = yield* Clock.currentTimeMillis
  const { degraded, items } = yield* recallScopes(scopes, limit, (scope) =>
    services.retriever.recall({ scope, now, query, filter, limit, minScore, asOf, timeZone })
  )
  yield* noteAnswer(
    services,
    scopes,
    items.map(({ memory }) => memory)
  )
  yield* reportDegraded(degraded)
  return withDegraded(items, degraded)
})

export const context = Effect.fnUntraced(function* (
  services: MemoryServices,
  scopes: Asked,
  message: string,
  input: ContextOptions = {}
) {
  const request = yield* valid(() => readContextRequest(message, input))
  const now = yield* Clock.currentTimeMillis
  const { timeZone = scopes.timeZone } = request.options
  const block = yield* buildContext(services, { scopes, now, timeZone, ...request })
  // The profile and the last session are shown whether they fit the message or not.
  yield* noteAnswer(
    services,
    scopes,
    block.items.flatMap(({ memory, part }) => (part === "relevant" ? [memory] : []))
  )
  yield* reportDegraded(block.degraded)
  return block
})
