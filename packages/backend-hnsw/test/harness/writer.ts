/**
 * Writes from a process of its own: `writer.ts PATH NAME FIRST LAST BATCH` puts rows `NAME FIRST` up to `NAME LAST-1` in
 * batches of BATCH (0: varying sizes) and prints `FROM TO` after each acknowledgement.
 */
import { HnswStore } from "@keepsake/backend-hnsw"
import { MemoryStore } from "@keepsake/core/driver"
import { Effect } from "effect"
import {
  batchSize,
  DIMENSIONS,
  direction,
  fingerprintLayer,
  NOW,
  makeRow,
  makeScope
} from "../support/rows.ts"

const [path = "", name = "", first = "0", last = "0", batch = "1"] = process.argv.slice(2)

/** Resumes when the line is in the pipe, which survives a kill. */
const print = (line: string) =>
  Effect.callback<void>((resume) => {
    process.stdout.write(line, () => resume(Effect.void))
  })

const program = Effect.gen(function* () {
  const store = yield* MemoryStore
  const scope = makeScope("shared")
  for (let from = Number(first), round = 0; from < Number(last); round++) {
    const size = Number(batch) || batchSize(round)
    const to = Math.min(Number(last), from + size)
    const rows = Array.from({ length: to - from }, (_, i) =>
      makeRow(scope, `${name} ${from + i}`, direction(from + i, DIMENSIONS))
    )
    yield* store.put({ scope, now: NOW, rows })
    yield* print(`${from} ${to}\n`)
    from = to
  }
})

await Effect.runPromise(
  program.pipe(
    Effect.provide(HnswStore.layer({ path, synchronous: "normal" })),
    Effect.provide(fingerprintLayer(DIMENSIONS))
  )
)
