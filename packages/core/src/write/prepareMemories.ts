import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { memoryFromStatement, type StatedMemory, type Statement } from "../input/Statement.ts"
import { invalidInput } from "../memory/MemoryError.ts"
import type { Scope } from "../memory/Scope.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"

/** Checks statements and makes their memories; yields after each batch, so that thousands do not hold the event loop. */
export const prepareMemories = Effect.fnUntraced(function* (
  scope: Scope,
  inputs: ReadonlyArray<string | Statement>,
  now: number
) {
  const memories: Array<StatedMemory> = []
  for (const [i, input] of inputs.entries()) {
    if (i > 0 && i % STORE_LIMITS.batch === 0) yield* Effect.yieldNow
    const memory = memoryFromStatement(scope, input, now)
    if (Result.isFailure(memory)) {
      const [field, message] = memory.failure
      // The index says which of several statements is bad.
      return yield* invalidInput(inputs.length > 1 ? `[${i}].${field}` : field, message)
    }
    memories.push(memory.success)
  }
  return memories
})
