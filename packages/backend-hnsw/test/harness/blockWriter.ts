/** `blockWriter.ts PATH`: opens a file without blocks, prints `ready`, and asks until blocks are written. For kills. */
import { Effect } from "effect"
import { askAll, DIMENSIONS } from "../support/blocks.ts"
import { openStore } from "../support/openStore.ts"

const [path = ""] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const { store } = yield* openStore({ path, synchronous: "normal" }, DIMENSIONS)
  process.stdout.write("ready\n")
  yield* askAll(store)
})

await Effect.runPromise(Effect.scoped(program))
process.stdout.write("written\n")
