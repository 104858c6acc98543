import { createPrivateFile, invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { closeSync, existsSync } from "node:fs"
import { rename, rm } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { loadHnsw } from "../../../loadPackage.ts"
import { print } from "../../output/print.ts"
import { PARTIAL, removeLeftOver, whileWriting } from "../../partialFile.ts"
import { findFile } from "./findFile.ts"

export const backup = Command.make(
  "backup",
  { out: Flag.String("out").pipe(Flag.withDescription("The file to write; one that is there is replaced")) },
  Effect.fnUntraced(function* ({ out }) {
    const { json, path } = yield* findFile("PostgreSQL and Qdrant have their own tools")
    const { HnswFile } = yield* loadHnsw
    if (resolve(out) === resolve(path))
      return yield* invalidInput("out", "is the store itself; name another file")
    if (!existsSync(dirname(resolve(out))))
      return yield* invalidInput("out", `the folder ${dirname(out)} does not exist; create it first`)
    yield* removeLeftOver
    const partial = out + PARTIAL
    const copying = Effect.gen(function* () {
      yield* Effect.promise(() => rm(partial, { force: true }))
      const file = createPrivateFile(partial)
      if (file === null) return yield* invalidInput("out", `${partial} appeared meanwhile; try again`)
      closeSync(file)
      yield* HnswFile.backUp(path, partial)
      return yield* Effect.promise(() => rename(partial, out))
    })
    yield* whileWriting(partial, copying)
    return yield* print(json, { path, out }, () => `Copied ${path} to ${out}.`)
  })
).pipe(
  Command.withDescription("Copy the file of a store, as it is now, while programs use it"),
  Command.withExamples([{ command: "keepsake backup --out backup.db", description: "Copy the store's file" }])
)
