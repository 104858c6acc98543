import { MemoryError, PART_MS, SLICE_MS, Timeout, workWhenFresh } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Connection } from "./Connection.ts"
import { attempt } from "./attempt.ts"
import { isBusy, toMemoryError } from "./errors.ts"
import { runToEnd, type Scan } from "./Scan.ts"
import { SpaceReserve } from "./SpaceReserve.ts"
import type { WalCheckpointer } from "./WalCheckpointer.ts"

/** Rows between two looks at the room on the disk. */
const ROWS_PER_LOOK = 256

/** From a removal on a full disk until room is kept for the next one. */
const RESERVE_AGAIN_MS = 1_000

/** How long a write waits for another process before it fails. */
const BUSY_LIMIT_MS = 10_000
const BUSY_PAUSE_MS = 2

/** From so many rows on, a write is worked at in slices, in a transaction of its own: fewer wait for others' commit. */
const SLICED_ROWS = 32

/** From so many rows on, a job begins no later than the slice of its group. */
const LARGE_ROWS = 64

interface Queued {
  readonly settle: (exit: Exit.Exit<unknown, MemoryError>) => void
  readonly since: number
  /** Rows it may write. */
  readonly rows: number
}

interface GroupedJob extends Queued {
  /** Runs inside a transaction, and in another if a neighbour failed: must have no other effects. */
  readonly body: () => unknown
}

interface SlicedJob extends Queued {
  /** Begins in a transaction, and again in another if the file was locked: must have no other effects. */
  readonly begin: () => Scan<unknown>
}

type Job = GroupedJob | SlicedJob

/** A transaction that stays open over turns of the event loop. */
interface OpenTransaction {
  readonly job: SlicedJob
  readonly scan: Scan<unknown>
  end: IteratorReturnResult<unknown> | null
}

/**
 * Group commit: the writes of this process run in order, those that wait together in one transaction (one fsync), and
 * each is acknowledged after its commit. Nothing else writes. A write of many rows has a transaction of its own, which is
 * worked at slice by slice while reads wait.
 */
export class CommitQueue {
  readonly #connection: Connection
  readonly #checkpointer: WalCheckpointer
  readonly #reserve: SpaceReserve
  #rowsSinceLook = 0
  #queue: Array<Job> = []
  #open: OpenTransaction | null = null
  #scheduled = false
  #idleListeners: Array<() => void> = []

  constructor(connection: Connection, checkpointer: WalCheckpointer) {
    this.#connection = connection
    this.#checkpointer = checkpointer
    this.#reserve = new SpaceReserve(connection.realPath)
    if (!connection.readOnly) this.#reserve.adjust()
  }

  /**
   * Runs `body` in a transaction; interrupting it before it starts removes it from the queue.
   * @param rows about how many it writes
   */
  write<A>(body: () => A, rows = 1): Effect.Effect<A, MemoryError> {
    return this.#enqueue((queued) => ({ ...queued, body }), rows)
  }

  /**
   * Runs what `begin` returns in a transaction: one of few rows as `write` does, another in slices of the event loop, in a
   * transaction of its own; interrupting that before its commit undoes all of it.
   */
  writeInSlices<A>(begin: () => Scan<A>, rows: number): Effect.Effect<A, MemoryError> {
    return rows < SLICED_ROWS
      ? this.write(() => runToEnd(begin()), rows)
      : this.#enqueue((queued) => ({ ...queued, begin }), rows)
  }

  #enqueue<A>(toJob: (queued: Queued) => Job, rows: number): Effect.Effect<A, MemoryError> {
    return Effect.callback<A, MemoryError>((resume) => {
      const settle = (exit: Exit.Exit<unknown, MemoryError>) => resume(exit as Exit.Exit<A, MemoryError>)
      const job = toJob({ settle, since: performance.now(), rows })
      this.#queue.push(job)
      this.#schedule()
      return Effect.sync(() => {
        this.#queue = this.#queue.filter((other) => other !== job)
        if (this.#open?.job === job) this.#undo()
      })
    })
  }

  /** Runs a removal as `writeInSlices` does; on a full disk in the room that is kept for it. */
  remove<A>(begin: () => Scan<A>, rows: number): Effect.Effect<A, MemoryError> {
    const removal = this.writeInSlices(begin, rows)
    return removal.pipe(
      Effect.catch((error) => {
        if (error.reason._tag !== "StorageFull" || !this.#reserve.release()) return Effect.fail(error)
        // Once the log is empty again.
        setTimeout(() => this.#reserve.adjust(), RESERVE_AGAIN_MS).unref()
        return removal
      })
    )
  }

  /** Runs `body` after the writes that wait, so that it sees them; at once where the file is opened read-only. */
  read<A>(body: () => A): Effect.Effect<A, MemoryError> {
    return this.#connection.readOnly ? attempt(this.#connection, body) : this.write(body)
  }

  /** Resumes when the queue is empty. */
  readonly drained: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.#queue.length === 0) resume(Effect.void)
    else this.#idleListeners.push(() => resume(Effect.void))
  })

  #schedule(delayMs = 0): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const run = () => {
      this.#scheduled = false
      this.#flush()
    }
    const runWhenFresh = () => workWhenFresh(run)
    if (delayMs > 0) setTimeout(runWhenFresh, delayMs)
    else setImmediate(runWhenFresh)
  }

  #flush(): void {
    const [first] = this.#queue
    const busy =
      first !== undefined && ("begin" in first ? this.#workAt(first) : this.#commitGroup()) === "busy"
    if (this.#queue.length > 0) return this.#schedule(busy ? BUSY_PAUSE_MS * (0.5 + Math.random()) : 0)
    const listeners = this.#idleListeners
    this.#idleListeners = []
    for (const notify of listeners) notify()
  }

  #commitGroup(): "done" | "busy" {
    // A commit blocks the event loop: it takes jobs for one slice.
    const deadline = performance.now() + SLICE_MS
    const group: Array<{ job: Job; value: unknown }> = []
    try {
      this.#transact(() => {
        for (const job of this.#queue) {
          if ("begin" in job || (group.length > 0 && job.rows >= LARGE_ROWS)) break
          group.push({ job, value: job.body() })
          if (performance.now() > deadline) break
        }
      })
    } catch (error) {
      return isBusy(error) ? this.#failOverdue(error) : this.#commitEach(group.length + 1)
    }
    this.#queue.splice(0, group.length)
    for (const { job, value } of group) this.#acknowledge(job, value)
    return "done"
  }

  /** Works at a write for a slice. */
  #workAt(job: SlicedJob): "done" | "busy" {
    const start = performance.now()
    let value: unknown
    try {
      const open = (this.#open ??= this.#begin(job))
      this.#connection.assertOpen()
      while (open.end === null) {
        const part = open.scan.next()
        if (part.done === true) open.end = part
        else if (performance.now() > start + SLICE_MS) return "done"
      }
      // The commit writes pages for milliseconds.
      if (performance.now() > start + PART_MS) return "done"
      this.#commit()
      ;({ value } = open.end)
    } catch (error) {
      this.#undo()
      if (isBusy(error)) return this.#failOverdue(error)
      this.#queue.shift()
      job.settle(Exit.fail(toMemoryError(this.#connection.path, error)))
      return "done"
    }
    this.#open = null
    this.#queue.shift()
    this.#acknowledge(job, value)
    this.#connection.reads.open()
    return "done"
  }

  #begin(job: SlicedJob): OpenTransaction {
    this.#beginTransaction()
    this.#connection.reads.close()
    return { job, scan: job.begin(), end: null }
  }

  /** Ends the open transaction without its writes. */
  #undo(): void {
    this.#open = null
    this.#connection.rollback()
    this.#connection.reads.open()
  }

  #acknowledge(job: Job, value: unknown): void {
    this.#checkpointer.countCommitted(job.rows, this.#reserve.isHeld)
    this.#rowsSinceLook += job.rows
    if (this.#rowsSinceLook >= ROWS_PER_LOOK) {
      this.#rowsSinceLook = 0
      this.#reserve.adjust()
    }
    // The commit may have spent the slice.
    workWhenFresh(() => job.settle(Exit.succeed(value)))
  }

  /** After a job failed and rolled its group back: each job gets its own transaction. */
  #commitEach(count: number): "done" | "busy" {
    for (let i = 0; i < count; i++) {
      const job = this.#queue[0]
      if (job === undefined || "begin" in job) return "done"
      try {
        const value = this.#transact(job.body)
        this.#queue.shift()
        this.#acknowledge(job, value)
      } catch (error) {
        if (isBusy(error)) return this.#failOverdue(error)
        this.#queue.shift()
        job.settle(Exit.fail(toMemoryError(this.#connection.path, error)))
      }
    }
    return "done"
  }

  #failOverdue(cause: unknown): "busy" {
    const oldest = performance.now() - BUSY_LIMIT_MS
    const overdue = this.#queue.filter((job) => job.since < oldest)
    this.#queue = this.#queue.filter((job) => job.since >= oldest)
    const reason = new Timeout({
      cause,
      message: `Another process kept ${this.#connection.path} locked for ${BUSY_LIMIT_MS / 1000} s; nothing was written. Try again.`
    })
    for (const job of overdue) job.settle(Exit.fail(new MemoryError({ reason })))
    return "busy"
  }

  #transact<A>(body: () => A): A {
    try {
      this.#beginTransaction()
      const value = body()
      this.#commit()
      return value
    } catch (error) {
      this.#connection.rollback()
      throw error
    }
  }

  #beginTransaction(): void {
    this.#connection.assertOpen()
    this.#connection.assertInPlaceAfterPause()
    this.#connection.db.exec("BEGIN IMMEDIATE")
    // After BEGIN, when no other process can switch the embedder any more.
    this.#connection.assertServing()
  }

  #commit(): void {
    this.#connection.db.exec("COMMIT")
    this.#connection.assertCommitted()
  }
}
