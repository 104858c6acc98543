/** Reads from the file what an index does not hold, many rows with one statement. */
import type { Memory, Scope } from "@keepsake/core/driver"
import type { StatementSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import { COLUMNS, decodeMemory, decodeRow, type MemoryRow, type MemoryValues } from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import type { Damage } from "../connection/Damage.ts"
import { bodyTable } from "../schema/schema.ts"
import { freeArray } from "./arrays/freeArray.ts"

/** Rows of one statement: two kilobytes each. */
const BATCH = 256

/** `MemoryValues`, then the row's place in the list. */
type ListedMemory = [...MemoryValues, at: number]
type ListedBody = [rid: number, data: Uint8Array<ArrayBuffer>, at: number]

/** Takes the vector's bytes of one of the passages that were asked for; they are freed after the call. */
export type TakeVector = (at: number, bytes: Uint8Array) => void

/** Takes one of the rows that were asked for, as it is and as it is kept; the body's bytes are freed after the call. */
export type TakeMemory = (at: number, memory: Memory, row: MemoryRow, body: Body) => void

/** Of rows that were removed, or are damaged, it tells nothing. */
export class RowReader {
  readonly #damage: Damage
  readonly #selectMemory: StatementSync
  readonly #selectMemories: StatementSync
  readonly #selectRid: StatementSync
  readonly #selectBody: StatementSync
  readonly #selectBodies: StatementSync

  constructor({ damage, db, generation }: Pick<Connection, "damage" | "db" | "generation">) {
    const body = bodyTable(generation)
    // The list leads: SQLite would else look for each of its numbers in the whole table.
    const listed = "FROM json_each(?) l CROSS JOIN"
    this.#damage = damage
    this.#selectMemory = db.prepare(
      `SELECT ${COLUMNS}, b.data FROM memory m JOIN ${body} b ON b.rid = m.rid WHERE m.rid = ?`
    )
    this.#selectMemory.setReturnArrays(true)
    this.#selectMemories = db.prepare(
      `SELECT ${COLUMNS}, b.data, l.key ${listed} memory m ON m.rid = l.value CROSS JOIN ${body} b ON b.rid = m.rid`
    )
    this.#selectMemories.setReturnArrays(true)
    this.#selectRid = db.prepare("SELECT rid FROM memory WHERE sid = ? AND id = ?")
    this.#selectBody = db.prepare(`SELECT data FROM ${body} WHERE rid = ?`)
    this.#selectBodies = db.prepare(`SELECT b.rid, b.data, l.key ${listed} ${body} b ON b.rid = l.value`)
    this.#selectBodies.setReturnArrays(true)
  }

  /** Null if the row was removed, or is damaged. */
  memory(scope: Scope, rid: number): Memory | null {
    const values = this.#selectMemory.get(rid) as unknown as MemoryValues | undefined
    if (values === undefined) return null
    const memory = this.#damage.skip(() => decodeMemory(scope, decodeRow(values)))
    freeArray(values[16])
    return memory
  }

  memories(scope: Scope, rids: ReadonlyArray<number>, take: TakeMemory): void {
    for (let from = 0; from < rids.length; from += BATCH) {
      for (const listed of this.#selectMemories.all(JSON.stringify(rids.slice(from, from + BATCH)))) {
        const values = listed as unknown as ListedMemory
        const row = decodeRow(values as unknown as MemoryValues)
        this.#damage.skip(() => {
          const body = new Body(row.data, row.rid)
          take(from + values[17], decodeMemory(scope, row, body), row, body)
        })
        freeArray(values[16])
      }
    }
  }

  /** Null if there is none. */
  rid(sid: number, id: string): number | null {
    const rid = this.#selectRid.get(sid, id)?.["rid"]
    return rid === undefined ? null : Number(rid)
  }

  /** Null if the passage was removed, or is damaged. */
  body(rid: number): Body | null {
    const data = this.#selectBody.get(rid)?.["data"]
    if (!(data instanceof Uint8Array)) return null
    return this.#damage.skip(() => {
      const body = new Body(data, rid)
      body.check()
      return body
    })
  }

  vectors(rids: ReadonlyArray<number>, take: TakeVector): void {
    for (let from = 0; from < rids.length; from += BATCH) {
      for (const listed of this.#selectBodies.all(JSON.stringify(rids.slice(from, from + BATCH)))) {
        const [rid, data, at] = listed as unknown as ListedBody
        const bytes = this.#damage.skip(() => new Body(data, rid).vectorBytes)
        if (bytes !== null) take(from + at, bytes)
        freeArray(data)
      }
    }
  }
}
