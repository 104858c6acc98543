import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import { plural } from "../../../plural.ts"
import { print } from "../../output/print.ts"
import { withMemory } from "../../withMemory.ts"

export const stats = Command.make("stats", {}, () =>
  withMemory(
    Effect.fnUntraced(function* (memory, { json }) {
      const counts = yield* memory.stats()
      yield* print(json, counts, () => {
        const types = Object.entries(counts.byType).map(([type, count]) => `${count} ${type}`)
        return `${plural(counts.total, "memory", "memories")}: ${types.join(", ")}; ${counts.pinned} pinned.\n${counts.kept} kept, with what is superseded or expired.`
      })
    })
  )
).pipe(
  Command.withDescription("Count the memories of a user"),
  Command.withExamples([
    { command: "keepsake stats", description: "How many of each type" },
    { command: "keepsake stats --json", description: "For a program" }
  ])
)
