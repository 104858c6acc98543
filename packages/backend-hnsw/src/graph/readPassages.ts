import type { DatabaseSync } from "node:sqlite"
import { Body } from "../codec/bodyBlob.ts"
import { DamagedRow } from "../codec/checksum.ts"
import { localFromRid, makeRid } from "../codec/memoryRow.ts"
import { bodyTable } from "../schema/schema.ts"

const BATCH = 128

/** Awaited while no statement is open; undefined goes on at once. */
export type Pause = () => Promise<void> | undefined

/** The passages of a scope. */
export interface ScopePassages {
  readonly sid: number
  /** N of the `body_N`. */
  readonly generation: number
}

export interface StoredPassage {
  /** Its number within the scope. */
  readonly local: number
  /** Empty without a vector, and for a damaged one: a search through the tables finds that. */
  readonly vector: Uint8Array
}

const readVector = (data: unknown, rid: number): Uint8Array => {
  try {
    return data instanceof Uint8Array ? new Body(data, rid).vectorBytes : new Uint8Array()
  } catch (error) {
    if (error instanceof DamagedRow) return new Uint8Array()
    throw error
  }
}

/** Passages up to a number, ascending. Short reads, for which checkpoints need not wait. */
export function* readPassages(
  db: DatabaseSync,
  { generation, sid }: ScopePassages,
  through: number
): Generator<ReadonlyArray<StoredPassage>> {
  const select = db.prepare(
    `SELECT rid, data FROM ${bodyTable(generation)} WHERE rid > ? AND rid <= ? ORDER BY rid LIMIT ${BATCH}`
  )
  for (let last = makeRid(sid, -1); ;) {
    const rows = select.all(last, makeRid(sid, through))
    if (rows.length === 0) return
    last = Number(rows.at(-1)?.["rid"])
    yield rows.map(({ data, rid }) => ({
      local: localFromRid(Number(rid)),
      vector: readVector(data, Number(rid))
    }))
  }
}
