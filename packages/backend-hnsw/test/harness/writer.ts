/**
 * A process that writes: `writer.ts PATH NAME FIRST LAST BATCH`. Rows `NAME 0`, `NAME 1`, … from FIRST up to LAST, in
 * batches of BATCH (0: sizes that vary), each told on stdout only after it was acknowledged, as `FROM TO`.
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

/** Resumes when the line is in the pipe: a process killed after that has told. */
const tell = (line: string) =>
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
    yield* tell(`${from} ${to}\n`)
    from = to
  }
})

await Effect.runPromise(
  program.pipe(
    Effect.provide(HnswStore.layer({ path, synchronous: "normal" })),
    Effect.provide(fingerprintLayer(DIMENSIONS))
  )
)
