import { randomUUID } from "node:crypto"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { crc32 } from "node:zlib"
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

const sum = (key: string, note: string): number => crc32(`${key} ${note}`)

/** What an entry says; null where it contradicts its sum: a number that changed would name other rows, or another scope. */
const readNote = ({ key, value }: Record<string, unknown>): string | null => {
  const [, note = "", written = ""] = /^(.*) (\d+)$/su.exec(String(value)) ?? []
  return Number(written) === sum(String(key), note) && note !== "" ? note : null
}

/**
 * What is being erased, in the file: an erasure takes several transactions, and a kill may come between two. Call the
 * methods inside a transaction. No name or text is in it. Each entry has a checksum.
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

  #note(key: string, note: string): void {
    this.#insert.run(key, `${note} ${sum(key, note)}`)
  }

  #find(prefix: string): ReadonlyArray<{ readonly key: string; readonly note: string | null }> {
    return this.#selectAll.all(`${prefix}*`).map((row) => ({ key: String(row["key"]), note: readNote(row) }))
  }

  /** Notes the scope unless it is noted already. The number below which its rows are to be erased. */
  begin({ next, sid }: ScopeRow): number {
    const key = `${SCOPE_PREFIX}${sid}`
    this.#note(key, String(next))
    return Number(readNote({ key, value: this.#select.get(key)?.["value"] }) ?? next)
  }

  end(sid: number): void {
    this.#delete.run(`${SCOPE_PREFIX}${sid}`)
  }

  /** The scopes that are noted. */
  get sids(): ReadonlyArray<number> {
    return this.#find(SCOPE_PREFIX).flatMap(({ key, note }) =>
      note === null ? [] : [Number(key.slice(SCOPE_PREFIX.length))]
    )
  }

  /** Notes rows unless they are noted already. */
  beginRows({ key, rids, seq }: DoomedRows): void {
    const sid = sidFromRid(rids[0] ?? 0)
    this.#note(key, `${sid} ${seq} ${encodeRanges(rids)}`)
  }

  endRows({ key }: DoomedRows): void {
    this.#delete.run(key)
  }

  /** The rows that are noted. */
  get rows(): ReadonlyArray<DoomedRows> {
    return this.#find(ROWS_PREFIX).flatMap(({ key, note }) => {
      if (note === null) return []
      const [sid, seq, ranges = ""] = note.split(" ")
      return [{ key, seq: Number(seq), rids: decodeRanges(ranges, Number(sid)) }]
    })
  }

  /** Names of damaged entries, which say nothing any more. */
  get damaged(): ReadonlyArray<string> {
    const entries = [...this.#find(SCOPE_PREFIX), ...this.#find(ROWS_PREFIX)]
    return entries.flatMap(({ key, note }) => (note === null ? [key] : []))
  }

  remove(keys: ReadonlyArray<string>): void {
    for (const key of keys) this.#delete.run(key)
  }
}
