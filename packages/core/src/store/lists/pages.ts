/** Pages and orders of the contract over plain lists, for a driver that holds a scope in memory. */
import * as Result from "effect/Result"
import { matches } from "../../memory/Condition.ts"
import { isCurrent, isExpired, isVisible } from "../../memory/lifetime.ts"
import type { Memory } from "../../memory/Memory.ts"
import type { MemoryError } from "../../memory/MemoryError.ts"
import { compareTexts } from "../../text/compareTexts.ts"
import {
  type Cursor,
  type LatestRequest,
  type ListRequest,
  type MemoryStore,
  type Page,
  STORE_LIMITS
} from "../MemoryStore.ts"
import { toBytes } from "../limits.ts"
import type { StoreRow } from "../StoreRow.ts"
import type {
  DropEntriesRequest,
  EntriesRequest,
  Entry,
  EntryKey,
  EntryPage,
  ListEntriesRequest,
  SessionCursor,
  SessionPage,
  SessionsRequest,
  SessionSummary
} from "../sessions.ts"
import { entryConflict } from "../storeErrors.ts"

type AppendRequest = Parameters<MemoryStore["Service"]["append"]>[0]

type Order<A> = (a: A, b: A) => number

const byCursor: Order<Cursor> = (a, b) => a.at - b.at || compareTexts(a.id, b.id)

/** Newest first; ties by name. */
export const newestSession: Order<SessionCursor> = (a, b) =>
  b.lastSaidAt - a.lastSaidAt || compareTexts(a.sessionId, b.sessionId)

const byKey: Order<EntryKey> = (a, b) =>
  compareTexts(a.sessionId, b.sessionId) || compareTexts(a.kind, b.kind) || a.number - b.number

/** The first `limit` of what was found, and the cursor of the last of them if more follows. */
export const cutPage = <A, Next>(
  found: ReadonlyArray<A>,
  limit: number,
  toCursor: (last: A) => Next
): { readonly page: ReadonlyArray<A>; readonly next: Next | null } => {
  const page = found.slice(0, limit)
  const last = page.at(-1)
  return { page, next: found.length > limit && last !== undefined ? toCursor(last) : null }
}

/** The cursor after a session. */
export const toSessionCursor = ({ lastSaidAt, sessionId }: SessionCursor): SessionCursor => ({
  lastSaidAt,
  sessionId
})

/** The cursor after an entry. */
export const toEntryKey = ({ kind, number, sessionId }: EntryKey): EntryKey => ({ sessionId, kind, number })

/** The rows of a scope that a list asks for: one page of them, in its order. */
export const pageRows = (rows: Iterable<StoreRow>, request: ListRequest): Page<StoreRow> => {
  const { after, by = "createdAt", closed, filter, limit, newestFirst, now } = request
  const order: Order<Cursor> = newestFirst === true ? (a, b) => byCursor(b, a) : byCursor
  const cursor = ({ memory }: StoreRow): Cursor => ({ at: memory[by], id: memory.id })
  const found = Array.from(rows)
    .filter(({ memory }) => !isExpired(memory, now) && (closed === true || isCurrent(memory)))
    .filter((row) => matches(filter, row.memory))
    .filter((row) => after === undefined || order(cursor(row), after) > 0)
    .sort((a, b) => order(cursor(a), cursor(b)))
  const { next, page } = cutPage(found, Math.min(limit, countByText(found)), cursor)
  return { rows: page, next }
}

const lastSaidFirst: Order<Memory> = (a, b) =>
  b.saidAt - a.saidAt || (b.turn ?? -1) - (a.turn ?? -1) || compareTexts(a.id, b.id)

/** The rows of a scope that `latest` asks for, in its order. */
export const latestRows = (rows: Iterable<StoreRow>, request: LatestRequest): ReadonlyArray<StoreRow> => {
  const { filter, limit, now } = request
  return Array.from(rows)
    .filter(({ memory }) => isVisible(memory, now) && matches(filter, memory))
    .sort((a, b) => lastSaidFirst(a.memory, b.memory))
    .slice(0, limit)
}

/** How many of the first rows a page holds before its texts are too long. */
export const countByText = (rows: ReadonlyArray<Pick<StoreRow, "memory">>): number => {
  let characters = 0
  const last = rows.findIndex(({ memory }) => {
    characters += memory.content.length
    return characters >= STORE_LIMITS.pageCharacters
  })
  return last < 0 ? rows.length : last + 1
}

const toSummary = (sessionId: string, memories: ReadonlyArray<Memory>): SessionSummary => {
  const said = memories.map(({ saidAt }) => saidAt)
  return {
    sessionId,
    firstSaidAt: said.reduce((a, b) => Math.min(a, b)),
    lastSaidAt: said.reduce((a, b) => Math.max(a, b)),
    turns: memories.length,
    bytes: memories.reduce((sum, memory) => sum + toBytes(memory), 0)
  }
}

/** One page of a scope's sessions, newest first. */
export const pageSummaries = (
  summaries: ReadonlyArray<SessionSummary>,
  { after, limit }: SessionsRequest
): SessionPage => {
  const found = summaries
    .filter((session) => after === undefined || newestSession(session, after) > 0)
    .sort(newestSession)
  const { next, page } = cutPage(found, limit, toSessionCursor)
  return { sessions: page, next }
}

/** The sessions of a scope's memories: one page of them, newest first. */
export const pageSessions = (memories: Iterable<Memory>, request: SessionsRequest): SessionPage => {
  const live = Array.from(memories).filter((memory) => isVisible(memory, request.now))
  const summaries = Array.from(Map.groupBy(live, ({ sessionId }) => sessionId)).flatMap(
    ([sessionId, turns]) => (sessionId === null ? [] : [toSummary(sessionId, turns)])
  )
  return pageSummaries(summaries, request)
}

/** The entries of a scope that `entries` asks for. */
export const selectEntries = (entries: Iterable<Entry>, request: EntriesRequest): ReadonlyArray<Entry> => {
  const { after, kind, limit, newestFirst, sessionId } = request
  const sign = newestFirst === true ? -1 : 1
  return Array.from(entries)
    .filter((entry) => entry.sessionId === sessionId && entry.kind === kind)
    .filter(({ number }) => after === undefined || sign * (number - after) > 0)
    .sort((a, b) => sign * (a.number - b.number))
    .slice(0, limit)
}

/** All entries of a scope: one page of them. */
export const pageEntries = (entries: Iterable<Entry>, request: ListEntriesRequest): EntryPage => {
  const { after, limit } = request
  const found = Array.from(entries)
    .filter((entry) => after === undefined || byKey(entry, after) > 0)
    .sort(byKey)
  const { next, page } = cutPage(found, limit, toEntryKey)
  return { entries: page, next }
}

/** Whether `dropEntries` takes an entry of its scope. */
export const dropsEntry = (
  { kind, sessionId, through = Number.POSITIVE_INFINITY }: DropEntriesRequest,
  entry: Entry
): boolean =>
  entry.sessionId === sessionId && (kind === undefined || (entry.kind === kind && entry.number <= through))

/** What `append` adds to the entries of its scope; `Conflict` where a number is there with other content. */
export const newEntries = (
  kept: Iterable<Entry>,
  { entries, now }: AppendRequest
): Result.Result<ReadonlyArray<Entry>, MemoryError> => {
  const known = Array.from(kept)
  const added: Array<Entry> = []
  for (const entry of entries) {
    const stored = known.find((other) => byKey(other, entry) === 0)
    if (stored === undefined) added.push({ ...entry, createdAt: now })
    else if (stored.content !== entry.content) return Result.fail(entryConflict(entry))
  }
  return Result.succeed(added)
}
