import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { print } from "../../output/print.ts"
import { statementFlags, toStatement } from "./statementFlags.ts"
import { readStdin } from "../../input/stdin.ts"
import { withMemory } from "../../withMemory.ts"

export const remember = Command.make(
  "remember",
  {
    text: Argument.String("text").pipe(
      Argument.withDescription('What to remember; "-" reads it from standard input')
    ),
    ...statementFlags
  },
  Effect.fnUntraced(function* ({ text, ...flags }) {
    const content = text === "-" ? yield* readStdin : text
    return yield* withMemory(
      Effect.fnUntraced(function* (memory, { json }) {
        const remembered = yield* memory.remember(toStatement(content, flags))
        yield* print(json, remembered, () =>
          remembered.id === null ? "Not kept." : `Remembered as ${remembered.id} (${remembered.outcome}).`
        )
      })
    )
  })
).pipe(
  Command.withDescription("Remember a statement. A text that begins with a dash goes after --"),
  Command.withExamples([
    {
      command: 'keepsake remember "Ana builds a freight SaaS" --type semantic',
      description: "Remember a fact"
    },
    { command: 'keepsake remember "The code is 4711" --ttl-days 7', description: "Remember it for a week" }
  ])
)
