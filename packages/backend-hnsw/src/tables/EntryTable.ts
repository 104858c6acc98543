import {
  compareTexts,
  type Entry,
  entryConflict,
  type EntryKey,
  type EntryPage,
  toEntryBytes,
  toEntryKey
} from "@keepsake/core/driver"
import type { StatementSync } from "node:sqlite"
import { decodeSummedJson, encodeSummedJson } from "../codec/jsonBlob.ts"
import { LAST_LOCAL, makeRid } from "../codec/memoryRow.ts"
import type { Connection } from "../connection/Connection.ts"
import type { Scan } from "../connection/Scan.ts"
import { entryKindKey, entrySessionKey } from "../sessionKey.ts"
import { addBytes, type ScopeChange } from "./ScopeChange.ts"

/** The entries of one session and kind. */
interface EntryList {
  readonly lid: number
  readonly sessionId: string
  readonly kind: string
}

/** Which entries to drop; all of a scope without a session. */
export interface DropTarget {
  readonly sessionId?: string | undefined
  readonly kind?: string | undefined
  readonly through?: number | undefined
}

/** What the sum of an entry begins with: another entry's content does not fit. */
const sumNumber = (lid: number, number: number): number => makeRid(lid, number % (LAST_LOCAL + 1))

const decodeContent = (data: unknown, lid: number, number: number): string => {
  const content = decodeSummedJson(data, sumNumber(lid, number))
  if (typeof content !== "string") throw new RangeError("An entry has no content")
  return content
}

const compareLists = (a: Omit<EntryKey, "number">, b: Omit<EntryKey, "number">): number =>
  compareTexts(a.sessionId, b.sessionId) || compareTexts(a.kind, b.kind)

/** The `entry…` tables. Call the methods that write inside a transaction. */
export class EntryTable {
  readonly #salt: string
  readonly #pageSize: number
  readonly #selectList: StatementSync
  readonly #selectLists: StatementSync
  readonly #selectListName: StatementSync
  readonly #insertList: StatementSync
  readonly #insertListName: StatementSync
  readonly #deleteList: StatementSync
  readonly #deleteListName: StatementSync
  readonly #selectEntry: StatementSync
  readonly #selectAscending: StatementSync
  readonly #selectDescending: StatementSync
  readonly #selectThrough: StatementSync
  readonly #selectAny: StatementSync
  readonly #insertEntry: StatementSync
  readonly #sumBytes: StatementSync
  readonly #insertBody: StatementSync
  readonly #deleteEntry: StatementSync
  readonly #deleteBody: StatementSync
  /** The lists that `#findLists` read last: a copy asks for them page by page. */
  #sorted: { readonly sid: number; readonly seq: number; readonly lists: ReadonlyArray<EntryList> } | null =
    null

  constructor({ db, pageSize, salt }: Connection) {
    const entries =
      "SELECT e.number, e.created_at, b.data FROM entry e JOIN entry_body b ON b.eid = e.eid WHERE e.lid = ?"
    this.#salt = salt
    this.#pageSize = pageSize
    this.#selectList = db.prepare(
      "SELECT lid FROM entry_list WHERE sid = ? AND session_key = ? AND kind_key = ?"
    )
    this.#selectLists = db.prepare(
      "SELECT lid FROM entry_list WHERE sid = $sid AND ($session IS NULL OR session_key = $session) AND ($kind IS NULL OR kind_key = $kind)"
    )
    this.#selectListName = db.prepare("SELECT data FROM entry_list_name WHERE lid = ?")
    this.#insertList = db.prepare("INSERT INTO entry_list (sid, session_key, kind_key) VALUES (?, ?, ?)")
    this.#insertListName = db.prepare("INSERT INTO entry_list_name (lid, data) VALUES (?, ?)")
    this.#deleteList = db.prepare("DELETE FROM entry_list WHERE lid = ?")
    this.#deleteListName = db.prepare("DELETE FROM entry_list_name WHERE lid = ?")
    this.#selectEntry = db.prepare(`${entries} AND e.number = ?`)
    this.#selectAscending = db.prepare(`${entries} AND e.number > ? ORDER BY e.number LIMIT 1`)
    this.#selectDescending = db.prepare(`${entries} AND e.number < ? ORDER BY e.number DESC LIMIT 1`)
    this.#selectThrough = db.prepare(
      "SELECT number, eid, bytes FROM entry WHERE lid = ? AND number <= ? ORDER BY number LIMIT ?"
    )
    this.#selectAny = db.prepare("SELECT 1 FROM entry WHERE lid = ? LIMIT 1")
    this.#insertEntry = db.prepare(
      "INSERT INTO entry (lid, number, eid, created_at, bytes) VALUES (?, ?, ?, ?, ?)"
    )
    this.#sumBytes = db.prepare(
      "SELECT ifnull(sum(e.bytes), 0) AS bytes FROM entry_list l JOIN entry e ON e.lid = l.lid WHERE l.sid = ?"
    )
    this.#insertBody = db.prepare("INSERT INTO entry_body (data) VALUES (?)")
    this.#deleteEntry = db.prepare("DELETE FROM entry WHERE lid = ? AND number = ?")
    this.#deleteBody = db.prepare("DELETE FROM entry_body WHERE eid = ?")
  }

  #findList(sid: number, { kind, sessionId }: Omit<EntryKey, "number">): number | null {
    const lid = this.#selectList.get(
      sid,
      entrySessionKey(this.#salt, sid, sessionId),
      entryKindKey(this.#salt, kind)
    )?.["lid"]
    return lid === undefined ? null : Number(lid)
  }

  #createList(sid: number, { kind, sessionId }: EntryKey): number {
    const { lastInsertRowid } = this.#insertList.run(
      sid,
      entrySessionKey(this.#salt, sid, sessionId),
      entryKindKey(this.#salt, kind)
    )
    this.#insertListName.run(
      lastInsertRowid,
      encodeSummedJson([sessionId, kind], Number(lastInsertRowid), this.#pageSize)
    )
    return Number(lastInsertRowid)
  }

  /** Throws `Conflict` for a number that is there with other content. */
  append(change: ScopeChange, entry: Omit<Entry, "createdAt">, now: number): void {
    const { sid } = change
    const lid = this.#findList(sid, entry) ?? this.#createList(sid, entry)
    const existing = this.#selectEntry.get(lid, entry.number)
    if (existing === undefined) {
      const blob = encodeSummedJson(entry.content, sumNumber(lid, entry.number), this.#pageSize)
      const { lastInsertRowid } = this.#insertBody.run(blob)
      const bytes = toEntryBytes(entry)
      this.#insertEntry.run(lid, entry.number, lastInsertRowid, now, bytes)
      addBytes(change, bytes)
    } else if (decodeContent(existing["data"], lid, entry.number) !== entry.content)
      throw entryConflict(entry)
  }

  /** The next entry of a list; null at its end. */
  #next(list: EntryList, after: number, newestFirst: boolean): Entry | null {
    const row = (newestFirst ? this.#selectDescending : this.#selectAscending).get(list.lid, after)
    if (row === undefined) return null
    return {
      sessionId: list.sessionId,
      kind: list.kind,
      number: Number(row["number"]),
      content: decodeContent(row["data"], list.lid, Number(row["number"])),
      createdAt: Number(row["created_at"])
    }
  }

  /** Entries of a session and kind, by number. */
  *list(
    sid: number,
    list: Omit<EntryKey, "number">,
    request: { readonly after?: number | undefined; readonly newestFirst: boolean; readonly limit: number }
  ): Scan<ReadonlyArray<Entry>> {
    const lid = this.#findList(sid, list)
    const entries: Array<Entry> = []
    if (lid === null) return entries
    let after = request.after ?? (request.newestFirst ? Number.POSITIVE_INFINITY : -1)
    while (entries.length < request.limit) {
      const entry = this.#next({ ...list, lid }, after, request.newestFirst)
      if (entry === null) break
      entries.push(entry)
      after = entry.number
      yield
    }
    return entries
  }

  /** Entries of all sessions, by session, kind and number. @param seq the scope's counter */
  *listAll(sid: number, seq: number, after: EntryKey | undefined, limit: number): Scan<EntryPage> {
    const entries: Array<Entry> = []
    for (const list of yield* this.#sortLists(sid, seq)) {
      const order = after === undefined ? 1 : compareLists(list, after)
      if (order < 0) continue
      let number = order === 0 ? (after?.number ?? -1) : -1
      for (;;) {
        const entry = this.#next(list, number, false)
        if (entry === null) break
        const last = entries.at(-1)
        if (entries.length === limit && last !== undefined) {
          return { entries, next: toEntryKey(last) }
        }
        entries.push(entry)
        number = entry.number
        yield
      }
    }
    return { entries, next: null }
  }

  *#sortLists(sid: number, seq: number): Scan<ReadonlyArray<EntryList>> {
    const known = this.#sorted
    if (known !== null && known.sid === sid && known.seq === seq) return known.lists
    const lists: Array<EntryList> = []
    for (const row of this.#selectLists.all({ sid, session: null, kind: null })) {
      const data = this.#selectListName.get(row["lid"] ?? null)?.["data"]
      // Dropped while the scan waited.
      if (data === undefined) continue
      const lid = Number(row["lid"])
      const [sessionId, kind] = decodeSummedJson(data, lid) as [string, string]
      lists.push({ lid, sessionId, kind })
      yield
    }
    lists.sort(compareLists)
    this.#sorted = { sid, seq, lists }
    return lists
  }

  /** What the entries of a scope count for. */
  sumBytes(sid: number): number {
    return Number(this.#sumBytes.get(sid)?.["bytes"])
  }

  /** Drops up to `limit` entries; how many. Call it again until there are none. */
  drop(
    change: ScopeChange,
    { kind, sessionId, through = Number.POSITIVE_INFINITY }: DropTarget,
    limit: number
  ): number {
    const { sid } = change
    const lists = this.#selectLists.all({
      sid,
      session: sessionId === undefined ? null : entrySessionKey(this.#salt, sid, sessionId),
      kind: kind === undefined ? null : entryKindKey(this.#salt, kind)
    })
    let dropped = 0
    for (const { lid } of lists) {
      if (dropped === limit) break
      dropped += this.#dropFromList(change, Number(lid), through, limit - dropped)
    }
    return dropped
  }

  #dropFromList(change: ScopeChange, lid: number, through: number, limit: number): number {
    const doomed = this.#selectThrough.all(lid, through, limit)
    for (const row of doomed) {
      this.#deleteEntry.run(lid, Number(row["number"]))
      this.#deleteBody.run(Number(row["eid"]))
      addBytes(change, -Number(row["bytes"]))
    }
    if (this.#selectAny.get(lid) === undefined) {
      this.#deleteList.run(lid)
      this.#deleteListName.run(lid)
    }
    return doomed.length
  }
}
