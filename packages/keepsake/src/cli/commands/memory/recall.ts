import { Clock, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { filterFlags, filterOf, timeFlag } from "../../filter.ts"
import { recollectionTable } from "../../output/memoryTable.ts"
import { print } from "../../output/print.ts"
import { withMemory } from "../../withMemory.ts"

export const recall = Command.make(
  "recall",
  {
    query: Argument.String("query").pipe(Argument.withDescription("What to look for, in your own words")),
    limit: Flag.Int("limit").pipe(
      Flag.withDescription("How many at the most; 10 unless said"),
      Flag.optional
    ),
    threshold: Flag.Finite("threshold").pipe(Flag.withDescription("Least score, 0 to 1"), Flag.optional),
    asOf: timeFlag("as-of").pipe(
      Flag.withDescription("What was so then, such as 2026-01-31T12:00:00Z"),
      Flag.optional
    ),
    explain: Flag.Boolean("explain").pipe(
      Flag.withDescription("Show what each score is made of"),
      Flag.withDefault(false)
    ),
    ...filterFlags
  },
  Effect.fnUntraced(function* ({ asOf, explain, limit, query, threshold, ...filter }) {
    yield* withMemory((memory, { json }) =>
      Effect.gen(function* () {
        const found = yield* memory.recall(query, {
          ...filterOf(filter),
          limit: Option.getOrUndefined(limit),
          minScore: Option.getOrUndefined(threshold),
          asOf: Option.getOrUndefined(asOf)
        })
        const now = yield* Clock.currentTimeMillis
        yield* print(json, found, () => recollectionTable(found, now, explain))
      })
    )
  })
).pipe(
  Command.withDescription("Recall what answers a question, best first"),
  Command.withExamples([
    { command: 'keepsake recall "what is Ana building?"', description: "Search by meaning and words" },
    {
      command: 'keepsake recall "freight" --explain --threshold 0',
      description: "Show every match and its score's parts"
    }
  ])
)
