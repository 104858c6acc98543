/** The verbs that answer a question; what they return counts as accessed. */
import { Clock, Effect } from "effect"
import type { ContextOptions } from "../context/buildContext.ts"
import { valid } from "../input/problems.ts"
import type { Memory } from "../memory/Memory.ts"
import type { Scope } from "../memory/Scope.ts"
import type { RecallOptions } from "../recall/Retriever.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"
import { clipMessage, readContextOptions, readQuestion, readRecallOptions } from "./readOptions.ts"

const countAccesses = (
  { accesses }: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<Memory>
): Effect.Effect<void> => {
  accesses.add(
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
  const options = yield* valid(() => readRecallOptions(input))
  const now = yield* Clock.currentTimeMillis
  const recollections = yield* services.retriever.recall({ scope, now, query, options })
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
  const options = yield* valid(() => readContextOptions(input))
  const now = yield* Clock.currentTimeMillis
  const block = yield* services.context({ scope, now, query: clipMessage(message), options })
  // The profile and the last session are shown whether they fit the message or not.
  yield* countAccesses(
    services,
    scope,
    block.items.flatMap(({ memory, part }) => (part === "relevant" ? [memory] : []))
  )
  return block
})
