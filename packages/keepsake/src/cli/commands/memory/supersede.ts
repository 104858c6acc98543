import * as Effect from "effect/Effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { completeId } from "../../completeIds.ts"
import { print } from "../../output/print.ts"
import { statementFlags, toStatement } from "./statementFlags.ts"
import { readStdin } from "../../input/stdin.ts"
import { withMemory } from "../../withMemory.ts"

export const supersede = Command.make(
  "supersede",
  {
    id: Argument.String("id").pipe(
      Argument.withDescription("The outdated memory, or the beginning of its id")
    ),
    text: Argument.String("text").pipe(
      Argument.withDescription('What is true now; "-" reads it from standard input')
    ),
    ...statementFlags
  },
  Effect.fnUntraced(function* ({ id: prefix, text, ...flags }) {
    const content = text === "-" ? yield* readStdin : text
    return yield* withMemory(
      Effect.fnUntraced(function* (memory, { json }) {
        const id = yield* completeId(memory, prefix)
        const superseded = yield* memory.supersede(id, toStatement(content, flags))
        yield* print(json, superseded, () => {
          if (superseded.id === null) return "Not kept; the old memory stays."
          const old = superseded.closed ? "It replaces" : "Another writer had closed or removed"
          return `Remembered as ${superseded.id} (${superseded.outcome}). ${old} ${id}.`
        })
      })
    )
  })
).pipe(
  Command.withDescription("Replace an outdated memory; the old one stays as history (list --closed)"),
  Command.withExamples([
    { command: 'keepsake supersede 1a2b3c4d "Ana lives in Bergen"', description: "What is true now" },
    {
      command: 'keepsake supersede 1a2b3c4d "In Bergen" --ttl-days 30',
      description: "For a month"
    }
  ])
)
