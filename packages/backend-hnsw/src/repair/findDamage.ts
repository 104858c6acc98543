import type { Memory, Scope } from "@keepsake/core/driver"
import type { DatabaseSync } from "node:sqlite"
import { Block } from "../codec/blockBlob.ts"
import { Body } from "../codec/bodyBlob.ts"
import { DamagedRow } from "../codec/checksum.ts"
import { COLUMNS, decodeMemory, makeRid, type MemoryRow, sidFromRid } from "../codec/memoryRow.ts"
import { decodeScopeName } from "../codec/scopeName.ts"
import { hasBlocks } from "../schema/inspect.ts"
import { blockTable, bodyTable, longTable } from "../schema/schema.ts"

/** A memory that is not whole. */
export interface DamagedMemory {
  readonly rid: number
  /** As the file has it; null where it has none. */
  readonly id: string | null
  /** Null where the name of the scope is damaged too. */
  readonly scope: Scope | null
  /** The memory, where vectors and words alone are damaged, which can be made again; null where it is lost. */
  readonly memory: Memory | null
}

/** Null for a value that is damaged. */
const attempt = <A>(read: () => A): A | null => {
  try {
    return read()
  } catch (error) {
    if (error instanceof DamagedRow || error instanceof RangeError || error instanceof SyntaxError)
      return null
    throw error
  }
}

/** How many blocks contradict their sums. They are derived: the rows serve instead. */
export const countDamagedBlocks = (db: DatabaseSync, generation: number): number => {
  if (!hasBlocks(db, generation)) return 0
  let damaged = 0
  for (const { data, rid } of db.prepare(`SELECT rid, data FROM ${blockTable(generation)}`).iterate()) {
    if (Block.read(data as Uint8Array, Number(rid)) === null) damaged++
  }
  return damaged
}

/** Looks at every row of one file. Throws SQLite's errors where the tables themselves are damaged. */
export const findDamage = (db: DatabaseSync, generation: number): ReadonlyArray<DamagedMemory> => {
  const body = bodyTable(generation)
  const selectName = db.prepare("SELECT data FROM scope_name WHERE sid = ?")
  const selectLong = db.prepare(`SELECT first, extras FROM ${longTable(generation)} WHERE rid = ?`)
  const selectBody = db.prepare(`SELECT data FROM ${body} WHERE rid = ?`)
  const names = new Map<number, Scope | null>()
  const findScope = (sid: number): Scope | null => {
    const known = names.get(sid)
    if (known !== undefined) return known
    const scope = attempt(() => decodeScopeName(selectName.get(sid)?.["data"]))
    names.set(sid, scope)
    return scope
  }
  const isWhole = (rid: number): boolean =>
    attempt(() => {
      const data = selectBody.get(rid)?.["data"]
      if (!(data instanceof Uint8Array)) return false
      new Body(data, rid).check()
      return true
    }) === true
  /** Passages beyond the first of rows that are there. */
  const owned = new Set<number>()
  const areExtrasWhole = (rid: number): boolean => {
    const long = selectLong.get(rid)
    if (long === undefined) return true
    const first = makeRid(sidFromRid(rid), Number(long["first"]))
    const rids = Array.from({ length: Number(long["extras"]) }, (_, i) => first + i)
    for (const extra of rids) owned.add(extra)
    return rids.every(isWhole)
  }
  const damaged: Array<DamagedMemory> = []
  // In the order of the table: an index may be damaged.
  const rows = db.prepare(
    `SELECT ${COLUMNS}, b.data FROM memory m NOT INDEXED LEFT JOIN ${body} b ON b.rid = m.rid ORDER BY m.rid`
  )
  for (const values of rows.iterate()) {
    const row = values as unknown as MemoryRow
    const { id, rid } = row
    const scope = findScope(sidFromRid(rid))
    const memory = scope === null || row.data === null ? null : attempt(() => decodeMemory(scope, row))
    const extras = areExtrasWhole(rid)
    if (memory === null || !extras || !isWhole(rid)) damaged.push({ rid, id, scope, memory })
  }
  // Texts whose row is gone.
  const orphans = db.prepare(
    `SELECT b.rid FROM ${body} b LEFT JOIN memory m ON m.rid = b.rid WHERE m.rid IS NULL`
  )
  for (const { rid: number } of orphans.iterate()) {
    const rid = Number(number)
    if (!owned.has(rid)) damaged.push({ rid, id: null, scope: findScope(sidFromRid(rid)), memory: null })
  }
  return damaged
}
