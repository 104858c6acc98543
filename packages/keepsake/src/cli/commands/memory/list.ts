import { type Cursor, type Memory, type ScopedMemory } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import { Clock, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { filterFlags, filterOf } from "../../filter.ts"
import { memoryTable } from "../../output/memoryTable.ts"
import { print } from "../../output/print.ts"
import { withMemory } from "../../withMemory.ts"

const PAGE = 500

const firstOf = Effect.fnUntraced(function* (
  memory: ScopedMemory,
  filter: ReturnType<typeof filterOf>,
  includeSuperseded: boolean,
  limit: number
) {
  const memories: Array<Memory> = []
  let after: Cursor | null | undefined
  while (after !== null && memories.length < limit) {
    const page = yield* memory.list({
      filter,
      includeSuperseded,
      after,
      limit: Math.min(PAGE, limit - memories.length)
    })
    memories.push(...page.rows)
    after = page.next
  }
  return { memories, more: after !== null }
})

export const list = Command.make(
  "list",
  {
    limit: Flag.Int("limit").pipe(
      Flag.withDescription("How many at the most; 50 unless said"),
      Flag.withDefault(50)
    ),
    all: Flag.Boolean("all").pipe(Flag.withDescription("Every one, however many"), Flag.withDefault(false)),
    closed: Flag.Boolean("closed").pipe(
      Flag.withDescription("Superseded ones as well"),
      Flag.withDefault(false)
    ),
    ...filterFlags
  },
  Effect.fnUntraced(function* ({ all, closed, limit, ...filter }) {
    if (limit < 1) return yield* invalidInput("limit", "give a whole number from 1, or --all")
    return yield* withMemory((memory, { json }) =>
      Effect.gen(function* () {
        const { memories, more } = yield* firstOf(
          memory,
          filterOf(filter),
          closed,
          all ? Number.MAX_SAFE_INTEGER : limit
        )
        const now = yield* Clock.currentTimeMillis
        yield* print(json, memories, () =>
          more
            ? `${memoryTable(memories, now)}\nThere are more: --limit N or --all.`
            : memoryTable(memories, now)
        )
      })
    )
  })
).pipe(
  Command.withDescription("List what is remembered, in order of creation"),
  Command.withExamples([
    { command: "keepsake list", description: "The first fifty" },
    { command: "keepsake list --type semantic --json", description: "Every fact among them, for a program" }
  ])
)
