import {
  checkVectors,
  Conflict,
  describeFingerprint,
  type Fingerprint,
  type Memory,
  MemoryError,
  sameFingerprint,
  type StagedRow
} from "@keepsake/core/driver"
import { Effect } from "effect"
import type { Connection } from "../connection/Connection.ts"
import { encodeBody } from "../codec/bodyBlob.ts"
import type { MemoryTable } from "../tables/MemoryTable.ts"
import { sidOf } from "../codec/memoryRow.ts"
import { bodyTable, createBodyTable } from "../schema/schema.ts"
import type { ScopeTable } from "../tables/ScopeTable.ts"
import type { CommitQueue } from "../connection/CommitQueue.ts"

const conflict = (message: string): MemoryError => new MemoryError({ reason: new Conflict({ message }) })

/** The move to another embedder: a second table of bodies, filled while the first serves. */
export class Staging {
  readonly #connection: Connection
  readonly #writer: CommitQueue
  readonly #scopes: ScopeTable
  readonly #records: MemoryTable
  readonly #next: string
  /** No row before this one lacks a staged body, unless it was written meanwhile. */
  #from = 0

  constructor(connection: Connection, writer: CommitQueue, scopes: ScopeTable, records: MemoryTable) {
    this.#connection = connection
    this.#writer = writer
    this.#scopes = scopes
    this.#records = records
    this.#next = bodyTable(connection.generation + 1)
  }

  #staged(): Fingerprint | null {
    return this.#connection.fingerprint("staged")
  }

  stage(next: Fingerprint): Effect.Effect<void, MemoryError> {
    return this.#writer.write(() => {
      const staged = this.#staged()
      if (staged === null) {
        this.#connection.db.exec(createBodyTable(this.#connection.generation + 1))
        this.#connection.setMeta("staged", JSON.stringify(next))
      } else if (!sameFingerprint(staged, next)) {
        throw conflict(
          `A move to [${describeFingerprint(staged)}] is under way; finish it or drop it before starting one to [${describeFingerprint(next)}].`
        )
      }
    })
  }

  /** Runs as a write, so that what it sees is in step with everything this process has acknowledged. */
  unstaged(limit: number): Effect.Effect<ReadonlyArray<Memory>, MemoryError> {
    return this.#writer.write(() => {
      if (this.#staged() === null) return []
      const rids = this.#missing(this.#from, limit)
      const found = rids.length > 0 ? rids : this.#missing(0, limit)
      this.#from = found[0] ?? 0
      return found.flatMap((rid) => this.#records.byRid(this.#scopes.name(sidOf(rid)), rid)?.memory ?? [])
    })
  }

  #missing(from: number, limit: number): ReadonlyArray<number> {
    return this.#connection.db
      .prepare(
        `SELECT m.rid FROM memory m WHERE m.rid >= ? AND NOT EXISTS (SELECT 1 FROM ${this.#next} n WHERE n.rid = m.rid) ` +
          "ORDER BY m.rid LIMIT ?"
      )
      .all(from, limit)
      .map(({ rid }) => Number(rid))
  }

  fill(rows: ReadonlyArray<StagedRow>): Effect.Effect<void, MemoryError> {
    const fill = () => {
      if (this.#staged() === null) return
      const { db, pageSize } = this.#connection
      const put = db.prepare(`INSERT OR REPLACE INTO ${this.#next} (rid, data) VALUES (?, ?)`)
      for (const { id, scope, terms, vector } of rows) {
        const row = this.#scopes.find(scope)
        const known = row === null ? null : this.#records.byId(scope, row.sid, id)
        if (known !== null) put.run(known.rid, encodeBody(known.memory, terms, vector, pageSize))
      }
    }
    const staged = this.#writer.write(() => this.#staged())
    return Effect.flatMap(staged, (fingerprint) =>
      Effect.andThen(
        fingerprint === null
          ? Effect.void
          : checkVectors(
              fingerprint,
              "rows.vector",
              rows.map((row) => row.vector)
            ),
        this.#writer.write(fill)
      )
    )
  }

  /** Afterwards every handle on the file, this one included, is closed until it is opened with the new fingerprint. */
  readonly commit: Effect.Effect<void, MemoryError> = Effect.suspend(() =>
    this.#writer.write(() => {
      const staged = this.#staged()
      if (staged === null) throw conflict("No move is under way: call stage first.")
      if (this.#missing(0, 1).length > 0) {
        throw conflict("Some memories are not in the new space yet: fill it until unstaged finds none.")
      }
      const { generation } = this.#connection
      this.#connection.db.exec(`DROP TABLE ${bodyTable(generation)}`)
      this.#connection.setMeta("generation", String(generation + 1))
      this.#connection.setMeta("fingerprint", JSON.stringify(staged))
      this.#connection.removeMeta("staged")
    })
  )

  readonly drop: Effect.Effect<void, MemoryError> = Effect.suspend(() =>
    this.#writer.write(() => {
      if (this.#staged() === null) return
      this.#connection.db.exec(`DROP TABLE ${this.#next}`)
      this.#connection.removeMeta("staged")
    })
  )
}
