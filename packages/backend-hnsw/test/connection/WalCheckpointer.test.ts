import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { statSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
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

type Start = typeof startCheckpointThread

/** Starts a thread as `start` does; `idle` waits until it has done what it was told, or has ended. */
const watch = (start: Start) => {
  let isBusy = false
  const startWatched: Start = (file, { onDone, onEnd }) => {
    const settle = (listener: () => void) => () => {
      listener()
      isBusy = false
    }
    const worker = start(file, { onDone: settle(onDone), onEnd: settle(onEnd) })
    if (worker === null) return null
    const post = worker.postMessage.bind(worker)
    worker.postMessage = (...message) => {
      isBusy = true
      post(...message)
    }
    return worker
  }
  const idle = Effect.promise(async () => {
    while (isBusy) await setTimeout(1)
  })
  return { startWatched, idle }
}

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
      const { idle, startWatched } = watch(start)
      const checkpointer = new WalCheckpointer(connection, startWatched)
      for (let i = 0; i < 3_000; i++) {
        yield* write(connection, checkpointer, i)
        // Some rows beside each checkpoint; on a busy machine, a thread may take as long as all of them.
        if (i % 512 === 128) yield* idle
      }
      assert.isBelow(logBytes(connection), LIMIT_BYTES)
      yield* checkpointer.close
    }).pipe(Effect.scoped)
  )
}
