import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { filterFlags, toWhere } from "../../filter.ts"
import { note, print } from "../../output/print.ts"
import { readStdin } from "../../input/stdin.ts"
import { withMemory } from "../../withMemory.ts"

export const context = Command.make(
  "context",
  {
    message: Argument.String("message").pipe(
      Argument.withDescription('The message to the model; "-" reads it from standard input')
    ),
    budget: Flag.Int("budget").pipe(Flag.withDescription("Most tokens; 600 by default"), Flag.optional),
    threshold: Flag.Finite("threshold").pipe(Flag.withDescription("Lowest score, 0 to 1"), Flag.optional),
    ...filterFlags
  },
  Effect.fnUntraced(function* ({ budget, message, threshold, ...filter }) {
    const where = yield* toWhere(filter)
    const text = message === "-" ? yield* readStdin : message
    return yield* withMemory(
      Effect.fnUntraced(function* (memory, { json }) {
        const block = yield* memory.context(text, {
          where,
          budgetTokens: Option.getOrUndefined(budget),
          minScore: Option.getOrUndefined(threshold)
        })
        for (const { message: problem } of block.degraded ?? []) yield* note(problem)
        yield* print(json, block, () =>
          block.text === "" ? "No memory is relevant to this message." : block.text
        )
      })
    )
  })
).pipe(
  Command.withDescription("The block of memories that goes to a model beside a message"),
  Command.withExamples([
    { command: 'keepsake context "What was my project again?"', description: "As the model sees it" },
    {
      command: 'keepsake context "freight" --budget 200 --json',
      description: "At most 200 tokens, with the memories in it"
    }
  ])
)
