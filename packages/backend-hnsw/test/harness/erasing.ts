/**
 * `erasing.ts PATH user|ids|filter N`: fills a file with rows of two users, and erases one of them, or the rows of one of
 * its agents. Kills itself after the Nth commit of that, else prints `erased`.
 */
import { HnswStore } from "@keepsake/backend-hnsw"
import { isIn, MemoryStore, sameScope, StoreAdmin } from "@keepsake/core/driver"
import { Effect } from "effect"
import { DatabaseSync } from "node:sqlite"
import { DIMENSIONS, direction, fingerprintLayer, makeRow, makeScope, NOW } from "../support/rows.ts"

const [path = "", way = "user", commits = ""] = process.argv.slice(2)
const ROWS = 1_500
const AT_ONCE = 250
const ERASED = { ...makeScope("erased"), agentId: "one" }
const FILTER = { _tag: "Filter", filter: isIn({ field: "type" }, ["episodic"]) } as const
const erasedIds: Array<string> = []

const killAfter = (count: number): void => {
  const exec = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, "exec")?.value as DatabaseSync["exec"]
  let left = count
  DatabaseSync.prototype.exec = function (sql) {
    exec.call(this, sql)
    if (sql === "COMMIT" && --left === 0) process.kill(process.pid, "SIGKILL")
  }
}

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
        if (sameScope(scope, ERASED)) erasedIds.push(...rows.map(({ memory }) => memory.id))
      }
      const entry = { sessionId: "s", kind: "notes", number: 0, content: `TEXT of ${userId}, a note` }
      yield* store.append({ scope, now: NOW, entries: [entry] })
    }
  }
  killAfter(Number(commits))
  if (way === "user") yield* admin.eraseUser({ userId: "erased" })
  else
    yield* store.remove({
      scope: ERASED,
      now: NOW,
      target: way === "ids" ? { _tag: "Ids", ids: erasedIds } : FILTER
    })
  process.stdout.write("erased\n")
})

await Effect.runPromise(
  program.pipe(
    Effect.provide(HnswStore.layer({ path, synchronous: "normal" })),
    Effect.provide(fingerprintLayer(DIMENSIONS))
  )
)
