import {
  type Condition,
  type DropEntriesRequest,
  type ErasedPlace,
  matches,
  type MemoryError,
  type Removal,
  type RemoveTarget,
  type Scope,
  toErasure
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { StatementSync } from "node:sqlite"
import { localFromRid, sidFromRid } from "../codec/memoryRow.ts"
import type { CommitQueue } from "../connection/CommitQueue.ts"
import type { Connection } from "../connection/Connection.ts"
import { isBusy, toMemoryError } from "../connection/errors.ts"
import { pause } from "../connection/pause.ts"
import { runScan } from "../connection/Scan.ts"
import { erased, filesLeft, logInUse, toFilePlaces, UNTOUCHED } from "../erasure.ts"
import { ErasureJournal } from "./ErasureJournal.ts"
import { graphFolder } from "../graph/GraphFile.ts"
import type { GraphStore } from "../graph/GraphStore.ts"
import type { EntryTable } from "../tables/EntryTable.ts"
import type { MemoryQueries } from "../tables/MemoryQueries.ts"
import type { MemoryTable } from "../tables/MemoryTable.ts"
import { beginChange } from "../tables/ScopeChange.ts"
import type { ScopeRow, ScopeTable } from "../tables/ScopeTable.ts"
import type { SessionTable } from "../tables/SessionTable.ts"

/** Rows removed in one transaction, since a transaction blocks the event loop. */
const BATCH = 128
/** How often, and with which pause, emptying the log is tried while another process reads it. */
const TRUNCATE_TRIES = 40
const TRUNCATE_PAUSE_MS = 5

/** What one transaction of a removal did. */
interface Step {
  readonly rids: ReadonlyArray<number>
  /** It took something besides rows. */
  readonly others: boolean
  readonly done: boolean
}

const DONE: Step = { rids: [], others: false, done: true }

export interface EraserServices {
  readonly connection: Connection
  readonly commits: CommitQueue
  readonly scopes: ScopeTable
  readonly memories: MemoryTable
  readonly sessions: SessionTable
  readonly entries: EntryTable
  readonly queries: MemoryQueries
  readonly graphs: GraphStore
}

/** Removes rows and entries and their bytes: from the tables, from the write-ahead log, and from saved graphs. */
export class Eraser {
  readonly #services: EraserServices
  readonly #journal: ErasureJournal
  readonly #selectExpired: StatementSync

  constructor(services: EraserServices) {
    this.#services = services
    this.#journal = new ErasureJournal(services.connection)
    this.#selectExpired = services.connection.db.prepare(
      "SELECT rid FROM memory WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
    )
  }

  /** Removes expired and superseded rows as well. */
  remove(scope: Scope, target: RemoveTarget): Effect.Effect<Removal, MemoryError> {
    switch (target._tag) {
      case "Ids":
        return this.#removeIds(scope, target.ids)
      case "Filter":
        return this.#removeMatching(scope, target.filter)
      case "All":
        return this.#repeat(() => this.#commits(() => this.#clear(this.#services.scopes.find(scope))))
    }
  }

  removeUser(userId: string): Effect.Effect<Removal, MemoryError> {
    return this.#repeat(() =>
      this.#commits(() => {
        const rows = this.#services.scopes.findByUser(userId)
        const [row] = rows
        for (const begun of rows) this.#journal.begin(begun)
        // The user may have other scopes.
        return row === undefined ? DONE : { ...this.#clear(row), done: false }
      })
    )
  }

  removeExpired(now: number, limit: number): Effect.Effect<Removal, MemoryError> {
    return this.#repeat((removed) =>
      this.#commits(() => {
        const size = Math.min(BATCH, limit - removed)
        const rids = this.#selectExpired.all(now, size).map(({ rid }) => Number(rid))
        this.#removeBatch(rids)
        return { rids, others: false, done: rids.length < size || removed + rids.length >= limit }
      })
    )
  }

  /** How many entries were dropped. */
  dropEntries({ kind, scope, sessionId, through }: DropEntriesRequest): Effect.Effect<number, MemoryError> {
    const { commits, entries, scopes } = this.#services
    const dropNext = (total: number): Effect.Effect<number, MemoryError> =>
      Effect.flatMap(
        commits.remove(() => {
          const row = scopes.find(scope)
          if (row === null) return 0
          const change = beginChange(row)
          const dropped = entries.drop(change, { sessionId, kind, through }, BATCH)
          if (dropped > 0) scopes.save(change)
          return dropped
        }, BATCH),
        (dropped) => (dropped === 0 ? Effect.succeed(total) : dropNext(total + dropped))
      )
    return Effect.flatMap(dropNext(0), (total) =>
      total === 0 ? Effect.succeed(total) : Effect.as(this.eraseLog, total)
    )
  }

  #commits(body: () => Step): Effect.Effect<Step, MemoryError> {
    return this.#services.commits.remove(body, BATCH)
  }

  /**
   * Takes a batch of what a scope has, and at last the scope itself; rows that were written after the first batch stay.
   * Where a kill ends it, the next open goes on.
   */
  #clear(row: ScopeRow | null): Step {
    const { entries, memories, scopes, sessions } = this.#services
    if (row === null) return DONE
    const through = this.#journal.begin(row)
    const rids = memories.firstRids(row.sid, BATCH).filter((rid) => localFromRid(rid) < through)
    if (rids.length > 0) {
      this.#removeBatch(rids)
      return { rids, others: false, done: false }
    }
    const change = beginChange(row)
    const dropped = entries.drop(change, {}, BATCH)
    if (dropped < BATCH) {
      sessions.deleteAll(row.sid)
      this.#journal.end(row.sid)
    }
    scopes.save(change)
    return { rids, others: dropped > 0, done: dropped < BATCH }
  }

  /**
   * Finishes what a process that was killed had begun to erase: rows of whole scopes, bytes in the log, graphs with
   * vectors of removed rows, and files half written.
   */
  readonly finish: Effect.Effect<void, MemoryError> = Effect.suspend(() => {
    const { connection, graphs, scopes } = this.#services
    const removals = Effect.forEach(this.#journal.sids, (sid) =>
      this.#repeat(() =>
        this.#commits(() => {
          const row = scopes.findBySid(sid)
          if (row === null) this.#journal.end(sid)
          return this.#clear(row)
        })
      )
    )
    const log = Effect.suspend(() => (connection.hasLog ? this.#truncateLog(1) : Effect.void))
    const files = graphs.sweep((sid) => scopes.findBySid(sid)?.removed ?? null)
    return removals.pipe(
      Effect.andThen(log),
      Effect.andThen(Effect.mapError(files, (error) => toMemoryError(connection.path, error)))
    )
  })

  #removeIds(scope: Scope, ids: ReadonlyArray<string>): Effect.Effect<Removal, MemoryError> {
    const { memories, scopes } = this.#services
    return this.#repeat(() =>
      this.#commits(() => {
        const row = scopes.find(scope)
        if (row === null) return DONE
        const found = ids.flatMap((id) => memories.findRid(row.sid, id) ?? [])
        // In their order in the file: rows beside each other share pages and blocks.
        const rids = found.sort((a, b) => a - b).slice(0, BATCH)
        this.#removeBatch(rids)
        return { rids, others: false, done: rids.length < BATCH }
      })
    )
  }

  /** Finds rows slice by slice, and removes those that still match in a transaction. */
  #removeMatching(scope: Scope, filter: Condition): Effect.Effect<Removal, MemoryError> {
    const { connection, memories, queries, scopes } = this.#services
    const find = (after: number) =>
      runScan(connection, function* () {
        const row = scopes.find(scope)
        if (row === null) return []
        const selection = {
          scope,
          sid: row.sid,
          filter,
          expiredAfter: Number.NEGATIVE_INFINITY,
          excludedFlags: 0
        }
        return yield* queries.findRids(selection, after, BATCH)
      })
    const removeFound = (found: ReadonlyArray<number>) =>
      this.#commits(() => {
        const rids = found.filter((rid) => {
          const memory = memories.findByRid(scope, rid)?.memory
          return memory !== undefined && matches(filter, memory)
        })
        this.#removeBatch(rids)
        return { rids, others: false, done: false }
      })
    return Effect.suspend(() => {
      let after = 0
      return this.#repeat(() =>
        Effect.flatMap(find(after), (found) => {
          after = found.at(-1) ?? after
          return found.length === 0 ? Effect.succeed(DONE) : removeFound(found)
        })
      )
    })
  }

  /** Takes steps until one is the last. @param step takes the number of rows that were removed before */
  #repeat(step: (removed: number) => Effect.Effect<Step, MemoryError>): Effect.Effect<Removal, MemoryError> {
    const next = (
      removed: number,
      sids: ReadonlySet<number>,
      others: boolean
    ): Effect.Effect<Removal, MemoryError> =>
      Effect.flatMap(step(removed), (taken) => {
        const total = removed + taken.rids.length
        const changed = new Set([...sids, ...taken.rids.map(sidFromRid)])
        const any = others || taken.others
        if (!taken.done) return next(total, changed, any)
        return Effect.map(
          total > 0 || any ? this.#eraseTraces(changed) : Effect.succeed(UNTOUCHED),
          (places) => ({ removed: total, ...toErasure(places) })
        )
      })
    return Effect.suspend(() => next(0, new Set(), false))
  }

  #removeBatch(rids: ReadonlyArray<number>): void {
    const { memories, scopes } = this.#services
    for (const [sid, scopeRids] of Map.groupBy(rids, sidFromRid)) {
      const row = scopes.findBySid(sid)
      if (row === null) throw new RangeError(`Rows of scope ${sid} have no scope`)
      const change = beginChange(row)
      for (const rid of scopeRids) memories.remove(change, rid)
      scopes.save(change)
    }
  }

  #eraseTraces(sids: ReadonlySet<number>): Effect.Effect<ReadonlyArray<ErasedPlace>, MemoryError> {
    const { connection, graphs } = this.#services
    return Effect.flatMap(this.eraseLog, (log) =>
      Effect.match(graphs.forget(sids), {
        onSuccess: (files) => [erased("rows"), log, ...toFilePlaces(files)],
        onFailure: (error) => [erased("rows"), log, ...filesLeft(graphFolder(connection.realPath), error)]
      })
    )
  }

  /**
   * Checkpoints the log, whose removed bytes are zeroes by then, and empties it. A reader in another process can
   * prevent that; the receipt says so after some retries.
   */
  readonly eraseLog: Effect.Effect<ErasedPlace, MemoryError> = Effect.suspend(() =>
    this.#truncateLog(TRUNCATE_TRIES)
  )

  #truncateLog(tries: number): Effect.Effect<ErasedPlace, MemoryError> {
    const { connection } = this.#services
    return Effect.suspend(() => {
      try {
        connection.assertServing()
        if (connection.checkpointTruncate()) return Effect.succeed(erased("log"))
      } catch (error) {
        if (!isBusy(error)) return Effect.fail(toMemoryError(connection.path, error))
      }
      return tries > 1
        ? Effect.andThen(pause(TRUNCATE_PAUSE_MS), this.#truncateLog(tries - 1))
        : Effect.succeed(logInUse(connection.path))
    })
  }
}
