/** `erasingUser.ts PATH`: fills a file with rows of two users, prints `ready`, and erases one of them. For kills. */
import { HnswStore } from "@keepsake/backend-hnsw"
import { MemoryStore, StoreAdmin } from "@keepsake/core/driver"
import { Effect } from "effect"
import { DIMENSIONS, direction, fingerprintLayer, makeRow, makeScope, NOW } from "../support/rows.ts"

const [path = ""] = process.argv.slice(2)
const ROWS = 1_500
const AT_ONCE = 250

const program = Effect.gen(function* () {
  const store = yield* MemoryStore
  const admin = yield* StoreAdmin
  for (const userId of ["erased", "kept"]) {
    for (const agentId of ["one", "two"]) {
      const scope = { ...makeScope(userId), agentId }
      for (let from = 0; from < ROWS / 2; from += AT_ONCE) {
        const rows = Array.from({ length: AT_ONCE }, (_, i) =>
          makeRow(scope, `TEXT of ${userId} ${agentId} ${from + i}`, direction(from + i, DIMENSIONS))
        )
        yield* store.put({ scope, now: NOW, rows })
      }
      const entry = { sessionId: "s", kind: "notes", number: 0, content: `TEXT of ${userId}, a note` }
      yield* store.append({ scope, now: NOW, entries: [entry] })
    }
  }
  process.stdout.write("ready\n")
  yield* admin.eraseUser({ userId: "erased" })
  process.stdout.write("erased\n")
})

await Effect.runPromise(
  program.pipe(
    Effect.provide(HnswStore.layer({ path, synchronous: "normal" })),
    Effect.provide(fingerprintLayer(DIMENSIONS))
  )
)
