import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import { plural } from "../../../plural.ts"
import { loadHnsw } from "../../../loadPackage.ts"
import { describeDamaged } from "../../../doctor/file.ts"
import { columns, print } from "../../output/print.ts"
import { prose } from "../../output/text.ts"
import { findFile } from "./findFile.ts"

export const repair = Command.make(
  "repair",
  {},
  Effect.fnUntraced(function* () {
    const { json, path } = yield* findFile("PostgreSQL and Qdrant have their own tools")
    const { HnswFile } = yield* loadHnsw
    const { lost, rebuilt } = yield* HnswFile.repair(path)
    const result = { rebuilt: rebuilt.map(describeDamaged), lost: lost.map(describeDamaged) }
    yield* print(json, result, () =>
      [
        prose(
          `${path}: indexes are built again, ${plural(rebuilt.length, "memory", "memories")} rebuilt, ${lost.length} lost.`,
          columns()
        ),
        ...result.rebuilt.map((which) => `rebuilt  ${which}`),
        ...result.lost.map((which) => `lost     ${which}`)
      ].join("\n")
    )
  })
).pipe(
  Command.withDescription(
    "Build again what is derived in a damaged file, remove what is lost, and list it. Close other programs before, and make a backup"
  ),
  Command.withExamples([{ command: "keepsake repair", description: "Repair the store's file" }])
)
