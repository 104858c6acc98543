import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { filterFlags, toWhere, timeFlag } from "../../filter.ts"
import { recollectionTable } from "../../output/memoryTable.ts"
import { note, print } from "../../output/print.ts"
import { withMemory } from "../../withMemory.ts"

export const recall = Command.make(
  "recall",
  {
    query: Argument.String("query").pipe(Argument.withDescription("The question, in your own words")),
    limit: Flag.Int("limit").pipe(
      Flag.withDescription("Most memories to recall; 10 by default"),
      Flag.optional
    ),
    threshold: Flag.Finite("threshold").pipe(Flag.withDescription("Lowest score, 0 to 1"), Flag.optional),
    asOf: timeFlag("as-of").pipe(
      Flag.withDescription("Recall what was true then, such as 2026-01-31T12:00:00Z"),
      Flag.optional
    ),
    explain: Flag.Boolean("explain").pipe(
      Flag.withDescription("Show the parts of each score"),
      Flag.withDefault(false)
    ),
    ...filterFlags
  },
  Effect.fnUntraced(function* ({ asOf, explain, limit, query, threshold, ...filter }) {
    const where = yield* toWhere(filter)
    yield* withMemory(
      Effect.fnUntraced(function* (memory, { json }) {
        const recollections = yield* memory.recall(query, {
          where,
          limit: Option.getOrUndefined(limit),
          minScore: Option.getOrUndefined(threshold),
          asOf: Option.getOrUndefined(asOf)
        })
        const now = yield* Clock.currentTimeMillis
        for (const { message } of recollections.degraded ?? []) yield* note(message)
        const { degraded } = recollections
        yield* print(json, { recollections, degraded: degraded ?? null }, () =>
          recollectionTable(recollections, now, explain, memory.scope)
        )
      })
    )
  })
).pipe(
  Command.withDescription("Recall memories that answer a question, best first"),
  Command.withExamples([
    { command: 'keepsake recall "what is Ana building?"', description: "Search by meaning and keywords" },
    {
      command: 'keepsake recall "freight" --explain --threshold 0',
      description: "Show every match with the parts of its score"
    }
  ])
)
