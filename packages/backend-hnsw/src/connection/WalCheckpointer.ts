import { workWhenFresh } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { Worker } from "node:worker_threads"
import type { Connection } from "./Connection.ts"
import { startCheckpointThread } from "./checkpointThread.ts"

/** Rows that this process commits between two checkpoints of the thread: about 4 MB of log. */
const ROWS_PER_CHECKPOINT = 512
/** Rows between two checkpoints on the serving thread, which block it for a few milliseconds each. */
const ROWS_PER_SLICE = 48
/** How often the thread begins again because more was written meanwhile: the log would else grow as long as writes come. */
const PASSES_MAX = 4

/**
 * Checkpoints the write-ahead log in a thread: on the serving thread, a checkpoint of a few megabytes blocks the event
 * loop for 20 to 60 ms. The first due checkpoint starts the thread. Where there is none (a runtime that lends none, a
 * thread that failed), the serving thread checkpoints by slices.
 */
export class WalCheckpointer {
  readonly #connection: Connection
  readonly #startThread: typeof startCheckpointThread
  #worker: Worker | null = null
  #lacksThread = false
  #isClosed = false
  #running = false
  #rows = 0
  /** Of the thread, without a pause. */
  #passes = 0
  /** The end of a checkpoint fell into a transaction. */
  #isOwed = false

  /** @param startThread `startCheckpointThread`, or a test's replacement */
  constructor(connection: Connection, startThread = startCheckpointThread) {
    this.#connection = connection
    this.#startThread = startThread
  }

  /**
   * Starts a checkpoint if enough rows were committed.
   * @param isTight keeps the log as short as can be: every commit is checkpointed, on the serving thread
   */
  countCommitted(rows: number, isTight: boolean): void {
    if (this.#isOwed) this.#checkpointRest()
    this.#rows += rows
    if (this.#rows < this.#dueRows(isTight) || this.#running) return
    this.#rows = 0
    this.#running = true
    // After the writes of this slice are acknowledged: starting the thread takes some milliseconds.
    setImmediate(() => workWhenFresh(() => this.#checkpoint(isTight)))
  }

  #checkpoint(isTight: boolean): void {
    if (this.#isClosed) return
    const worker = isTight ? null : this.#ensureWorker()
    if (worker !== null) return this.#checkpointInThread()
    this.#running = false
    this.#checkpointHere()
  }

  #dueRows(isTight: boolean): number {
    if (isTight) return 1
    return this.#lacksThread ? ROWS_PER_SLICE : ROWS_PER_CHECKPOINT
  }

  #ensureWorker(): Worker | null {
    if (this.#worker !== null || this.#lacksThread) return this.#worker
    this.#worker = this.#startThread(this.#connection, {
      onDone: () => this.#onDone(),
      onEnd: () => {
        this.#running = false
        this.#worker = null
        this.#lacksThread = true
      }
    })
    this.#lacksThread = this.#worker === null
    return this.#worker
  }

  #onDone(): void {
    if (this.#rows >= ROWS_PER_SLICE && this.#passes < PASSES_MAX) return this.#checkpointInThread()
    this.#passes = 0
    this.#running = false
    this.#checkpointRest()
  }

  #checkpointInThread(): void {
    this.#passes++
    this.#rows = 0
    this.#worker?.postMessage(null, [])
  }

  /**
   * Checkpoints what was written meanwhile: a log that is wholly checkpointed is reused from its start, and a log that
   * does not grow is synced twice as fast.
   */
  #checkpointRest(): void {
    workWhenFresh(() => this.#checkpointHere())
  }

  #checkpointHere(): void {
    this.#isOwed = !this.#connection.checkpointPassive()
  }

  /** Ends the thread after its current checkpoint. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.#isClosed = true
    const worker = this.#worker
    return worker === null ? Effect.void : Effect.asVoid(Effect.promise(() => worker.terminate()))
  })
}
