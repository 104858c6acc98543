import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { completeId, memoryNotFound } from "../../completeIds.ts"
import { memoryDetails } from "../../output/memoryTable.ts"
import { print } from "../../output/print.ts"
import { withMemory } from "../../withMemory.ts"

export const get = Command.make(
  "get",
  { id: Argument.String("id").pipe(Argument.withDescription("The memory, or the beginning of its id")) },
  ({ id: prefix }) =>
    withMemory(
      Effect.fnUntraced(function* (memory, { json }) {
        const id = yield* completeId(memory, prefix)
        const found = yield* memory.get(id)
        if (found === null) return yield* memoryNotFound(id)
        return yield* print(json, found, () => memoryDetails(found))
      })
    )
).pipe(
  Command.withDescription("Show one memory with all that is kept about it"),
  Command.withExamples([
    { command: "keepsake get 1a2b3c4d", description: "By the beginning of its id, as list shows it" },
    { command: "keepsake get 1a2b3c4d --json", description: "For a program" }
  ])
)
