import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { memoryFromStatement, type StatedMemory, type Statement } from "../input/Statement.ts"
import { invalidInput } from "../memory/MemoryError.ts"
import type { Scope } from "../memory/Scope.ts"
import { mapInSlices } from "../runtime/timeSlice.ts"

/** Checks statements and makes their memories, in slices of the event loop: an id takes ten microseconds. */
export const prepareMemories = Effect.fnUntraced(function* (
  scope: Scope,
  inputs: ReadonlyArray<string | Statement>,
  now: number
) {
  const memories: Array<StatedMemory> = []
  const read = yield* mapInSlices(inputs, (input) => memoryFromStatement(scope, input, now))
  for (const [i, memory] of read.entries()) {
    if (Result.isFailure(memory)) {
      const [field, message] = memory.failure
      // The index says which of several statements is bad.
      return yield* invalidInput(inputs.length > 1 ? `[${i}].${field}` : field, message)
    }
    memories.push(memory.success)
  }
  return memories
})
