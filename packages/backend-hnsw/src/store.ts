import {
  type Entry,
  isExpired,
  type ListRequest,
  type Memory,
  type MemoryError,
  type MemoryStore,
  type Page,
  type Scope,
  type StoreRow,
  STORE_LIMITS
} from "@keepsake/core/driver"
import { Effect } from "effect"
import type { Body } from "./codec/bodyBlob.ts"
import { CLOSED } from "./codec/memoryRow.ts"
import { attempt } from "./connection/attempt.ts"
import type { CommitQueue } from "./connection/CommitQueue.ts"
import type { Connection } from "./connection/Connection.ts"
import { runScan, type Scan } from "./connection/Scan.ts"
import type { Eraser } from "./erase/Eraser.ts"
import type { IndexCache } from "./search/IndexCache.ts"
import type { EntryTable } from "./tables/EntryTable.ts"
import type { MemoryQueries } from "./tables/MemoryQueries.ts"
import { beginChange, type MemoryTable } from "./tables/MemoryTable.ts"
import type { ScopeRow, ScopeTable } from "./tables/ScopeTable.ts"
import type { SessionTable } from "./tables/SessionTable.ts"

export interface StoreServices {
  readonly connection: Connection
  readonly commits: CommitQueue
  readonly scopes: ScopeTable
  readonly memories: MemoryTable
  readonly sessions: SessionTable
  readonly entries: EntryTable
  readonly queries: MemoryQueries
  readonly indexes: IndexCache
  readonly eraser: Eraser
}

type Store = MemoryStore["Service"]
type MemoryReads = "get" | "list" | "listRows" | "count" | "predecessors"
type IndexReads = "search" | "around" | "speakers" | "latest" | "sessions"
type SessionReads = "lastTurn" | "entries" | "listEntries"

/** Reads of the file; `empty` is the answer for a scope that is not there. */
const makeRead = ({ connection, scopes }: StoreServices) => ({
  read: <A>(scope: Scope, empty: A, query: (sid: number) => A): Effect.Effect<A, MemoryError> =>
    attempt(connection, () => {
      const row = scopes.find(scope)
      return row === null ? empty : query(row.sid)
    }),
  scan: <A>(scope: Scope, empty: A, begin: (row: ScopeRow) => Scan<A>): Effect.Effect<A, MemoryError> =>
    runScan(connection, function* () {
      const row = scopes.find(scope)
      return row === null ? empty : yield* begin(row)
    })
})

const toStoreRow = (memory: Memory, { terms, vector }: Body): StoreRow => ({ memory, vector, terms })

const makeMemoryReads = (services: StoreServices): Pick<Store, MemoryReads> => {
  const { indexes, memories, queries } = services
  const { read, scan } = makeRead(services)
  const list = <Row>(
    request: ListRequest,
    toRow: (memory: Memory, body: Body) => Row
  ): Effect.Effect<Page<Row>, MemoryError> => {
    const { scope } = request
    const empty: Page<Row> = { rows: [], next: null }
    if (request.by !== "saidAt") return scan(scope, empty, ({ sid }) => queries.list(sid, request, toRow))
    return indexes.use(scope, (index, opened) => {
      const page = index?.listBySaid(request, opened)
      if (page === undefined) return empty
      const stored = page.rows.flatMap((rid) => memories.findByRid(scope, rid) ?? [])
      return { rows: stored.map(({ body, memory }) => toRow(memory, body)), next: page.next }
    })
  }
  return {
    get: ({ ids, now, scope }) =>
      read(scope, new Array<Memory>(), (sid) =>
        ids.flatMap((id) => {
          const memory = memories.findById(scope, sid, id)?.memory
          return memory === undefined || isExpired(memory, now) ? [] : [memory]
        })
      ),
    list: (request) => list(request, (memory) => memory),
    listRows: (request) => list(request, toStoreRow),
    count: ({ filter, lifetime, now, scope }) =>
      scan(scope, 0, ({ sid }) =>
        queries.count(
          lifetime === "any"
            ? { scope, sid, filter, expiredAfter: Number.NEGATIVE_INFINITY, excludedFlags: 0 }
            : { scope, sid, filter, expiredAfter: now, excludedFlags: CLOSED }
        )
      ),
    predecessors: ({ ids, now, scope }) =>
      read(scope, new Array<Memory>(), (sid) => queries.predecessors(scope, sid, ids, now))
  }
}

const makeIndexReads = ({ indexes }: StoreServices): Pick<Store, IndexReads> => ({
  search: (request) =>
    indexes.use(
      request.scope,
      (index, opened) =>
        index?.search(request, opened) ?? {
          hits: [],
          n: 0,
          df: Array.from(request.terms ?? [], () => 0),
          plan: { way: "exact", byWordsAlone: 0 }
        }
    ),
  around: (request) => indexes.use(request.scope, (index, opened) => index?.around(request, opened) ?? []),
  speakers: ({ now, scope }) =>
    indexes.use(scope, (index, opened) =>
      (index?.speakers(now, opened) ?? []).slice(0, STORE_LIMITS.speakers)
    ),
  latest: (request) => indexes.use(request.scope, (index, opened) => index?.latest(request, opened) ?? []),
  sessions: (request) =>
    indexes.use(
      request.scope,
      (index, opened) => index?.sessions(request, opened) ?? { sessions: [], next: null }
    )
})

const makeSessionReads = (services: StoreServices): Pick<Store, SessionReads> => {
  const { entries, queries, sessions } = services
  const { read, scan } = makeRead(services)
  return {
    lastTurn: ({ scope, sessionId }) =>
      read(scope, null, (sid) => {
        const turns = [queries.lastTurn(scope, sid, sessionId), sessions.lastTurn(sid, sessionId)]
        return turns.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a))
      }),
    entries: ({ after, kind, limit, newestFirst = false, scope, sessionId }) =>
      scan(scope, new Array<Entry>(), ({ sid }) =>
        entries.list(sid, { sessionId, kind }, { after, newestFirst, limit })
      ),
    listEntries: ({ after, limit, scope }) =>
      scan(scope, { entries: [], next: null }, ({ seq, sid }) => entries.listAll(sid, seq, after, limit))
  }
}

const makeWrites = ({
  commits,
  eraser,
  indexes,
  memories,
  scopes
}: StoreServices): Pick<Store, "put" | "patch" | "supersede" | "remove" | "touch"> => ({
  put: ({ now, rows, scope }) =>
    commits.write(() => {
      if (rows.length === 0) return []
      const change = beginChange(scopes.findOrCreate(scope))
      const results = rows.map((row) => memories.put(scope, change, row, now))
      scopes.save(change)
      return results
    }, rows.length),
  patch: ({ change: fields, id, now, scope }) =>
    commits.write(() => {
      const row = scopes.find(scope)
      if (row === null) return null
      const change = beginChange(row)
      const memory = memories.patch(scope, change, id, fields, now)
      if (memory !== null) scopes.save(change)
      return memory
    }),
  supersede: ({ id, now, row, scope }) =>
    commits.write(() => {
      const change = beginChange(scopes.findOrCreate(scope))
      const { id: successorId, outcome } = memories.put(scope, change, row, now)
      const closed = outcome !== "conflict" && memories.close(scope, change, id, successorId, now)
      scopes.save(change)
      return { outcome, closed, ...(successorId === row.memory.id ? {} : { id: successorId }) }
    }),
  remove: ({ scope, target }) => eraser.remove(scope, target),
  touch: ({ ids, now, scope }) => {
    const distinctIds = Array.from(new Set(ids))
    const touch = commits.write(() => {
      const row = scopes.find(scope)
      if (row === null) return null
      for (const id of distinctIds) memories.touch(row.sid, id, now)
      scopes.touch(row.sid)
      return row.touched + 1
    })
    return Effect.map(touch, (touched) => {
      if (touched !== null) indexes.touched(scope, distinctIds, now, touched)
    })
  }
})

const makeEntryWrites = ({
  commits,
  entries,
  eraser,
  scopes
}: StoreServices): Pick<Store, "append" | "dropEntries"> => ({
  append: ({ entries: appended, now, scope }) =>
    commits.write(() => {
      if (appended.length === 0) return
      const change = beginChange(scopes.findOrCreate(scope))
      for (const entry of appended) entries.append(change.sid, entry, now)
      scopes.save(change)
    }, appended.length),
  dropEntries: (request) => eraser.dropEntries(request)
})

export const makeStore = (services: StoreServices): Store => ({
  ...makeMemoryReads(services),
  ...makeIndexReads(services),
  ...makeSessionReads(services),
  ...makeWrites(services),
  ...makeEntryWrites(services)
})
