import {
  breathe,
  type Condition,
  type DropEntriesRequest,
  type ErasedPlace,
  matches,
  type MemoryError,
  type Removal,
  type RemoveTarget,
  type Scope,
  toErasure,
  warn
} from "@keepsake/core/driver"
import { chunksOf } from "effect/Array"
import * as Effect from "effect/Effect"
import type { StatementSync } from "node:sqlite"
import { localFromRid, sidFromRid } from "../codec/memoryRow.ts"
import type { CommitQueue } from "../connection/CommitQueue.ts"
import type { Connection } from "../connection/Connection.ts"
import { isBusy, toMemoryError } from "../connection/errors.ts"
import { pause } from "../connection/pause.ts"
import { runScan, type Scan } from "../connection/Scan.ts"
import { erased, filesLeft, logInUse, toFilePlaces, UNTOUCHED, untouched } from "../erasure.ts"
import { type DoomedRows, ErasureJournal, nameRows } from "./ErasureJournal.ts"
import { graphFolder } from "../graph/GraphFile.ts"
import type { GraphStore } from "../graph/GraphStore.ts"
import type { EntryTable } from "../tables/EntryTable.ts"
import type { MemoryQueries } from "../tables/MemoryQueries.ts"
import type { MemoryTable } from "../tables/MemoryTable.ts"
import { beginChange } from "../tables/ScopeChange.ts"
import type { ScopeRow, ScopeTable } from "../tables/ScopeTable.ts"
import type { SessionTable } from "../tables/SessionTable.ts"

/** Rows removed in one transaction, whose commit blocks the event loop. */
const BATCH = 128
/** How often, and with which pause, emptying the log is tried while another process reads it. */
const TRUNCATE_TRIES = 40
const TRUNCATE_PAUSE_MS = 5

/** Rows of a scope that one transaction removed. */
export interface RemovedRows {
  readonly sid: number
  readonly rids: ReadonlyArray<number>
  /** The scope's `removed` before and after. */
  readonly before: number
  readonly after: number
}

/** What one transaction of a removal did. */
interface Step {
  readonly removed: ReadonlyArray<RemovedRows>
  /** It took something besides rows. */
  readonly others: boolean
  readonly done: boolean
}

const DONE: Step = { removed: [], others: false, done: true }

export interface EraserServices {
  readonly connection: Connection
  readonly commits: CommitQueue
  readonly scopes: ScopeTable
  readonly memories: MemoryTable
  readonly sessions: SessionTable
  readonly entries: EntryTable
  readonly queries: MemoryQueries
  readonly graphs: GraphStore
  /** Hears of rows after their commit. */
  readonly onRemoved: (rows: RemovedRows) => void
}

/** Removes rows and entries and their bytes: from the tables, from the write-ahead log, and from saved graphs. */
export class Eraser {
  readonly #services: EraserServices
  readonly #journal: ErasureJournal
  readonly #selectExpired: StatementSync
  readonly #selectFirstExpiry: StatementSync
  /** An erasure, of this process or of one that was killed, has left bytes in the log. */
  #owesLog = false
  /** Scopes whose graphs an erasure could not delete. */
  readonly #owedGraphs = new Set<number>()

  constructor(services: EraserServices) {
    this.#services = services
    this.#journal = new ErasureJournal(services.connection)
    this.#selectExpired = services.connection.db.prepare(
      "SELECT rid FROM memory WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
    )
    this.#selectFirstExpiry = services.connection.db.prepare(
      "SELECT expires_at AS at FROM memory WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT 1"
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
    return this.#repeat(() => this.#commits(() => this.#clearUser(userId)))
  }

  *#clearUser(userId: string): Scan<Step> {
    const rows = this.#services.scopes.findByUser(userId)
    const [row] = rows
    for (const begun of rows) this.#journal.begin(begun)
    // The user may have other scopes.
    return row === undefined ? DONE : { ...(yield* this.#clear(row)), done: false }
  }

  /** Null where no row expires. */
  get firstExpiry(): number | null {
    const at = this.#selectFirstExpiry.get()?.["at"]
    return at === undefined ? null : Number(at)
  }

  removeExpired(now: number, limit: number): Effect.Effect<Removal, MemoryError> {
    return this.#repeat((removed) => this.#commits(() => this.#removeSomeExpired(now, limit - removed)))
  }

  *#removeSomeExpired(now: number, limit: number): Scan<Step> {
    const size = Math.min(BATCH, limit)
    const rids = this.#selectExpired.all(now, size).map(({ rid }) => Number(rid))
    const removed = yield* this.#removeBatch(rids)
    return { removed, others: false, done: rids.length < size || rids.length >= limit }
  }

  /** How many entries were dropped. */
  dropEntries({ kind, scope, sessionId, through }: DropEntriesRequest): Effect.Effect<number, MemoryError> {
    const { commits, entries, scopes } = this.#services
    const dropSome = function* (): Scan<number> {
      const row = scopes.find(scope)
      if (row === null) return 0
      const change = beginChange(row)
      const dropped = entries.drop(change, { sessionId, kind, through }, BATCH)
      if (dropped > 0) scopes.save(change)
      return dropped
    }
    const dropNext = (total: number): Effect.Effect<number, MemoryError> =>
      Effect.flatMap(commits.remove(dropSome, BATCH), (dropped) =>
        dropped === 0 ? Effect.succeed(total) : dropNext(total + dropped)
      )
    return Effect.flatMap(dropNext(0), (total) =>
      total === 0 ? Effect.succeed(total) : Effect.as(this.eraseLog, total)
    )
  }

  #commits(begin: () => Scan<Step>, rows = BATCH): Effect.Effect<Step, MemoryError> {
    return this.#services.commits.remove(begin, rows)
  }

  /**
   * Takes a batch of what a scope has, and at last the scope itself; rows that were written after the first batch stay.
   * Where a kill ends it, the next open goes on.
   */
  *#clear(row: ScopeRow | null): Scan<Step> {
    const { entries, memories, scopes, sessions } = this.#services
    if (row === null) return DONE
    const through = this.#journal.begin(row)
    const rids = memories.firstRids(row.sid, BATCH).filter((rid) => localFromRid(rid) < through)
    if (rids.length > 0) {
      return { removed: yield* this.#removeBatch(rids), others: false, done: false }
    }
    const change = beginChange(row)
    const dropped = entries.drop(change, {}, BATCH)
    if (dropped < BATCH) {
      sessions.deleteAll(row.sid)
      this.#journal.end(row.sid)
    }
    scopes.save(change)
    return { removed: [], others: dropped > 0, done: dropped < BATCH }
  }

  readonly #dropDamagedNotes: Effect.Effect<void, MemoryError> = Effect.suspend(() => {
    const { commits, connection } = this.#services
    const { damaged } = this.#journal
    return damaged.length === 0
      ? Effect.void
      : Effect.andThen(
          commits.write(() => this.#journal.remove(damaged)),
          warn(
            `What was being erased in ${connection.path} when a process ended is not known: its note is damaged. Forget it again.`
          )
        )
  })

  /**
   * Finishes what a process that was killed had begun to erase: rows of whole scopes, bytes in the log, graphs with
   * vectors of removed rows, and files half written.
   */
  readonly finish: Effect.Effect<void, MemoryError> = Effect.suspend(() => {
    const { connection, graphs, memories, scopes } = this.#services
    const rows = Effect.forEach(this.#journal.rows, (doomed) =>
      this.#removeRows(doomed, (rid) => memories.isUnchanged(rid, doomed.seq))
    )
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
    const files = graphs.sweep((sid) => scopes.findBySid(sid))
    return this.#dropDamagedNotes.pipe(
      Effect.andThen(rows),
      Effect.andThen(removals),
      Effect.andThen(log),
      Effect.andThen(Effect.mapError(files, (error) => toMemoryError(connection.path, error)))
    )
  })

  #removeIds(scope: Scope, ids: ReadonlyArray<string>): Effect.Effect<Removal, MemoryError> {
    const { commits, memories, scopes } = this.#services
    const [first = [], ...more] = chunksOf(Array.from(new Set(ids)), BATCH)
    const find = (chunk: ReadonlyArray<string>): Omit<DoomedRows, "key"> => {
      const row = scopes.find(scope)
      const rids = row === null ? [] : chunk.flatMap((id) => memories.findRid(row.sid, id) ?? [])
      // In their order in the file: rows beside each other share pages and blocks.
      return { seq: row?.seq ?? 0, rids: rids.sort((a, b) => a - b) }
    }
    if (more.length === 0) {
      return this.#repeat(() => this.#commits(() => this.#removeLast(find(first).rids), first.length))
    }
    // After the writes that wait, so that what was said before is found.
    const found = Effect.forEach([first, ...more], (chunk) => commits.read(() => find(chunk)))
    return Effect.flatMap(found, (chunks) => {
      const rids = chunks.flatMap((chunk) => chunk.rids).sort((a, b) => a - b)
      const rows = { key: nameRows(), seq: chunks[0]?.seq ?? 0, rids }
      return this.#removeRows(rows, (rid) => memories.isUnchanged(rid, Number.MAX_SAFE_INTEGER))
    })
  }

  /** Finds rows slice by slice, then removes those that still match. */
  #removeMatching(scope: Scope, filter: Condition): Effect.Effect<Removal, MemoryError> {
    const { connection, memories, queries, scopes } = this.#services
    const find = function* (): Scan<DoomedRows> {
      const row = scopes.find(scope)
      if (row === null) return { key: nameRows(), seq: 0, rids: [] }
      const { seq, sid } = row
      const selection = { scope, sid, filter, expiredAfter: Number.NEGATIVE_INFINITY, excludedFlags: 0 }
      return { key: nameRows(), seq, rids: yield* queries.findRids(selection) }
    }
    return Effect.flatMap(runScan(connection, find), (rows) =>
      this.#removeRows(rows, (rid) => {
        const memory = memories.findByRid(scope, rid)?.memory
        return memory !== undefined && matches(filter, memory)
      })
    )
  }

  /** Removes rows batch by batch. Where a kill comes between two, the next open goes on. */
  #removeRows(rows: DoomedRows, isDoomed: (rid: number) => boolean): Effect.Effect<Removal, MemoryError> {
    return Effect.suspend(() => {
      let from = 0
      const removeNext = this.#commits(
        () => this.#removeSome(rows, from, isDoomed),
        Math.min(BATCH, rows.rids.length)
      )
      // After the commit: a transaction may run twice.
      return this.#repeat(() => Effect.tap(removeNext, () => Effect.sync(() => (from += BATCH))))
    })
  }

  *#removeSome(rows: DoomedRows, from: number, isDoomed: (rid: number) => boolean): Scan<Step> {
    const { rids } = rows
    const isJournalled = rids.length > BATCH
    const doomed = rids.slice(from, from + BATCH).filter(isDoomed)
    const done = from + BATCH >= rids.length
    if (isJournalled && from === 0) this.#journal.beginRows(rows)
    const removed = yield* this.#removeBatch(doomed)
    if (isJournalled && done) this.#journal.endRows(rows)
    return { removed, others: false, done }
  }

  /** Takes steps until one is the last. @param step takes the number of rows that were removed before */
  #repeat(step: (removed: number) => Effect.Effect<Step, MemoryError>): Effect.Effect<Removal, MemoryError> {
    const next = (
      removed: number,
      sids: ReadonlySet<number>,
      others: boolean
    ): Effect.Effect<Removal, MemoryError> =>
      Effect.flatMap(step(removed), (taken) => {
        const total = taken.removed.reduce((sum, { rids }) => sum + rids.length, removed)
        const changed = new Set([...sids, ...taken.removed.map(({ sid }) => sid)])
        taken.removed.forEach(this.#services.onRemoved)
        const any = others || taken.others
        if (!taken.done) return next(total, changed, any)
        const hasRemoved = total > 0 || any
        const owes = this.#owesLog || this.#owedGraphs.size > 0
        const traces = hasRemoved || owes ? this.#eraseTraces(changed) : Effect.succeed(UNTOUCHED.slice(1))
        return Effect.map(traces, (places) => ({
          removed: total,
          ...toErasure([hasRemoved ? erased("rows") : untouched("rows"), ...places])
        }))
      })
    return Effect.suspend(() => next(0, new Set(), false))
  }

  *#removeLast(rids: ReadonlyArray<number>): Scan<Step> {
    return { removed: yield* this.#removeBatch(rids), others: false, done: true }
  }

  *#removeBatch(rids: ReadonlyArray<number>): Scan<ReadonlyArray<RemovedRows>> {
    const { memories, scopes } = this.#services
    const removed: Array<RemovedRows> = []
    for (const [sid, scopeRids] of Map.groupBy(rids, sidFromRid)) {
      const row = scopes.findBySid(sid)
      if (row === null) throw new RangeError(`Rows of scope ${sid} have no scope`)
      const change = beginChange(row)
      for (const rid of scopeRids) {
        memories.remove(change, rid)
        yield
      }
      scopes.save(change)
      removed.push({ sid, rids: scopeRids, before: row.removed, after: change.removed })
    }
    return removed
  }

  /** With what earlier erasures have left there: asking again does it. */
  #eraseTraces(sids: ReadonlySet<number>): Effect.Effect<ReadonlyArray<ErasedPlace>, MemoryError> {
    const { connection, graphs } = this.#services
    const doomed = [...this.#owedGraphs, ...sids]
    return Effect.flatMap(this.eraseLog, (log) =>
      Effect.match(graphs.forget(new Set(doomed)), {
        onSuccess: (files) => {
          for (const sid of doomed) this.#owedGraphs.delete(sid)
          return [log, ...toFilePlaces(files)]
        },
        onFailure: (error) => {
          for (const sid of doomed) this.#owedGraphs.add(sid)
          return [log, ...filesLeft(graphFolder(connection.realPath), error)]
        }
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
    const truncate = Effect.suspend(() => {
      try {
        connection.assertServing()
        this.#owesLog = !connection.checkpointTruncate()
      } catch (error) {
        if (!isBusy(error)) return Effect.fail(toMemoryError(connection.path, error))
        this.#owesLog = true
      }
      if (!this.#owesLog) return Effect.succeed(erased("log"))
      return tries > 1
        ? Effect.andThen(pause(TRUNCATE_PAUSE_MS), this.#truncateLog(tries - 1))
        : Effect.succeed(logInUse(connection.path))
    })
    // The commit before may have spent the slice.
    return Effect.andThen(breathe, connection.reads.guard(truncate))
  }
}
