import type { StatementSync } from "node:sqlite"
import { Block, type BlockContent, encodeBlock } from "../codec/blockBlob.ts"
import { LAST_LOCAL, localFromRid, makeRid } from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import { blockTable } from "../schema/schema.ts"
import { type Prepared, prepareLazily } from "./prepareLazily.ts"

/** Blocks after a number of a scope. */
export interface BlocksAhead {
  /** Null without one that is intact. */
  readonly block: Block | null
  /** A block before it contradicts its sum. */
  readonly isDamaged: boolean
}

/** The blocks of one generation (`blockBlob.ts`). Write inside a transaction. */
export class BlockTable {
  readonly #pageSize: number
  readonly #selectAfter: StatementSync
  readonly #selectAt: StatementSync
  readonly #selectAny: StatementSync
  readonly #insert: Prepared
  readonly #update: Prepared
  readonly #delete: Prepared
  readonly #deleteRange: Prepared

  constructor({ db, generation, pageSize }: Pick<Connection, "db" | "generation" | "pageSize">) {
    const table = blockTable(generation)
    this.#pageSize = pageSize
    this.#selectAfter = db.prepare(
      `SELECT rid, data FROM ${table} WHERE rid > ? AND rid <= ? ORDER BY rid LIMIT 1`
    )
    this.#selectAt = db.prepare(
      `SELECT rid, data FROM ${table} WHERE rid >= ? AND rid <= ? ORDER BY rid DESC LIMIT 1`
    )
    this.#selectAny = db.prepare(`SELECT rid FROM ${table} WHERE rid > ? AND rid <= ? LIMIT 1`)
    this.#insert = prepareLazily(db, `INSERT INTO ${table} (rid, data) VALUES (?, ?)`)
    this.#update = prepareLazily(db, `UPDATE ${table} SET data = ? WHERE rid = ?`)
    this.#delete = prepareLazily(db, `DELETE FROM ${table} WHERE rid = ?`)
    this.#deleteRange = prepareLazily(db, `DELETE FROM ${table} WHERE rid > ? AND rid <= ?`)
  }

  /** The first intact block that covers numbers after this one alone. */
  next(sid: number, after: number): BlocksAhead {
    let isDamaged = false
    for (let from = makeRid(sid, after); ; isDamaged = true) {
      const row = this.#selectAfter.get(from, makeRid(sid, LAST_LOCAL))
      if (row === undefined) return { block: null, isDamaged }
      from = Number(row["rid"])
      const block = Block.read(row["data"] as Uint8Array, from)
      if (block !== null) return { block, isDamaged }
    }
  }

  /** Whether a block begins in this range. */
  hasAny(sid: number, after: number, through: number): boolean {
    return this.#selectAny.get(makeRid(sid, after), makeRid(sid, through)) !== undefined
  }

  /** The last number of the block that covers this one; -1 without. */
  coveredThrough(sid: number, local: number): number {
    const row = this.#selectAt.get(makeRid(sid, 0), makeRid(sid, local))
    const block = row === undefined ? null : Block.read(row["data"] as Uint8Array, Number(row["rid"]))
    return block?.last ?? -1
  }

  /** @param after the number before the first that it covers */
  insert(sid: number, after: number, content: BlockContent): void {
    const rid = makeRid(sid, after + 1)
    this.#insert().run(rid, encodeBlock(content, rid, this.#pageSize))
  }

  /** Deletes the blocks that begin in this range. */
  delete(sid: number, after: number, through: number): void {
    this.#deleteRange().run(makeRid(sid, after), makeRid(sid, through))
  }

  /** Overwrites what blocks have of passages. @param locals their numbers */
  erase(sid: number, locals: ReadonlyArray<number>): void {
    const left = locals.toSorted((a, b) => b - a)
    for (let local = left[0]; local !== undefined; local = left[0]) {
      const row = this.#selectAt.get(makeRid(sid, 0), makeRid(sid, local))
      if (row === undefined) return
      const rid = Number(row["rid"])
      const count = left.findIndex((other) => other < localFromRid(rid))
      const own = new Set(left.splice(0, count < 0 ? left.length : count))
      const data = row["data"] as Uint8Array
      const block = Block.read(data, rid)
      // Of a damaged one nothing may stay.
      if (block?.erase(own) === true) this.#update().run(data, rid)
      else this.#delete().run(rid)
    }
  }
}
