import { randomUUID } from "node:crypto"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { localFromRid, makeRid, sidFromRid } from "../codec/memoryRow.ts"
import type { ScopeRow } from "../tables/ScopeTable.ts"

const SCOPE_PREFIX = "erasing."
const ROWS_PREFIX = "removing."

/** Rows of one scope that are to be erased. */
export interface DoomedRows {
  /** Their name in the journal. */
  readonly key: string
  /** The scope's `seq` when they were found: a row that changed since was said again. */
  readonly seq: number
  /** Ascending. */
  readonly rids: ReadonlyArray<number>
}

export const nameRows = (): string => `${ROWS_PREFIX}${randomUUID()}`

/** Numbers as ranges: what a filter finds often lies together. */
const encodeRanges = (rids: ReadonlyArray<number>): string => {
  const ranges: Array<[first: number, last: number]> = []
  for (const local of rids.map(localFromRid)) {
    const range = ranges.at(-1)
    if (range !== undefined && range[1] === local - 1) range[1] = local
    else ranges.push([local, local])
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",")
}

const decodeRanges = (ranges: string, sid: number): ReadonlyArray<number> =>
  ranges.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => makeRid(sid, first + i))
  })

/**
 * What is being erased, in the file: an erasure takes several transactions, and a kill may come between two. Call the
 * methods inside a transaction. No name or text is in it.
 */
export class ErasureJournal {
  readonly #select: StatementSync
  readonly #selectAll: StatementSync
  readonly #insert: StatementSync
  readonly #delete: StatementSync

  constructor({ db }: { readonly db: DatabaseSync }) {
    this.#select = db.prepare("SELECT value FROM meta WHERE key = ?")
    this.#selectAll = db.prepare("SELECT key, value FROM meta WHERE key GLOB ?")
    this.#insert = db.prepare("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)")
    this.#delete = db.prepare("DELETE FROM meta WHERE key = ?")
  }

  /** Notes the scope unless it is noted already. The number below which its rows are to be erased. */
  begin({ next, sid }: ScopeRow): number {
    const key = `${SCOPE_PREFIX}${sid}`
    this.#insert.run(key, String(next))
    return Number(this.#select.get(key)?.["value"])
  }

  end(sid: number): void {
    this.#delete.run(`${SCOPE_PREFIX}${sid}`)
  }

  /** The scopes that are noted. */
  get sids(): ReadonlyArray<number> {
    return this.#selectAll
      .all(`${SCOPE_PREFIX}*`)
      .map(({ key }) => Number(String(key).slice(SCOPE_PREFIX.length)))
  }

  /** Notes rows unless they are noted already. */
  beginRows({ key, rids, seq }: DoomedRows): void {
    const sid = sidFromRid(rids[0] ?? 0)
    this.#insert.run(key, `${sid} ${seq} ${encodeRanges(rids)}`)
  }

  endRows({ key }: DoomedRows): void {
    this.#delete.run(key)
  }

  /** The rows that are noted. */
  get rows(): ReadonlyArray<DoomedRows> {
    return this.#selectAll.all(`${ROWS_PREFIX}*`).map(({ key, value }) => {
      const [sid, seq, ranges = ""] = String(value).split(" ")
      return { key: String(key), seq: Number(seq), rids: decodeRanges(ranges, Number(sid)) }
    })
  }
}
