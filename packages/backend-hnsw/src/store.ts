import {
  isExpired,
  type Memory,
  type MemoryError,
  type MemoryStore,
  type Scope,
  STORE_LIMITS
} from "@keepsake/core/driver"
import { Effect } from "effect"
import { CLOSED } from "./codec/memoryRow.ts"
import type { CommitQueue } from "./connection/CommitQueue.ts"
import type { Connection } from "./connection/Connection.ts"
import { toMemoryError } from "./connection/errors.ts"
import type { Eraser } from "./erase/Eraser.ts"
import type { IndexCache } from "./search/IndexCache.ts"
import type { MemoryQueries } from "./tables/MemoryQueries.ts"
import { beginChange, type MemoryTable } from "./tables/MemoryTable.ts"
import type { ScopeTable } from "./tables/ScopeTable.ts"

export interface StoreServices {
  readonly connection: Connection
  readonly commits: CommitQueue
  readonly scopes: ScopeTable
  readonly memories: MemoryTable
  readonly queries: MemoryQueries
  readonly indexes: IndexCache
  readonly eraser: Eraser
}

type Store = MemoryStore["Service"]
type Reads = "get" | "search" | "around" | "speakers" | "lastTurn" | "list" | "listRows" | "latest" | "count"

const makeReads = ({ connection, indexes, memories, queries, scopes }: StoreServices): Pick<Store, Reads> => {
  /** Reads synchronously; `empty` is the answer for a scope without rows. */
  const read = <A>(scope: Scope, empty: A, query: (sid: number) => A): Effect.Effect<A, MemoryError> =>
    Effect.suspend(() => {
      try {
        connection.assertServing()
        const row = scopes.find(scope)
        return Effect.succeed(row === null ? empty : query(row.sid))
      } catch (error) {
        return Effect.fail(toMemoryError(connection.path, error))
      }
    })
  return {
    get: ({ ids, now, scope }) =>
      read(scope, new Array<Memory>(), (sid) =>
        ids.flatMap((id) => {
          const memory = memories.findById(scope, sid, id)?.memory
          return memory === undefined || isExpired(memory, now) ? [] : [memory]
        })
      ),
    search: (request) =>
      indexes.use(
        request.scope,
        (index) => index?.search(request) ?? { hits: [], n: 0, df: Array.from(request.terms ?? [], () => 0) }
      ),
    around: (request) => indexes.use(request.scope, (index) => index?.around(request) ?? []),
    speakers: ({ now, scope }) =>
      indexes.use(scope, (index) => (index?.speakers(now) ?? []).slice(0, STORE_LIMITS.speakers)),
    lastTurn: ({ scope, sessionId }) => read(scope, null, (sid) => queries.lastTurn(scope, sid, sessionId)),
    list: (request) =>
      read(request.scope, { rows: [], next: null }, (sid) => {
        const { next, rows } = queries.list(sid, request)
        return { rows: rows.map((row) => row.memory), next }
      }),
    listRows: (request) => read(request.scope, { rows: [], next: null }, (sid) => queries.list(sid, request)),
    latest: (request) => indexes.use(request.scope, (index) => index?.latest(request) ?? []),
    count: ({ filter, lifetime, now, scope }) =>
      read(scope, 0, (sid) =>
        lifetime === "any"
          ? queries.count(scope, sid, filter, Number.NEGATIVE_INFINITY, 0)
          : queries.count(scope, sid, filter, now, CLOSED)
      )
  }
}

const makeWrites = ({ commits, eraser, indexes, memories, scopes }: StoreServices): Omit<Store, Reads> => ({
  put: ({ now, rows, scope }) =>
    commits.write(() => {
      if (rows.length === 0) return []
      const change = beginChange(scopes.findOrCreate(scope))
      const results = rows.map((row) => ({
        id: row.memory.id,
        outcome: memories.put(scope, change, row, now)
      }))
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
      const outcome = memories.put(scope, change, row, now)
      const closed = outcome !== "conflict" && memories.close(scope, change, id, row.memory.id, now)
      scopes.save(change)
      return { outcome, closed }
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

export const makeStore = (services: StoreServices): Store => ({
  ...makeReads(services),
  ...makeWrites(services)
})
