/** A store as an author outside this repository would write it: one array, and nothing but the driver entry. */
import {
  checkedAdmin,
  checkedStore,
  checkVectors,
  canServe,
  closeAt,
  dropsEntry,
  type Entry,
  type Fingerprint,
  fingerprintMismatch,
  isExpired,
  isVisible,
  latestExcerpts,
  limitReached,
  makeRoom,
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
  type PutRequest,
  type PutResult,
  refusedWhole,
  readExcerpts,
  readMode,
  type Removal,
  type RemoveTarget,
  restate,
  rowsAround,
  rowsUnstaged,
  sameFingerprint,
  sameScope,
  type Scope,
  type ScopeCount,
  scopeKey,
  type ScopeUsage,
  searchRows,
  selectEntries,
  STORE_CLOSED,
  STORE_LIMITS,
  STORE_MOVED,
  StoreAdmin,
  StoreFingerprint,
  type StoreMode,
  type StoreOptions,
  type StoreRow,
  sumUsage,
  toErasure
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
type Staged = Pick<StoreRow, "passages" | "owed">

/** Two scopes may hold the same id. */
const rowKey = (scope: Scope, id: string): string => `${scopeKey(scope)}\u0000${id}`

const sessionKey = (scope: Scope, sessionId: string): string => `${scopeKey(scope)}\u0000${sessionId}`

/** Arrays in memory: what is removed is gone. */
const toRemoval = (removed: number, isTouched = removed > 0): Removal => ({
  removed,
  ...toErasure([{ place: "rows", bytes: isTouched ? "erased" : "untouched", toErase: "" }])
})

const find = (data: ListData, scope: Scope, id: string): StoreRow | undefined =>
  data.rows.find(({ memory }) => memory.id === id && sameScope(memory.scope, scope))

const scopeRows = (data: ListData, scope: Scope): ReadonlyArray<StoreRow> =>
  data.rows.filter(({ memory }) => sameScope(memory.scope, scope))

const scopeEntries = (data: ListData, scope: Scope): ReadonlyArray<Entry> =>
  data.entries.flatMap((kept) => (sameScope(kept.scope, scope) ? [kept.entry] : []))

const replace = (data: ListData, row: StoreRow, next: StoreRow): void => {
  data.rows = data.rows.map((known) => (known === row ? next : known))
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
  return toRemoval(removed.size)
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
  } else replace(data, known, { ...(known.owed && !row.owed ? row : known), memory: restated.memory })
  return { id: known.memory.id, outcome: restated.outcome }
}

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
    search: (request) =>
      Effect.sync(() =>
        searchRows(scopeRows(data, request.scope), request, data.fingerprint?.embedding != null)
      ),
    around: (request) => Effect.sync(() => rowsAround(scopeRows(data, request.scope), request)),
    excerpts: (request) => Effect.sync(() => readExcerpts((id) => find(data, request.scope, id), request)),
    usage: ({ scope }) => Effect.sync(() => usageOf(data, scope)),
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
    latest: (request) => Effect.sync(() => latestExcerpts(scopeRows(data, request.scope), request)),
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

const usageOf = (data: ListData, scope: Scope): ScopeUsage =>
  sumUsage(scopeRows(data, scope), scopeEntries(data, scope))

/** Makes room for a write, or undoes it. */
const limited = <A>(
  data: ListData,
  { limits, now, scope }: Pick<PutRequest, "limits" | "now" | "scope">,
  idsOf: (written: A) => ReadonlyArray<string>,
  write: Effect.Effect<A, MemoryError>
): Effect.Effect<A, MemoryError> => {
  if (limits === undefined) return write
  return Effect.gen(function* () {
    const { entries, removedTurns, rows } = data
    const before = usageOf(data, scope)
    const written = yield* write
    const room = makeRoom({
      rows: scopeRows(data, scope),
      entries: scopeEntries(data, scope),
      ids: idsOf(written),
      before,
      limits,
      now
    })
    if (room._tag === "Full") {
      Object.assign(data, { entries, removedTurns, rows })
      return yield* limitReached(room.over)
    }
    const dropped = new Set(room.dropped)
    drop(data, (memory) => dropped.has(memory))
    return written
  })
}

const makeWrites = (data: ListData) =>
  ({
    put: (request) =>
      limited(
        data,
        request,
        (results) => results.map(({ id }) => id),
        Effect.sync(() => {
          const { rows } = data
          const results = request.rows.map((row) => putRow(data, row, request.now))
          const refused = refusedWhole(
            request,
            results.map(({ outcome }) => outcome)
          )
          if (refused !== null) data.rows = rows
          return refused ?? results
        })
      ),
    patch: (request) => {
      const { change, id, now, scope } = request
      const write = Effect.sync(() => {
        const row = find(data, scope, id)
        if (row === undefined || isExpired(row.memory, now)) return null
        const { memory: old } = row
        const { expiresAt = old.expiresAt, importance = old.importance } = change
        const { metadata = old.metadata, pinned = old.pinned } = change
        const memory: Memory = { ...old, expiresAt, importance, metadata, pinned, updatedAt: now }
        replace(data, row, { ...row, memory })
        return memory
      })
      return limited(data, request, () => [id], write)
    },
    supersede: (request) => {
      const { id, now, row, scope } = request
      const write = Effect.sync(() => {
        const { id: successorId, outcome } = putRow(data, row, now)
        const put = { outcome, ...(successorId === row.memory.id ? {} : { id: successorId }) }
        const old = find(data, scope, id)
        if (outcome === "conflict" || old === undefined || !isVisible(old.memory, now)) {
          return { ...put, closed: false }
        }
        const from = find(data, scope, successorId)?.memory.validity.at(-1)?.from ?? now
        const closed = { ...closeAt(old.memory, from, successorId), updatedAt: now }
        replace(data, old, { ...old, memory: closed })
        return { ...put, closed: true }
      })
      return limited(data, request, (superseded) => [id, superseded.id ?? row.memory.id], write)
    },
    remove: ({ scope, target }) =>
      Effect.sync(() => {
        const { removed } = drop(data, (memory) => sameScope(memory.scope, scope) && isTarget(memory, target))
        const hadEntries = target._tag === "All" && scopeEntries(data, scope).length > 0
        if (target._tag === "All") dropSessions(data, (other) => sameScope(other, scope))
        return toRemoval(removed, removed > 0 || hadEntries)
      }),
    append: (request) =>
      limited(
        data,
        request,
        () => [],
        Effect.suspend(() =>
          Effect.fromResult(
            Result.map(newEntries(scopeEntries(data, request.scope), request), (added) => {
              data.entries = [...data.entries, ...added.map((entry) => ({ scope: request.scope, entry }))]
            })
          )
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
          replace(data, row, { ...row, memory: { ...row.memory, accessCount, lastAccessedAt: now } })
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
        rows.flatMap(({ passages }) => passages.map(({ vector }) => vector))
      )
      const filled = rows
        .filter(({ id, scope }) => find(data, scope, id) !== undefined)
        .map(({ id, owed, passages, scope }) => [rowKey(scope, id), { owed, passages }] as const)
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

const makeOwed = (data: ListData, fingerprint: Fingerprint) =>
  ({
    owed: ({ limit }) =>
      Effect.sync(() =>
        data.rows
          .filter(({ owed }) => owed)
          .slice(0, limit)
          .map(({ memory, passages }) => ({
            memory,
            spans: passages.map(({ end, start }) => ({ start, end }))
          }))
      ),
    payOwed: Effect.fnUntraced(function* (paid) {
      yield* checkVectors(
        fingerprint,
        "rows.vectors",
        paid.flatMap(({ vectors }) => vectors)
      )
      let count = 0
      for (const { id, scope, vectors } of paid) {
        const row = find(data, scope, id)
        if (row === undefined || !row.owed || row.passages.length !== vectors.length) continue
        const [first, ...more] = row.passages
        replace(data, row, {
          ...row,
          owed: false,
          passages: [
            { ...first, vector: vectors[0] ?? null },
            ...more.map((passage, i) => ({ ...passage, vector: vectors[i + 1] ?? null }))
          ]
        })
        count += 1
      }
      return count
    })
  }) satisfies Partial<StoreAdmin["Service"]>

const listScopes = (data: ListData, after: Scope | undefined, limit: number): ReadonlyArray<ScopeCount> => {
  const first = after === undefined ? "" : scopeKey(after)
  const held = [...data.rows.map(({ memory }) => memory.scope), ...data.entries.map(({ scope }) => scope)]
  return Array.from(new Map(held.map((scope) => [scopeKey(scope), scope])))
    .filter(([key]) => key > first)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, limit)
    .map(([, scope]) => ({ scope, rows: scopeRows(data, scope).length, bytes: usageOf(data, scope).bytes }))
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
    cache: Effect.succeed(null),
    fingerprint: Effect.succeed(serving),
    expire: ({ limit, now }) => Effect.sync(() => drop(data, (memory) => isExpired(memory, now), limit)),
    eraseUser: ({ userId }) =>
      Effect.sync(() => {
        const { removed } = drop(data, ({ scope }) => scope.userId === userId)
        const hadEntries = data.entries.some(({ scope }) => scope.userId === userId)
        dropSessions(data, (scope) => scope.userId === userId)
        return toRemoval(removed, removed > 0 || hadEntries)
      }),
    scopes: ({ after, limit }) => Effect.sync(() => listScopes(data, after, limit)),
    ...makeOwed(data, fingerprint),
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
