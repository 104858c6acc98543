import type { Erasure, Filter, MemoryError, Removal, RemoveTarget, Scope } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { StatementSync } from "node:sqlite"
import { sidFromRid } from "../codec/memoryRow.ts"
import type { CommitQueue } from "../connection/CommitQueue.ts"
import type { Connection } from "../connection/Connection.ts"
import { isBusy, toMemoryError } from "../connection/errors.ts"
import { pause } from "../connection/pause.ts"
import { ERASED, graphsLeft, logInUse } from "../erasure.ts"
import { graphFolder } from "../graph/GraphFile.ts"
import type { GraphStore } from "../graph/GraphStore.ts"
import type { MemoryQueries } from "../tables/MemoryQueries.ts"
import { beginChange, type MemoryTable } from "../tables/MemoryTable.ts"
import type { ScopeTable } from "../tables/ScopeTable.ts"

/** Rows removed in one transaction, since a transaction blocks the event loop. */
const BATCH = 128
/** How often, and with which pause, emptying the log is tried while another process reads it. */
const TRUNCATE_TRIES = 40
const TRUNCATE_PAUSE_MS = 5

/** Removes rows and their bytes: from the tables, from the write-ahead log, and from saved graphs. */
export class Eraser {
  readonly #connection: Connection
  readonly #commits: CommitQueue
  readonly #scopes: ScopeTable
  readonly #memories: MemoryTable
  readonly #queries: MemoryQueries
  readonly #graphs: GraphStore
  readonly #selectExpired: StatementSync

  constructor(services: {
    readonly connection: Connection
    readonly commits: CommitQueue
    readonly scopes: ScopeTable
    readonly memories: MemoryTable
    readonly queries: MemoryQueries
    readonly graphs: GraphStore
  }) {
    this.#connection = services.connection
    this.#commits = services.commits
    this.#scopes = services.scopes
    this.#memories = services.memories
    this.#queries = services.queries
    this.#graphs = services.graphs
    this.#selectExpired = services.connection.db.prepare(
      "SELECT rid FROM memory WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
    )
  }

  /** Removes expired and superseded rows as well. */
  remove(scope: Scope, target: RemoveTarget): Effect.Effect<Removal, MemoryError> {
    return target._tag === "Ids"
      ? this.#removeIds(scope, target.ids)
      : this.#removeMatching(scope, target._tag === "All" ? {} : target.filter)
  }

  #removeMatching(scope: Scope, filter: Filter): Effect.Effect<Removal, MemoryError> {
    return this.#removeAll((limit, after) => {
      const row = this.#scopes.find(scope)
      return row === null ? [] : this.#queries.findRids(scope, row.sid, filter, after, limit)
    })
  }

  #removeIds(scope: Scope, ids: ReadonlyArray<string>): Effect.Effect<Removal, MemoryError> {
    return this.#removeAll((limit) => {
      const row = this.#scopes.find(scope)
      if (row === null) return []
      return ids.flatMap((id) => this.#memories.findRid(row.sid, id) ?? []).slice(0, limit)
    })
  }

  removeUser(userId: string): Effect.Effect<Removal, MemoryError> {
    return this.#removeAll((limit) => {
      const [row] = this.#scopes.findByUser(userId)
      return row === undefined
        ? []
        : this.#queries.findRids(this.#scopes.name(row.sid), row.sid, {}, 0, limit)
    })
  }

  removeExpired(now: number, limit: number): Effect.Effect<Removal, MemoryError> {
    return this.#removeAll(
      (batch) => this.#selectExpired.all(now, batch).map(({ rid }) => Number(rid)),
      limit
    )
  }

  /**
   * Removes batches until `find` returns none or `max` rows are removed.
   * @param find the next rows, up to `limit`; `after` is the last removed row
   */
  #removeAll(
    find: (limit: number, after: number) => ReadonlyArray<number>,
    max = Number.POSITIVE_INFINITY
  ): Effect.Effect<Removal, MemoryError> {
    const sids = new Set<number>()
    const removeNext = (removed: number, after: number): Effect.Effect<number, MemoryError> =>
      Effect.flatMap(
        this.#commits.write(() => {
          const rids = find(Math.min(BATCH, max - removed), after)
          this.#removeBatch(rids)
          return rids
        }, BATCH),
        (rids) => {
          for (const rid of rids) sids.add(sidFromRid(rid))
          const total = removed + rids.length
          const done = rids.length === 0 || total >= max
          return done ? Effect.succeed(total) : removeNext(total, rids.at(-1) ?? after)
        }
      )
    return Effect.flatMap(removeNext(0, 0), (removed) =>
      Effect.map(removed === 0 ? Effect.succeed(ERASED) : this.#eraseTraces(sids), (erasure) => ({
        removed,
        ...erasure
      }))
    )
  }

  #removeBatch(rids: ReadonlyArray<number>): void {
    for (const [sid, scopeRids] of Map.groupBy(rids, sidFromRid)) {
      const row = this.#scopes.findBySid(sid)
      if (row === null) throw new RangeError(`Rows of scope ${sid} have no scope`)
      const change = beginChange(row)
      for (const rid of scopeRids) this.#memories.remove(change, rid)
      this.#scopes.save(change)
    }
  }

  #eraseTraces(sids: ReadonlySet<number>): Effect.Effect<Erasure, MemoryError> {
    return Effect.flatMap(this.eraseLog, (erasure) =>
      Effect.match(this.#graphs.forget(sids), {
        onSuccess: () => erasure,
        onFailure: (error) => graphsLeft(graphFolder(this.#connection.path), error)
      })
    )
  }

  /**
   * Checkpoints the log, whose removed bytes are zeroes by then, and empties it. A reader in another process can
   * prevent that; the receipt says so after some retries.
   */
  readonly eraseLog: Effect.Effect<Erasure, MemoryError> = Effect.suspend(() =>
    this.#truncateLog(TRUNCATE_TRIES)
  )

  #truncateLog(tries: number): Effect.Effect<Erasure, MemoryError> {
    return Effect.suspend(() => {
      try {
        this.#connection.assertServing()
        if (this.#connection.checkpointTruncate()) return Effect.succeed(ERASED)
      } catch (error) {
        if (!isBusy(error)) return Effect.fail(toMemoryError(this.#connection.path, error))
      }
      return tries > 1
        ? Effect.andThen(pause(TRUNCATE_PAUSE_MS), this.#truncateLog(tries - 1))
        : Effect.succeed(logInUse(this.#connection.path))
    })
  }
}
