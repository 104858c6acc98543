/** The verbs that answer a question; what they return counts as accessed. */
import { Clock, Effect } from "effect"
import { buildContext } from "../context/buildContext.ts"
import { valid } from "../input/fields.ts"
import { type ContextOptions, type RecallOptions, readRecallOptions } from "../input/options.ts"
import { readContextRequest, readQuestion } from "../input/question.ts"
import type { Memory } from "../memory/Memory.ts"
import type { Scope } from "../memory/Scope.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"

/** Memories of a recall when `limit` is absent. */
const RECALLED = 10

const countAccesses = (
  { accesses }: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Memory>
): Effect.Effect<void> => {
  accesses?.add(
    scope,
    memories.map((memory) => memory.id)
  )
  return Effect.annotateCurrentSpan("db.response.returned_rows", memories.length)
}

export const recall = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  question: string,
  input: RecallOptions = {}
) {
  const query = yield* valid(() => readQuestion(question))
  const { asOf, filter, limit = RECALLED, minScore } = yield* valid(() => readRecallOptions(input))
  const now = yield* Clock.currentTimeMillis
  const request = { scope, now, query, filter, limit, minScore, asOf }
  const recollections = yield* services.retriever.recall(request)
  yield* countAccesses(
    services,
    scope,
    recollections.map(({ memory }) => memory)
  )
  return recollections
})

export const context = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  message: string,
  input: ContextOptions = {}
) {
  const request = yield* valid(() => readContextRequest(message, input))
  const now = yield* Clock.currentTimeMillis
  const block = yield* buildContext(services, { scope, now, ...request })
  // The profile and the last session are shown whether they fit the message or not.
  yield* countAccesses(
    services,
    scope,
    block.items.flatMap(({ memory, part }) => (part === "relevant" ? [memory] : []))
  )
  return block
})
