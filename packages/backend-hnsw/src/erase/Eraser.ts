import type { Erasure, Filter, MemoryError, Removal, Scope } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { StatementSync } from "node:sqlite"
import type { Connection } from "../connection/Connection.ts"
import { graphFolder } from "../graph/GraphFile.ts"
import type { GraphStore } from "../graph/GraphStore.ts"
import { pause } from "../connection/pause.ts"
import type { MemoryQueries } from "../tables/MemoryQueries.ts"
import { changeOf, type MemoryTable } from "../tables/MemoryTable.ts"
import { sidOf } from "../codec/memoryRow.ts"
import type { ScopeTable } from "../tables/ScopeTable.ts"
import { isBusy, toMemoryError } from "../connection/errors.ts"
import type { CommitQueue } from "../connection/CommitQueue.ts"

/** Rows removed in one transaction: a removal may not hold the event loop. */
const BATCH = 128
/** Tries to empty the log while another process reads it, and the pause between them. */
const TRIES = 40
const PAUSE_MS = 5

export const ERASED: Erasure = { bytes: "erased", toErase: "" }

/** Takes rows away for good: out of the tables, then out of the write-ahead log. */
export class Eraser {
  readonly #connection: Connection
  readonly #writer: CommitQueue
  readonly #scopes: ScopeTable
  readonly #records: MemoryTable
  readonly #reader: MemoryQueries
  readonly #graphs: GraphStore
  readonly #expired: StatementSync

  constructor(
    connection: Connection,
    writer: CommitQueue,
    scopes: ScopeTable,
    records: MemoryTable,
    reader: MemoryQueries,
    graphs: GraphStore
  ) {
    this.#connection = connection
    this.#writer = writer
    this.#scopes = scopes
    this.#records = records
    this.#reader = reader
    this.#graphs = graphs
    this.#expired = connection.db.prepare(
      "SELECT rid FROM memory WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
    )
  }

  /** Rows of a scope that match, whatever their lifetime. */
  removeMatching(scope: Scope, filter: Filter): Effect.Effect<Removal, MemoryError> {
    return this.#removeAll((limit, after) => {
      const row = this.#scopes.find(scope)
      return row === null ? [] : this.#reader.doomed(scope, row.sid, filter, after, limit)
    })
  }

  removeIds(scope: Scope, ids: ReadonlyArray<string>): Effect.Effect<Removal, MemoryError> {
    return this.#removeAll((limit) => {
      const row = this.#scopes.find(scope)
      if (row === null) return []
      return ids.flatMap((id) => this.#records.ridOf(row.sid, id) ?? []).slice(0, limit)
    })
  }

  removeUser(userId: string): Effect.Effect<Removal, MemoryError> {
    return this.#removeAll((limit) => {
      const [row] = this.#scopes.ofUser(userId)
      return row === undefined ? [] : this.#reader.doomed(this.#scopes.name(row.sid), row.sid, {}, 0, limit)
    })
  }

  removeExpired(now: number, limit: number): Effect.Effect<Removal, MemoryError> {
    return this.#removeAll((batch) => this.#expired.all(now, batch).map(({ rid }) => Number(rid)), limit)
  }

  /**
   * Removes what `find` finds, batch by batch, until it finds nothing or `max` is reached.
   * @param find the next rows, at most `limit`; `after` is the last one removed
   */
  #removeAll(
    find: (limit: number, after: number) => ReadonlyArray<number>,
    max = Number.POSITIVE_INFINITY
  ): Effect.Effect<Removal, MemoryError> {
    const sids = new Set<number>()
    const next = (removed: number, after: number): Effect.Effect<number, MemoryError> =>
      Effect.flatMap(
        this.#writer.write(() => {
          const rids = find(Math.min(BATCH, max - removed), after)
          this.#removeBatch(rids)
          return rids
        }, BATCH),
        (rids) => {
          for (const rid of rids) sids.add(sidOf(rid))
          const total = removed + rids.length
          return rids.length === 0 || total >= max ? Effect.succeed(total) : next(total, rids.at(-1) ?? after)
        }
      )
    return Effect.flatMap(next(0, 0), (removed) =>
      Effect.map(removed === 0 ? Effect.succeed(ERASED) : this.#eraseTraces(sids), (erasure) => ({
        removed,
        ...erasure
      }))
    )
  }

  #eraseTraces(sids: ReadonlySet<number>): Effect.Effect<Erasure, MemoryError> {
    return Effect.flatMap(this.erase, (erasure) =>
      Effect.match(this.#graphs.forget(sids), {
        onSuccess: () => erasure,
        onFailure: (error): Erasure => ({
          bytes: "unlinked",
          toErase: `Delete the folder ${graphFolder(this.#connection.path)}, which holds vectors: ${error.message}`
        })
      })
    )
  }

  #removeBatch(rids: ReadonlyArray<number>): void {
    const bySid = Map.groupBy(rids, sidOf)
    for (const [sid, doomed] of bySid) {
      const row = this.#scopes.bySid(sid)
      if (row === null) throw new RangeError(`Rows of scope ${sid} have no scope`)
      const change = changeOf(row)
      for (const rid of doomed) this.#records.remove(change, rid)
      this.#scopes.save(change)
    }
  }

  /**
   * Moves the log into the file, where removed bytes are zeroes by now, and empties it. Another process that
   * reads just then can keep the log; it is asked again for a while, and the receipt tells.
   */
  readonly erase: Effect.Effect<Erasure, MemoryError> = Effect.suspend(() => this.#truncate(TRIES))

  #truncate(tries: number): Effect.Effect<Erasure, MemoryError> {
    return Effect.suspend(() => {
      try {
        this.#connection.assertServing()
        if (this.#connection.checkpointTruncate()) return Effect.succeed(ERASED)
      } catch (error) {
        if (!isBusy(error)) return Effect.fail(toMemoryError(this.#connection.path, error))
      }
      if (tries > 1) return Effect.andThen(pause(PAUSE_MS), this.#truncate(tries - 1))
      return Effect.succeed({
        bytes: "unlinked",
        toErase:
          `Another process is reading ${this.#connection.path}: the bytes stay in its write-ahead log until the ` +
          "next removal, or until the last process closes the store."
      })
    })
  }
}
