import type { Cursor, Memory, ScopedMemory, Where } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { filterFlags, toWhere } from "../../filter.ts"
import { memoryTable } from "../../output/memoryTable.ts"
import { print } from "../../output/print.ts"
import { withMemory } from "../../withMemory.ts"

const PAGE = 500

const listFirst = Effect.fnUntraced(function* (
  memory: ScopedMemory,
  where: Where | undefined,
  includeSuperseded: boolean,
  newestFirst: boolean,
  limit: number
) {
  const memories: Array<Memory> = []
  let after: Cursor | null | undefined
  while (after !== null && memories.length < limit) {
    const page = yield* memory.list({
      where,
      includeSuperseded,
      ...(newestFirst ? { by: "saidAt" as const, newestFirst } : {}),
      after,
      limit: Math.min(PAGE, limit - memories.length)
    })
    memories.push(...page.rows)
    after = page.next
  }
  return { memories, hasMore: after !== null }
})

export const list = Command.make(
  "list",
  {
    limit: Flag.Int("limit").pipe(
      Flag.withDescription("Most memories to list; 50 by default"),
      Flag.withDefault(50)
    ),
    all: Flag.Boolean("all").pipe(Flag.withDescription("List every memory"), Flag.withDefault(false)),
    newest: Flag.Boolean("newest").pipe(
      Flag.withDescription("The newest first, by when it was said"),
      Flag.withDefault(false)
    ),
    closed: Flag.Boolean("closed").pipe(
      Flag.withDescription("Include superseded memories"),
      Flag.withDefault(false)
    ),
    ...filterFlags
  },
  Effect.fnUntraced(function* ({ all, closed, limit, newest, ...filter }) {
    if (limit < 1) return yield* invalidInput("limit", "give a whole number from 1, or --all")
    const where = yield* toWhere(filter)
    return yield* withMemory(
      Effect.fnUntraced(function* (memory, { json }) {
        const { memories, hasMore } = yield* listFirst(
          memory,
          where,
          closed,
          newest,
          all ? Number.MAX_SAFE_INTEGER : limit
        )
        const now = yield* Clock.currentTimeMillis
        yield* print(json, memories, () =>
          hasMore
            ? `${memoryTable(memories, now)}\nThere are more: --limit N or --all.`
            : memoryTable(memories, now)
        )
      })
    )
  })
).pipe(
  Command.withDescription("List memories with their whole texts, in order of creation"),
  Command.withExamples([
    { command: "keepsake list --newest", description: "The fifty newest" },
    {
      command: `keepsake list --where '{"importance":{"gte":0.5}}'`,
      description: "Memories of at least this importance"
    },
    { command: "keepsake list --type semantic --json", description: "The facts among them, for a program" }
  ])
)
