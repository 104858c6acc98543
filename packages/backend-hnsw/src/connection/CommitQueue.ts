import { MemoryError, Timeout } from "@keepsake/core/driver"
import { Effect, Exit } from "effect"
import type { WalCheckpointer } from "./WalCheckpointer.ts"
import type { Connection } from "./Connection.ts"
import { isBusy, toMemoryError } from "./errors.ts"

/** One commit gathers what waits, for at most about this long: a commit may not hold the event loop. */
const SLICE_MS = 5
/** How long a write waits for another process before it gives up. */
const BUSY_LIMIT_MS = 10_000
const BUSY_PAUSE_MS = 2

interface Job {
  /** Runs inside a transaction, and again in another if a neighbour failed: it must touch nothing else. */
  readonly body: () => unknown
  readonly settle: (exit: Exit.Exit<unknown, MemoryError>) => void
  readonly since: number
  /** Rows it may write. */
  readonly rows: number
}

/**
 * The only one who writes: writes of one process are committed in order, those that wait together in one
 * transaction (one fsync for all), each acknowledged after its commit.
 */
export class CommitQueue {
  readonly #connection: Connection
  readonly #checkpoints: WalCheckpointer
  #queue: Array<Job> = []
  #scheduled = false
  #idle: Array<() => void> = []

  constructor(connection: Connection, checkpoints: WalCheckpointer) {
    this.#connection = connection
    this.#checkpoints = checkpoints
  }

  /**
   * Commits what `body` does; interrupting it before its turn takes it out of the queue.
   * @param rows about how many it writes
   */
  write<A>(body: () => A, rows = 1): Effect.Effect<A, MemoryError> {
    return Effect.callback<A, MemoryError>((resume) => {
      const job: Job = {
        body,
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the value is what `body` returned
        settle: (exit) => resume(exit as Exit.Exit<A, MemoryError>),
        since: performance.now(),
        rows
      }
      this.#queue.push(job)
      this.#schedule()
      return Effect.sync(() => {
        this.#queue = this.#queue.filter((other) => other !== job)
      })
    })
  }

  /** When nothing waits any more. */
  readonly drained: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.#queue.length === 0) resume(Effect.void)
    else this.#idle.push(() => resume(Effect.void))
  })

  #schedule(delayMs = 0): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const next = () => {
      this.#scheduled = false
      this.#flush()
    }
    if (delayMs > 0) setTimeout(next, delayMs)
    else setImmediate(next)
  }

  #flush(): void {
    const busy = this.#commitSome() === "busy"
    if (this.#queue.length > 0) return this.#schedule(busy ? BUSY_PAUSE_MS * (0.5 + Math.random()) : 0)
    const idle = this.#idle
    this.#idle = []
    for (const resume of idle) resume()
  }

  #commitSome(): "done" | "busy" {
    const deadline = performance.now() + SLICE_MS
    const taken: Array<{ job: Job; value: unknown }> = []
    try {
      this.#transact(() => {
        for (const job of this.#queue) {
          taken.push({ job, value: job.body() })
          if (performance.now() > deadline) break
        }
      })
    } catch (error) {
      return isBusy(error) ? this.#giveUpLate(error) : this.#oneByOne(taken.length + 1)
    }
    this.#queue.splice(0, taken.length)
    for (const { job, value } of taken) this.#succeed(job, value)
    return "done"
  }

  #succeed(job: Job, value: unknown): void {
    this.#checkpoints.written(job.rows)
    job.settle(Exit.succeed(value))
  }

  /** A job failed and took its neighbours' transaction with it: each of them gets one of its own. */
  #oneByOne(count: number): "done" | "busy" {
    for (let i = 0; i < count; i++) {
      const job = this.#queue[0]
      if (job === undefined) return "done"
      try {
        const value = this.#transact(job.body)
        this.#queue.shift()
        this.#succeed(job, value)
      } catch (error) {
        if (isBusy(error)) return this.#giveUpLate(error)
        this.#queue.shift()
        job.settle(Exit.fail(toMemoryError(this.#connection.path, error)))
      }
    }
    return "done"
  }

  #giveUpLate(cause: unknown): "busy" {
    const overdue = performance.now() - BUSY_LIMIT_MS
    const late = this.#queue.filter((job) => job.since < overdue)
    this.#queue = this.#queue.filter((job) => job.since >= overdue)
    const reason = new Timeout({
      cause,
      message: `Another process kept ${this.#connection.path} locked for ${BUSY_LIMIT_MS / 1000} s; nothing was written. Try again.`
    })
    for (const job of late) job.settle(Exit.fail(new MemoryError({ reason })))
    return "busy"
  }

  #transact<A>(body: () => A): A {
    const { db } = this.#connection
    this.#connection.assertOpen()
    db.exec("BEGIN IMMEDIATE")
    try {
      // In the transaction, where no other process can move the file on any more.
      this.#connection.assertServing()
      const value = body()
      db.exec("COMMIT")
      return value
    } catch (error) {
      this.#connection.rollback()
      throw error
    }
  }
}
