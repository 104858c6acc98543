import {
  checkVectors,
  conflict,
  type Fingerprint,
  type Memory,
  type MemoryError,
  noMoveUnderWay,
  otherMoveUnderWay,
  sameFingerprint,
  scopeKey,
  type StagedRow
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { sidFromRid } from "../codec/memoryRow.ts"
import type { CommitQueue } from "../connection/CommitQueue.ts"
import type { Connection } from "../connection/Connection.ts"
import { bodyTable, createSpaceTables, dropSpaceTables } from "../schema/schema.ts"
import type { MemoryTable } from "../tables/MemoryTable.ts"
import { beginChange } from "../tables/ScopeChange.ts"
import type { ScopeTable } from "../tables/ScopeTable.ts"

/** The move to another embedder: fills a second table of bodies while the first serves. */
export class Staging {
  readonly #connection: Connection
  readonly #commits: CommitQueue
  readonly #scopes: ScopeTable
  readonly #memories: MemoryTable
  readonly #stagedTable: string
  /** Earlier rows have staged bodies, unless they changed meanwhile. */
  #resumeRid = 0

  constructor(services: {
    readonly connection: Connection
    readonly commits: CommitQueue
    readonly scopes: ScopeTable
    readonly memories: MemoryTable
  }) {
    this.#connection = services.connection
    this.#commits = services.commits
    this.#scopes = services.scopes
    this.#memories = services.memories
    this.#stagedTable = bodyTable(services.connection.generation + 1)
  }

  #stagedFingerprint(): Fingerprint | null {
    return this.#connection.staged
  }

  stage(next: Fingerprint): Effect.Effect<void, MemoryError> {
    return this.#commits.write(() => {
      const staged = this.#stagedFingerprint()
      if (staged === null) {
        this.#connection.db.exec(createSpaceTables(this.#connection.generation + 1))
        this.#connection.setMeta("staged", JSON.stringify(next))
      } else if (!sameFingerprint(staged, next)) {
        throw otherMoveUnderWay(staged, next)
      }
    })
  }

  unstaged(limit: number): Effect.Effect<ReadonlyArray<Memory>, MemoryError> {
    return this.#commits.read(() => {
      if (this.#stagedFingerprint() === null) return []
      const later = this.#findUnstaged(this.#resumeRid, limit)
      const rids = later.length > 0 ? later : this.#findUnstaged(0, limit)
      this.#resumeRid = rids[0] ?? 0
      return rids.flatMap(
        (rid) => this.#memories.findByRid(this.#scopes.name(sidFromRid(rid)), rid)?.memory ?? []
      )
    })
  }

  #findUnstaged(from: number, limit: number): ReadonlyArray<number> {
    return this.#connection.db
      .prepare(
        `SELECT m.rid FROM memory m WHERE m.rid >= ? AND NOT EXISTS (SELECT 1 FROM ${this.#stagedTable} n WHERE n.rid = m.rid) ` +
          "ORDER BY m.rid LIMIT ?"
      )
      .all(from, limit)
      .map(({ rid }) => Number(rid))
  }

  fill(rows: ReadonlyArray<StagedRow>): Effect.Effect<void, MemoryError> {
    const check = (fingerprint: Fingerprint | null) =>
      fingerprint === null
        ? Effect.void
        : checkVectors(
            fingerprint,
            "rows.passages.vector",
            rows.flatMap(({ passages }) => passages.map(({ vector }) => vector))
          )
    return this.#commits
      .write(() => this.#stagedFingerprint())
      .pipe(Effect.flatMap(check), Effect.andThen(this.#commits.write(() => this.#putStaged(rows))))
  }

  #putStaged(rows: ReadonlyArray<StagedRow>): void {
    if (this.#stagedFingerprint() === null) return
    for (const scopeRows of Map.groupBy(rows, ({ scope }) => scopeKey(scope)).values()) {
      this.#putInScope(scopeRows)
    }
  }

  #putInScope(rows: ReadonlyArray<StagedRow>): void {
    const [first] = rows
    const scopeRow = first === undefined ? null : this.#scopes.find(first.scope)
    if (scopeRow === null) return
    const { staged } = this.#memories
    const change = beginChange(scopeRow)
    for (const { id, scope, ...passages } of rows) {
      const stored = this.#memories.findById(scope, scopeRow.sid, id)
      if (stored === null) continue
      staged.delete(stored.rid)
      change.next = staged.insert(stored, stored.memory, passages, change.next)
    }
    if (change.next > scopeRow.next) this.#scopes.save(change)
  }

  /** Afterwards every handle on the file, this one included, is closed until it is opened with the new fingerprint. */
  readonly commit: Effect.Effect<void, MemoryError> = Effect.suspend(() =>
    this.#commits.write(() => {
      const staged = this.#stagedFingerprint()
      if (staged === null) throw noMoveUnderWay()
      if (this.#findUnstaged(0, 1).length > 0) {
        throw conflict("Some memories are not in the new space yet: fill it until unstaged finds none.")
      }
      const { generation } = this.#connection
      this.#connection.db.exec(dropSpaceTables(generation))
      this.#connection.setMeta("generation", String(generation + 1))
      this.#connection.removeMeta("space")
      this.#connection.setMeta("fingerprint", JSON.stringify(staged))
      this.#connection.removeMeta("staged")
    })
  )

  readonly drop: Effect.Effect<void, MemoryError> = Effect.suspend(() =>
    this.#commits.write(() => {
      if (this.#stagedFingerprint() === null) return
      this.#connection.db.exec(dropSpaceTables(this.#connection.generation + 1))
      this.#connection.removeMeta("staged")
    })
  )
}
