import { Effect } from "effect"
import { Worker } from "node:worker_threads"
import type { Connection } from "./Connection.ts"

/** Rows written, by this process, between two checkpoints: about 4 MB of log. */
const ROWS = 512

/**
 * Moves the write-ahead log into the file from a thread of its own: on the thread that serves, a checkpoint
 * of some megabytes holds the event loop for 20 to 60 ms. The thread is started by the first that is due.
 */
export class WalCheckpointer {
  readonly #connection: Connection
  #worker: Worker | null = null
  #running = false
  #rows = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Rows were committed. */
  written(rows: number): void {
    this.#rows += rows
    if (this.#rows < ROWS || this.#running) return
    this.#rows = 0
    this.#running = true
    this.#thread().postMessage(null, [])
  }

  #thread(): Worker {
    if (this.#worker !== null) return this.#worker
    // Beside this file, as source or as built.
    const entry = new URL(
      import.meta.url.endsWith(".ts") ? "./checkpointWorker.ts" : "./checkpointWorker.js",
      import.meta.url
    )
    const worker = new Worker(entry, { workerData: this.#connection.path })
    // Checkpoints are a matter of speed: without them the log grows until SQLite makes one itself.
    const ended = () => {
      this.#running = false
      this.#worker = null
    }
    worker.on("message", () => {
      this.#running = false
      // The little that was written meanwhile: once all of it is moved, the log starts again from its
      // beginning, and a log that does not grow is synced twice as fast.
      this.#connection.checkpointPassive()
    })
    worker.on("error", ended)
    worker.on("exit", ended)
    worker.unref()
    this.#worker = worker
    return worker
  }

  /** Ends the thread; a checkpoint under way is finished first. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const worker = this.#worker
    return worker === null ? Effect.void : Effect.asVoid(Effect.promise(() => worker.terminate()))
  })
}
