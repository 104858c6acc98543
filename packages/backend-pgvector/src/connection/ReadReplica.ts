import { type MemoryError, warn } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { scopeId } from "../scopeId.ts"
import type { Database } from "./Database.ts"
import { errorCode } from "./errors.ts"
import type { RowScope } from "./RowScope.ts"

/** How long a replica that failed is asked nothing. */
const REST_MS = 10_000

const CANCELLED = "57014"

/** Whether the primary may answer where the replica failed: it is away, or has not yet what the primary has. */
const isOfReplica = (error: MemoryError): boolean =>
  (error.isRetryable || error.reason._tag === "Closed") && errorCode(error.cause) !== CANCELLED

/**
 * A second server that answers reads, later than the primary by its lag. A scope that this handle has written to is
 * read from the primary for a while, so that a handle sees its own writes.
 */
export class ReadReplica {
  readonly database: Database
  readonly #afterWriteMs: number
  /** When a scope was written, oldest first. */
  readonly #writtenAt = new Map<string, number>()
  #allWrittenAt = Number.NEGATIVE_INFINITY
  #restsUntil = 0

  constructor(database: Database, afterWriteMs: number) {
    this.database = database
    this.#afterWriteMs = afterWriteMs
  }

  /** `own` is the replica's answer, `primary` that of the primary. */
  answer<A>(
    rowScope: RowScope,
    own: Effect.Effect<A, MemoryError>,
    primary: Effect.Effect<A, MemoryError>
  ): Effect.Effect<A, MemoryError> {
    return Effect.suspend(() =>
      this.#mayRead(rowScope)
        ? own.pipe(Effect.catch((error) => Effect.andThen(this.#giveWay(error), primary)))
        : primary
    )
  }

  /** Notes a write as it ends, however it ends. */
  afterWrite<A>(rowScope: RowScope, write: Effect.Effect<A, MemoryError>): Effect.Effect<A, MemoryError> {
    return Effect.ensuring(
      write,
      Effect.sync(() => this.#note(rowScope))
    )
  }

  #mayRead(rowScope: RowScope): boolean {
    const now = performance.now()
    if (now < this.#restsUntil) return false
    const since = now - this.#afterWriteMs
    for (const [key, at] of this.#writtenAt) {
      if (at > since) break
      this.#writtenAt.delete(key)
    }
    if (this.#allWrittenAt > since) return false
    return rowScope === "all" ? this.#writtenAt.size === 0 : !this.#writtenAt.has(scopeId(rowScope))
  }

  #note(rowScope: RowScope): void {
    const now = performance.now()
    if (rowScope === "all") this.#allWrittenAt = now
    else {
      const key = scopeId(rowScope)
      this.#writtenAt.delete(key)
      this.#writtenAt.set(key, now)
    }
  }

  /** Fails where the primary would fail too; else leaves the replica alone for a while. */
  #giveWay(error: MemoryError): Effect.Effect<void, MemoryError> {
    return Effect.suspend(() => {
      if (!isOfReplica(error)) return Effect.fail(error)
      this.#restsUntil = performance.now() + REST_MS
      return warn(`keepsake: readUrl does not answer, so the primary is read: ${error.message}`)
    })
  }
}
