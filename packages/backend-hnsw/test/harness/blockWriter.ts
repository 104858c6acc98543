/** `blockWriter.ts PATH`: opens a file, asks, which begins to write blocks, prints `ready`, and waits. For kills. */
import { Effect } from "effect"
import { askAll, DIMENSIONS } from "../support/blocks.ts"
import { openStore } from "../support/openStore.ts"

const [path = ""] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const { store } = yield* openStore({ path, synchronous: "normal" }, DIMENSIONS)
  yield* askAll(store)
  process.stdout.write("ready\n")
  yield* Effect.sleep("2 seconds")
})

await Effect.runPromise(Effect.scoped(program))
