/** Reads from the file what an index does not hold, many rows with one statement. */
import type { Memory, Scope } from "@keepsake/core/driver"
import type { StatementSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import { joinBodies, JOINED_COLUMNS, JoinedBodies, type JoinedValues } from "./joinedBodies.ts"
import {
  COLUMNS,
  decodeHead,
  decodeWith,
  HEAD_COLUMNS,
  type HeadValues,
  type MemoryHead
} from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import type { Damage } from "../connection/Damage.ts"
import { bodyTable } from "../schema/schema.ts"
import { bodyReader, type ReadBody } from "./bodyReader.ts"

/** Rows of one statement: two kilobytes each. */
const BATCH = 256

/** `HeadValues`, then the row's place in the list. */
type ListedHead = [...HeadValues, at: number]

/** Takes the vector's bytes of one of the passages that were asked for; they are freed after the call. */
export type TakeVector = (at: number, bytes: Uint8Array) => void

/** Takes one of the rows that were asked for, as it is and as it is kept; the body's bytes are freed after the call. */
export type TakeMemory = (at: number, memory: Memory, row: MemoryHead, body: Body) => void

/** Of rows that were removed, or are damaged, it tells nothing. */
export class RowReader {
  readonly #damage: Damage
  readonly #selectMemory: StatementSync
  readonly #selectMemories: StatementSync
  readonly #selectRid: StatementSync
  readonly #readBody: ReadBody
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
    const bodies = `SELECT ${joinBodies("l.key")}`
    const listedBodies = `${listed} ${body} b ON b.rid = l.value`
    this.#selectMemories = db.prepare(
      `${bodies}${", NULL".repeat(HEAD_COLUMNS + 1 - JOINED_COLUMNS)} ${listedBodies} ` +
        `UNION ALL SELECT ${COLUMNS}, l.key ${listed} memory m ON m.rid = l.value`
    )
    this.#selectMemories.setReturnArrays(true)
    this.#selectRid = db.prepare("SELECT rid FROM memory WHERE sid = ? AND id = ?")
    this.#readBody = bodyReader({ db, generation })
    this.#selectBodies = db.prepare(`${bodies} ${listedBodies}`)
    this.#selectBodies.setReturnArrays(true)
  }

  /** Null if the row was removed, or is damaged. */
  memory(scope: Scope, rid: number): Memory | null {
    const values = this.#selectMemory.get(rid) as unknown as readonly [...HeadValues, Uint8Array] | undefined
    if (values === undefined) return null
    const data = values[HEAD_COLUMNS]
    return this.#damage.skip(() =>
      decodeWith(scope, decodeHead(values as unknown as HeadValues), new Body(data, rid))
    )
  }

  memories(scope: Scope, rids: ReadonlyArray<number>, take: TakeMemory): void {
    for (let from = 0; from < rids.length; from += BATCH) {
      const batch = rids.slice(from, from + BATCH)
      const listed = JSON.stringify(batch)
      const [joined, ...heads] = this.#selectMemories.all(listed, listed) as unknown as [
        JoinedValues,
        ...ReadonlyArray<ListedHead>
      ]
      const bodies = new JoinedBodies(joined)
      const data = batch.map((): Uint8Array | null => null)
      for (const at of bodies.keys) data[at] = bodies.next() ?? this.#readBody(batch[at] ?? -1)
      for (const values of heads) {
        const at = values[HEAD_COLUMNS]
        const bytes = data[at]
        if (bytes === null || bytes === undefined) continue
        this.#damage.skip(() => {
          const head = decodeHead(values as unknown as HeadValues)
          const body = new Body(bytes, head.rid)
          take(from + at, decodeWith(scope, head, body), head, body)
        })
      }
      bodies.free()
    }
  }

  /** Null if there is none. */
  rid(sid: number, id: string): number | null {
    const rid = this.#selectRid.get(sid, id)?.["rid"]
    return rid === undefined ? null : Number(rid)
  }

  /** Null if the passage was removed, or is damaged. */
  body(rid: number): Body | null {
    const data = this.#readBody(rid)
    return data === null
      ? null
      : this.#damage.skip(() => {
          const body = new Body(data, rid)
          body.check()
          return body
        })
  }

  vectors(rids: ReadonlyArray<number>, take: TakeVector): void {
    for (let from = 0; from < rids.length; from += BATCH) {
      const batch = rids.slice(from, from + BATCH)
      const [joined] = this.#selectBodies.all(JSON.stringify(batch)) as unknown as [JoinedValues]
      const bodies = new JoinedBodies(joined)
      for (const at of bodies.keys) {
        const rid = batch[at] ?? -1
        const data = bodies.next() ?? this.#readBody(rid)
        const bytes = data === null ? null : this.#damage.skip(() => new Body(data, rid).vectorBytes)
        if (bytes !== null) take(from + at, bytes)
      }
      bodies.free()
    }
  }
}
