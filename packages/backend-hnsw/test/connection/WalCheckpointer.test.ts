import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { statSync } from "node:fs"
import type { Connection } from "../../src/connection/Connection.ts"
import { openConnection } from "../../src/connection/openConnection.ts"
import {
  type CheckpointedFile,
  type CheckpointListeners,
  startCheckpointThread
} from "../../src/connection/checkpointThread.ts"
import { WalCheckpointer } from "../../src/connection/WalCheckpointer.ts"
import { checkOptions } from "../../src/options.ts"
import { DIMENSIONS, makeFingerprint } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const open = Effect.gen(function* () {
  const path = `${yield* temporaryFolder}/memory.db`
  const settings = yield* checkOptions({ path, synchronous: "normal" }, DIMENSIONS)
  return yield* Effect.acquireRelease(openConnection(settings, makeFingerprint(DIMENSIONS)), (connection) =>
    Effect.sync(() => connection.close("closed"))
  )
})

/** Commits a row of 8 kB, and lets the event loop run. */
const write = (connection: Connection, checkpointer: WalCheckpointer, key: number) =>
  Effect.gen(function* () {
    connection.db.exec("BEGIN")
    connection.setMeta(`row ${key}`, "x".repeat(8_000))
    connection.db.exec("COMMIT")
    checkpointer.countCommitted(1, false)
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  })

const logBytes = ({ path }: Connection): number => statSync(`${path}-wal`).size

/** Of 24 MB that are written. */
const LIMIT_BYTES = 8_000_000

for (const [name, start] of [
  ["the runtime lends no thread", () => null],
  [
    "the thread dies at once",
    ({ identity, path }: CheckpointedFile, listeners: CheckpointListeners) =>
      startCheckpointThread({ identity, path: `${path}/missing` }, listeners)
  ],
  ["a thread works", startCheckpointThread]
] as const) {
  it.live(`the log stays short where ${name}`, () =>
    Effect.gen(function* () {
      const connection = yield* open
      const checkpointer = new WalCheckpointer(connection, start)
      for (let i = 0; i < 3_000; i++) {
        yield* write(connection, checkpointer, i)
        // A thread in its own time.
        if (i % 512 === 0) yield* Effect.sleep(200)
      }
      assert.isBelow(logBytes(connection), LIMIT_BYTES)
      yield* checkpointer.close
    }).pipe(Effect.scoped)
  )
}
