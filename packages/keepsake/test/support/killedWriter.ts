/** Writes a file as a command does, and waits to be killed: `killedWriter.ts FILE`. */
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { whileWriting } from "../../src/cli/partialFile.ts"

const [, , path = ""] = process.argv
const begin = Effect.sync(() => {
  writeFileSync(path, "Ana ships on Fridays")
  process.stdout.write("begun")
})
// Holds the process.
setInterval(() => {}, 1_000)
await Effect.runPromise(whileWriting(path, Effect.andThen(begin, Effect.never)))
