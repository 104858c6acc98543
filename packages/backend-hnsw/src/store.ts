import {
  type Entry,
  isExpired,
  type ListRequest,
  type Memory,
  type MemoryError,
  type MemoryStore,
  type Page,
  type Scope,
  type SearchRequest,
  type SearchResult,
  STORE_LIMITS
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { CLOSED } from "./codec/memoryRow.ts"
import { attempt } from "./connection/attempt.ts"
import type { Damage } from "./connection/Damage.ts"
import { runScan, type Scan } from "./connection/Scan.ts"
import type { OpenVerdicts } from "./search/rows/OpenVerdicts.ts"
import type { SaidPage, ScopeIndex } from "./search/ScopeIndex.ts"
import type { StoreServices } from "./StoreServices.ts"
import { countBytes } from "./tables/countBytes.ts"
import type { StoredMemory } from "./tables/MemoryTable.ts"
import { ScopeCheck } from "./tables/ScopeCheck.ts"
import type { ScopeRow } from "./tables/ScopeTable.ts"
import { makeWrites } from "./writes.ts"

type Store = MemoryStore["Service"]
type MemoryReads = "get" | "list" | "listRows" | "count" | "predecessors" | "usage"
type IndexReads = "search" | "around" | "excerpts" | "speakers" | "latest" | "sessions"
type SessionReads = "lastTurn" | "entries" | "listEntries"

/** Reads of the file; `empty` is the answer for a scope that is not there. */
const makeRead = ({ connection, scopes }: StoreServices) => ({
  read: <A>(scope: Scope, empty: A, query: (row: ScopeRow) => A): Effect.Effect<A, MemoryError> =>
    attempt(connection, () => {
      const row = scopes.find(scope)
      return row === null ? empty : query(row)
    }),
  scan: <A>(scope: Scope, empty: A, begin: (row: ScopeRow) => Scan<A>): Effect.Effect<A, MemoryError> =>
    runScan(connection, function* () {
      const row = scopes.find(scope)
      return row === null ? empty : yield* begin(row)
    })
})

/** Reads a page of row numbers, up to the row at which its texts are long enough. */
const readPage = <Row>(
  { next, rows }: SaidPage,
  find: (rid: number) => StoredMemory | null,
  toRow: (stored: StoredMemory) => Row | null
): Page<Row> => {
  const read: Array<Row> = []
  let characters = 0
  for (const [i, { place, rid }] of rows.entries()) {
    const stored = find(rid)
    const row = stored === null ? null : toRow(stored)
    if (stored === null || row === null) continue
    read.push(row)
    characters += stored.memory.content.length
    if (characters >= STORE_LIMITS.pageCharacters && i < rows.length - 1) return { rows: read, next: place }
  }
  return { rows: read, next }
}

const makeMemoryReads = (services: StoreServices): Pick<Store, MemoryReads> => {
  const { indexes, memories, queries } = services
  const { damage } = services.connection
  const check = new ScopeCheck(services.connection)
  const { read, scan } = makeRead(services)
  const list = <Row>(
    request: ListRequest,
    toRow: (stored: StoredMemory) => Row
  ): Effect.Effect<Page<Row>, MemoryError> => {
    const { scope } = request
    const empty: Page<Row> = { rows: [], next: null }
    if (request.by !== "saidAt") {
      return scan(scope, empty, (row) => {
        check.assertListable(row)
        return queries.list(row.sid, request, toRow)
      })
    }
    const find = (rid: number) => damage.skip(() => memories.findByRid(scope, rid))
    const listBySaid = function* (index: ScopeIndex, opened: OpenVerdicts): Scan<Page<Row>> {
      const page = yield* index.listBySaid(request, opened)
      return readPage(page, find, (stored) => damage.skip(() => toRow(stored)))
    }
    return indexes.scan(scope, listBySaid, empty)
  }
  return {
    get: ({ ids, now, scope }) =>
      read(scope, new Array<Memory>(), (row) => {
        const stored = ids.map((id) => memories.findById(scope, row.sid, id))
        if (stored.includes(null)) check.assertFindable(row)
        return stored.flatMap((found) =>
          found === null || isExpired(found.memory, now) ? [] : [found.memory]
        )
      }),
    list: (request) => list(request, ({ memory }) => memory),
    listRows: (request) => list(request, (stored) => memories.toStoreRow(stored)),
    usage: ({ scope }) =>
      scan(scope, { memories: 0, bytes: 0, owed: 0 }, function* (row) {
        return {
          memories: row.rows,
          bytes: yield* countBytes(services, row),
          owed: memories.space.countOwed(row.sid)
        }
      }),
    count: ({ filter, lifetime, now, scope }) =>
      scan(scope, 0, ({ sid }) =>
        queries.count(
          lifetime === "any"
            ? { scope, sid, filter, expiredAfter: Number.NEGATIVE_INFINITY, excludedFlags: 0 }
            : { scope, sid, filter, expiredAfter: now, excludedFlags: CLOSED }
        )
      ),
    predecessors: ({ ids, now, scope }) =>
      read(scope, new Array<Memory>(), ({ sid }) => queries.predecessors(scope, sid, ids, now))
  }
}

/** A search of rows that are whole, and how many are not. */
const searchIndex = function* (
  index: ScopeIndex,
  request: SearchRequest,
  opened: OpenVerdicts,
  damage: Damage
): Scan<SearchResult> {
  const result = yield* index.search(request, opened)
  const damaged = damage.count(index.sid)
  return damaged === 0 ? result : { ...result, damaged }
}

const makeIndexReads = ({ connection, indexes }: StoreServices): Pick<Store, IndexReads> => ({
  search: (request) =>
    indexes.scan(request.scope, (index, opened) => searchIndex(index, request, opened, connection.damage), {
      hits: [],
      n: 0,
      df: request.parts.map(({ terms }) => Array.from(terms ?? [], () => 0)),
      plan: { way: "exact", byWordsAlone: 0 }
    }),
  around: (request) => indexes.scan(request.scope, (index, opened) => index.around(request, opened), []),
  excerpts: (request) => indexes.scan(request.scope, (index) => index.excerpts(request), []),
  speakers: ({ now, scope }) =>
    indexes.use(scope, (index, opened) =>
      (index?.speakers(now, opened) ?? []).slice(0, STORE_LIMITS.speakers)
    ),
  latest: (request) => indexes.scan(request.scope, (index, opened) => index.latest(request, opened), []),
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
      read(scope, null, ({ sid }) => {
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

export const makeStore = (services: StoreServices): Store => ({
  ...makeMemoryReads(services),
  ...makeIndexReads(services),
  ...makeSessionReads(services),
  ...makeWrites(services)
})
