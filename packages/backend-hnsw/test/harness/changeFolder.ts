/** Opens a relative path, goes to another folder, and writes: `node changeFolder.ts OTHER_FOLDER`. */
import { HnswStore } from "@keepsake/backend-hnsw"
import { MemoryStore, StoreFingerprint } from "@keepsake/core/driver"
import { Effect, Layer } from "effect"
import { DIMENSIONS, direction, makeFingerprint, makeRow, makeScope, NOW } from "../support/rows.ts"

const scope = makeScope("ana")
const rows = (from: number) =>
  Array.from({ length: 100 }, (_, i) => makeRow(scope, `memory ${from + i}`, direction(i, DIMENSIONS)))

const program = Effect.gen(function* () {
  const store = yield* MemoryStore
  process.chdir(process.argv[2] ?? "")
  // 3,000 rows: the thread of checkpoints starts on the way.
  for (let from = 0; from < 3_000; from += 100) yield* store.put({ scope, now: NOW, rows: rows(from) })
  const { bytes, removed } = yield* store.remove({ scope, now: NOW, target: { _tag: "All" } })
  console.log(JSON.stringify({ removed, bytes }))
})

await Effect.runPromise(
  Effect.provide(
    program,
    Layer.provide(
      HnswStore.layer({ path: "./memory.db", synchronous: "normal" }),
      StoreFingerprint.layer(makeFingerprint(DIMENSIONS))
    )
  )
)
