/** A store as an author outside this repository would write it: one array, and nothing but the driver entry. */
import {
  type AroundRequest,
  type AroundRow,
  checkedAdmin,
  checkedStore,
  checkVectors,
  canServe,
  closeAt,
  dropsEntry,
  type Entry,
  type Erasure,
  type Fingerprint,
  fingerprintMismatch,
  idf,
  isCurrent,
  isExpired,
  isVisible,
  matches,
  type Memory,
  type MemoryError,
  MemoryStore,
  newEntries,
  noMoveUnderWay,
  otherMoveUnderWay,
  pageEntries,
  pageRows,
  pageSessions,
  type PutResult,
  readMode,
  type RemoveTarget,
  restate,
  rowsUnstaged,
  sameFingerprint,
  sameScope,
  type Scope,
  type ScopeCount,
  scopeKey,
  type SearchHit,
  type SearchRequest,
  type SearchResult,
  selectEntries,
  STORE_CLOSED,
  STORE_LIMITS,
  STORE_MOVED,
  StoreAdmin,
  StoreFingerprint,
  type StoreMode,
  type StoreOptions,
  type StoreRow
} from "@keepsake/core/driver"
import { Context, Effect, Layer, Result } from "effect"

/** What outlives a store: build two over the same data and each sees the other's writes. */
export interface ListData {
  rows: ReadonlyArray<StoreRow>
  entries: ReadonlyArray<ListedEntry>
  /** The greatest turn that was removed, by scope and session. */
  removedTurns: ReadonlyMap<string, RemovedTurn>
  fingerprint: Fingerprint | null
  staged: { readonly fingerprint: Fingerprint; filled: ReadonlyMap<string, Staged> } | null
}

interface ListedEntry {
  readonly scope: Scope
  readonly entry: Entry
}

interface RemovedTurn {
  readonly scope: Scope
  readonly turn: number
}

/** The part of a row that another embedder makes again. */
type Staged = Pick<StoreRow, "vector" | "terms">

/** Two scopes may hold the same id. */
const rowKey = (scope: Scope, id: string): string => `${scopeKey(scope)}\u0000${id}`

const sessionKey = (scope: Scope, sessionId: string): string => `${scopeKey(scope)}\u0000${sessionId}`

const ERASURE: Erasure = { bytes: "erased", toErase: "" }

const find = (data: ListData, scope: Scope, id: string): StoreRow | undefined =>
  data.rows.find(({ memory }) => memory.id === id && sameScope(memory.scope, scope))

const scopeRows = (data: ListData, scope: Scope): ReadonlyArray<StoreRow> =>
  data.rows.filter(({ memory }) => sameScope(memory.scope, scope))

const scopeEntries = (data: ListData, scope: Scope): ReadonlyArray<Entry> =>
  data.entries.flatMap((kept) => (sameScope(kept.scope, scope) ? [kept.entry] : []))

const replace = (data: ListData, row: StoreRow, memory: Memory): void => {
  data.rows = data.rows.map((known) => (known === row ? { ...row, memory } : known))
}

const drop = (data: ListData, doomed: (memory: Memory) => boolean, limit = Number.POSITIVE_INFINITY) => {
  const removed = new Set(data.rows.filter(({ memory }) => doomed(memory)).slice(0, limit))
  data.rows = data.rows.filter((row) => !removed.has(row))
  const turns = new Map(data.removedTurns)
  for (const { memory } of removed) {
    const { scope, sessionId, turn } = memory
    if (sessionId === null || turn === null) continue
    const key = sessionKey(scope, sessionId)
    turns.set(key, { scope, turn: Math.max(turns.get(key)?.turn ?? turn, turn) })
  }
  data.removedTurns = turns
  if (data.staged !== null) {
    const keys = new Set(Array.from(removed, ({ memory }) => rowKey(memory.scope, memory.id)))
    data.staged.filled = new Map(Array.from(data.staged.filled).filter(([key]) => !keys.has(key)))
  }
  return { removed: removed.size, ...ERASURE }
}

/** What stands beside the rows of these scopes: entries, and counters of removed turns. */
const dropSessions = (data: ListData, doomed: (scope: Scope) => boolean): void => {
  data.entries = data.entries.filter(({ scope }) => !doomed(scope))
  data.removedTurns = new Map(Array.from(data.removedTurns).filter(([, { scope }]) => !doomed(scope)))
}

const putRow = (data: ListData, { formerIds = [], overwrites, ...row }: StoreRow, now: number): PutResult => {
  const { id, scope } = row.memory
  const known = [id, ...formerIds].flatMap((possible) => find(data, scope, possible) ?? [])[0]
  if (known === undefined) {
    data.rows = [...data.rows, row]
    return { id, outcome: "created" }
  }
  const restated = restate(known.memory, row.memory, now, overwrites)
  if (restated.outcome === "conflict") return { id, outcome: "conflict" }
  if (restated.outcome === "created") {
    drop(data, (memory) => memory === known.memory)
    data.rows = [...data.rows, { ...row, memory: { ...row.memory, id: known.memory.id } }]
  } else replace(data, known, restated.memory)
  return { id: known.memory.id, outcome: restated.outcome }
}

const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, part, i) => sum + part * (b[i] ?? 0), 0)

const cosine = (row: StoreRow, vector: Float32Array | undefined): number | null =>
  vector === undefined || row.vector === null ? null : dot(row.vector, vector)

const search = (data: ListData, request: SearchRequest): SearchResult => {
  const rows = scopeRows(data, request.scope)
  const current = rows.filter(({ memory }) => isCurrent(memory))
  const terms = Array.from(request.terms ?? [])
  const df = terms.map((term) => current.filter((row) => row.terms.ids.includes(term)).length)
  const weight = ({ terms: { ids, weights } }: StoreRow, term: number) => weights[ids.indexOf(term)] ?? 0
  const hits = rows
    .filter(({ memory }) => isVisible(memory, request.now, request.asOf) && matches(request.filter, memory))
    .map((row): SearchHit => ({
      memory: row.memory,
      cosine: cosine(row, request.vector),
      bm25: terms.reduce((sum, term, i) => sum + idf(current.length, df[i] ?? 0) * weight(row, term), 0)
    }))
  const best = (score: (hit: SearchHit) => number | null) =>
    hits
      .filter((hit) => score(hit) !== null)
      .toSorted((a, b) => (score(b) ?? 0) - (score(a) ?? 0))
      .slice(0, request.limit)
  const union = new Set([...best((hit) => hit.cosine), ...best(({ bm25 }) => (bm25 > 0 ? bm25 : null))])
  const byWordsAlone = data.fingerprint?.embedding
    ? current.filter(({ vector }) => vector === null).length
    : 0
  return { hits: Array.from(union), n: current.length, df, plan: { way: "exact", byWordsAlone } }
}

const around = (data: ListData, request: AroundRequest): ReadonlyArray<AroundRow> =>
  scopeRows(data, request.scope)
    .filter(({ memory }) => isVisible(memory, request.now, request.asOf))
    .filter(({ memory: { sessionId, turn } }) =>
      request.anchors.some(
        (anchor) =>
          anchor.sessionId === sessionId && turn !== null && Math.abs(anchor.turn - turn) <= request.radius
      )
    )
    .map((row) => ({ memory: row.memory, cosine: cosine(row, request.vector) }))

const isTarget = (memory: Memory, target: RemoveTarget): boolean => {
  if (target._tag === "Ids") return target.ids.includes(memory.id)
  return target._tag === "All" || matches(target.filter, memory)
}

const makeReads = (data: ListData) => {
  const visible = (scope: Scope, now: number) =>
    scopeRows(data, scope).flatMap(({ memory }) => (isVisible(memory, now) ? [memory] : []))
  return {
    get: ({ ids, now, scope }) =>
      Effect.sync(() =>
        scopeRows(data, scope).flatMap(({ memory }) =>
          ids.includes(memory.id) && !isExpired(memory, now) ? [memory] : []
        )
      ),
    search: (request) => Effect.sync(() => search(data, request)),
    around: (request) => Effect.sync(() => around(data, request)),
    speakers: ({ now, scope }) =>
      Effect.sync(() =>
        Array.from(new Set(visible(scope, now).flatMap(({ speaker }) => speaker ?? []))).slice(
          0,
          STORE_LIMITS.speakers
        )
      ),
    lastTurn: ({ scope, sessionId }) =>
      Effect.sync(() =>
        scopeRows(data, scope).reduce<number | null>(
          (last, { memory: { sessionId: session, turn } }) =>
            session === sessionId && turn !== null ? Math.max(last ?? turn, turn) : last,
          data.removedTurns.get(sessionKey(scope, sessionId))?.turn ?? null
        )
      ),
    list: (request) =>
      Effect.sync(() => {
        const { next, rows } = pageRows(scopeRows(data, request.scope), request)
        return { next, rows: rows.map(({ memory }) => memory) }
      }),
    listRows: (request) => Effect.sync(() => pageRows(scopeRows(data, request.scope), request)),
    latest: ({ filter, limit, now, scope }) =>
      Effect.sync(() =>
        visible(scope, now)
          .filter((memory) => matches(filter, memory))
          .toSorted(
            (a, b) =>
              b.saidAt - a.saidAt ||
              (b.turn ?? -1) - (a.turn ?? -1) ||
              (a.id < b.id ? -1 : Number(a.id > b.id))
          )
          .slice(0, limit)
      ),
    predecessors: ({ ids, now, scope }) =>
      Effect.sync(() =>
        scopeRows(data, scope)
          .flatMap(({ memory }) =>
            ids.some((id) => id === memory.supersededBy) && !isExpired(memory, now) ? [memory] : []
          )
          .slice(0, STORE_LIMITS.rows)
      ),
    sessions: (request) =>
      Effect.sync(() =>
        pageSessions(
          scopeRows(data, request.scope).map(({ memory }) => memory),
          request
        )
      ),
    entries: (request) => Effect.sync(() => selectEntries(scopeEntries(data, request.scope), request)),
    listEntries: (request) => Effect.sync(() => pageEntries(scopeEntries(data, request.scope), request)),
    count: ({ filter, lifetime, now, scope }) =>
      Effect.sync(
        () =>
          scopeRows(data, scope).filter(
            ({ memory }) => (lifetime === "any" || isVisible(memory, now)) && matches(filter, memory)
          ).length
      )
  } satisfies Partial<MemoryStore["Service"]>
}

const makeWrites = (data: ListData) =>
  ({
    put: ({ now, rows }) => Effect.sync(() => rows.map((row) => putRow(data, row, now))),
    patch: ({ change, id, now, scope }) =>
      Effect.sync(() => {
        const row = find(data, scope, id)
        if (row === undefined || isExpired(row.memory, now)) return null
        const { memory: old } = row
        const { expiresAt = old.expiresAt, importance = old.importance } = change
        const { metadata = old.metadata, pinned = old.pinned } = change
        const memory: Memory = { ...old, expiresAt, importance, metadata, pinned, updatedAt: now }
        replace(data, row, memory)
        return memory
      }),
    supersede: ({ id, now, row, scope }) =>
      Effect.sync(() => {
        const { id: successorId, outcome } = putRow(data, row, now)
        const put = { outcome, ...(successorId === row.memory.id ? {} : { id: successorId }) }
        const old = find(data, scope, id)
        if (outcome === "conflict" || old === undefined || !isVisible(old.memory, now)) {
          return { ...put, closed: false }
        }
        const from = find(data, scope, successorId)?.memory.validity.at(-1)?.from ?? now
        replace(data, old, { ...closeAt(old.memory, from, successorId), updatedAt: now })
        return { ...put, closed: true }
      }),
    remove: ({ scope, target }) =>
      Effect.sync(() => {
        const removal = drop(data, (memory) => sameScope(memory.scope, scope) && isTarget(memory, target))
        if (target._tag === "All") dropSessions(data, (other) => sameScope(other, scope))
        return removal
      }),
    append: (request) =>
      Effect.suspend(() =>
        Effect.fromResult(
          Result.map(newEntries(scopeEntries(data, request.scope), request), (added) => {
            data.entries = [...data.entries, ...added.map((entry) => ({ scope: request.scope, entry }))]
          })
        )
      ),
    dropEntries: (request) =>
      Effect.sync(() => {
        const before = data.entries.length
        data.entries = data.entries.filter(
          ({ entry, scope }) => !sameScope(scope, request.scope) || !dropsEntry(request, entry)
        )
        return before - data.entries.length
      }),
    touch: ({ ids, now, scope }) =>
      Effect.sync(() => {
        for (const id of new Set(ids)) {
          const row = find(data, scope, id)
          if (row === undefined) continue
          const accessCount = row.memory.accessCount + 1
          replace(data, row, { ...row.memory, accessCount, lastAccessedAt: now })
        }
      })
  }) satisfies Partial<MemoryStore["Service"]>

const unstaged = ({ rows, staged }: ListData): ReadonlyArray<StoreRow> =>
  staged === null ? [] : rows.filter(({ memory }) => !staged.filled.has(rowKey(memory.scope, memory.id)))

const makeStaging = (data: ListData) =>
  ({
    stage: (next) =>
      Effect.suspend(() => {
        const { staged } = data
        if (staged !== null && !sameFingerprint(staged.fingerprint, next)) {
          return Effect.fail(otherMoveUnderWay(staged.fingerprint, next))
        }
        data.staged = staged ?? { fingerprint: next, filled: new Map() }
        return Effect.void
      }),
    unstaged: ({ limit }) =>
      Effect.sync(() =>
        unstaged(data)
          .slice(0, limit)
          .map(({ memory }) => memory)
      ),
    fillStage: Effect.fnUntraced(function* (rows) {
      const { staged } = data
      if (staged === null) return
      yield* checkVectors(
        staged.fingerprint,
        "rows.vector",
        rows.map(({ vector }) => vector)
      )
      const filled = rows
        .filter(({ id, scope }) => find(data, scope, id) !== undefined)
        .map(({ id, scope, terms, vector }) => [rowKey(scope, id), { terms, vector }] as const)
      staged.filled = new Map([...staged.filled, ...filled])
    }),
    commitStage: Effect.suspend(() => {
      const { staged } = data
      if (staged === null) return Effect.fail(noMoveUnderWay())
      const missing = unstaged(data).length
      if (missing > 0) return Effect.fail(rowsUnstaged(missing))
      data.rows = data.rows.map((row) => ({
        ...row,
        ...staged.filled.get(rowKey(row.memory.scope, row.memory.id))
      }))
      data.fingerprint = staged.fingerprint
      data.staged = null
      return Effect.void
    }),
    dropStage: Effect.sync(() => {
      data.staged = null
    })
  }) satisfies Partial<StoreAdmin["Service"]>

const listScopes = (data: ListData, after: Scope | undefined, limit: number): ReadonlyArray<ScopeCount> => {
  const first = after === undefined ? "" : scopeKey(after)
  const held = [...data.rows.map(({ memory }) => memory.scope), ...data.entries.map(({ scope }) => scope)]
  return Array.from(new Map(held.map((scope) => [scopeKey(scope), scope])))
    .filter(([key]) => key > first)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, limit)
    .map(([, scope]) => ({ scope, rows: scopeRows(data, scope).length }))
}

const make = Effect.fnUntraced(function* (data: ListData, mode: StoreMode) {
  const fingerprint = yield* StoreFingerprint
  if (data.fingerprint !== null && !canServe(data.fingerprint, fingerprint)) {
    return yield* fingerprintMismatch(data.fingerprint, fingerprint)
  }
  const serving = (data.fingerprint ??= fingerprint)
  let closed = false
  const closedReason = () => {
    if (closed) return STORE_CLOSED
    return data.fingerprint === serving ? null : STORE_MOVED
  }
  const admin: StoreAdmin["Service"] = {
    backend: "list",
    mode,
    erasure: ERASURE,
    fingerprint: Effect.succeed(serving),
    expire: ({ limit, now }) => Effect.sync(() => drop(data, (memory) => isExpired(memory, now), limit)),
    eraseUser: ({ userId }) =>
      Effect.sync(() => {
        const removal = drop(data, ({ scope }) => scope.userId === userId)
        dropSessions(data, (scope) => scope.userId === userId)
        return removal
      }),
    scopes: ({ after, limit }) => Effect.sync(() => listScopes(data, after, limit)),
    ...makeStaging(data),
    close: Effect.sync(() => {
      closed = true
    })
  }
  return {
    store: checkedStore({ ...makeReads(data), ...makeWrites(data) }, { fingerprint, closedReason, mode }),
    admin: checkedAdmin(admin, closedReason)
  }
})

export const listData = (): ListData => ({
  rows: [],
  entries: [],
  removedTurns: new Map(),
  fingerprint: null,
  staged: null
})

export const ListStore = {
  layer: (
    data: ListData,
    options: StoreOptions = {}
  ): Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint> =>
    Layer.effectContext(
      Effect.acquireRelease(make(data, readMode(options)), ({ admin }) => admin.close).pipe(
        Effect.map(({ admin, store }) =>
          Context.make(MemoryStore, store).pipe(Context.add(StoreAdmin, admin))
        )
      )
    )
}
