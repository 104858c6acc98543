import { Effect } from "effect"
import { Worker } from "node:worker_threads"
import type { Connection } from "./Connection.ts"

/** Rows that this process commits between two checkpoints: about 4 MB of log. */
const ROWS_PER_CHECKPOINT = 512

/**
 * Checkpoints the write-ahead log in a thread: on the serving thread, a checkpoint of a few megabytes blocks the event
 * loop for 20 to 60 ms. The first due checkpoint starts the thread.
 */
export class WalCheckpointer {
  readonly #connection: Connection
  #worker: Worker | null = null
  #running = false
  #rows = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Starts a checkpoint if enough rows were committed. */
  countCommitted(rows: number): void {
    this.#rows += rows
    if (this.#rows < ROWS_PER_CHECKPOINT || this.#running) return
    this.#rows = 0
    this.#running = true
    this.#ensureWorker().postMessage(null, [])
  }

  #ensureWorker(): Worker {
    if (this.#worker !== null) return this.#worker
    // Source and build output have the same layout.
    const entry = new URL(
      import.meta.url.endsWith(".ts") ? "./checkpointWorker.ts" : "./checkpointWorker.js",
      import.meta.url
    )
    const worker = new Worker(entry, { workerData: this.#connection.path })
    // A failure costs only speed: the log grows until SQLite checkpoints it in a commit.
    const onEnd = () => {
      this.#running = false
      this.#worker = null
    }
    worker.on("message", () => {
      this.#running = false
      // Checkpoints what was written meanwhile: a log that is wholly checkpointed is reused from its start, and a log
      // that does not grow is synced twice as fast.
      this.#connection.checkpointPassive()
    })
    worker.on("error", onEnd)
    worker.on("exit", onEnd)
    worker.unref()
    this.#worker = worker
    return worker
  }

  /** Ends the thread after its current checkpoint. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const worker = this.#worker
    return worker === null ? Effect.void : Effect.asVoid(Effect.promise(() => worker.terminate()))
  })
}
