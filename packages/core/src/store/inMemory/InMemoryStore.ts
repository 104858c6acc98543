import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { checkedAdmin } from "../checkedAdmin.ts"
import { checkedStore } from "../checkedStore.ts"
import { matches } from "../../memory/Condition.ts"
import { canServe, StoreFingerprint } from "../StoreFingerprint.ts"
import { inMemoryOwed, inMemoryStaging, inMemoryUpkeep, toRemoval } from "./admin.ts"
import {
  drop,
  type InMemoryData,
  inMemoryData,
  keep,
  scopeMemories,
  putRow,
  putRows,
  scopeRows
} from "./inMemoryData.ts"
import { usageOf, withinLimits } from "./limits.ts"
import { latestExcerpts, readExcerpts, rowsAround, searchRows } from "../lists/search.ts"
import { closeAt, isExpired, isVisible } from "../../memory/lifetime.ts"
import { type Fingerprint, withCalibration } from "../../memory/Fingerprint.ts"
import type { Memory } from "../../memory/Memory.ts"
import type { MemoryError } from "../../memory/MemoryError.ts"
import { MemoryStore, STORE_LIMITS } from "../MemoryStore.ts"
import { pageRows } from "../lists/pages.ts"
import { readMode, StoreAdmin, type StoreOptions } from "../StoreAdmin.ts"
import { scopeKey } from "../../memory/Scope.ts"
import { inMemorySessions } from "./sessions.ts"
import { fingerprintMismatch, STORE_CLOSED, STORE_MOVED } from "../storeErrors.ts"

type Store = MemoryStore["Service"]

type Writing = "put" | "patch" | "supersede" | "remove" | "touch"

const reading = (data: InMemoryData): Omit<Store, Writing | keyof ReturnType<typeof inMemorySessions>> => ({
  get: ({ ids, now, scope }) =>
    Effect.sync(() =>
      ids.flatMap((id) => {
        const memory = scopeRows(data, scope).get(id)?.memory
        return memory === undefined || isExpired(memory, now) ? [] : [memory]
      })
    ),

  search: (request) =>
    Effect.sync(() =>
      searchRows(scopeRows(data, request.scope).values(), request, data.fingerprint?.embedding != null)
    ),

  around: (request) => Effect.sync(() => rowsAround(scopeRows(data, request.scope).values(), request)),

  excerpts: (request) =>
    Effect.sync(() => readExcerpts((id) => scopeRows(data, request.scope).get(id), request)),

  usage: ({ scope }) => Effect.sync(() => usageOf(data, scope)),

  speakers: ({ now, scope }) =>
    Effect.sync(() => {
      const names = scopeMemories(data, scope).flatMap((memory) =>
        memory.speaker !== null && isVisible(memory, now) ? [memory.speaker] : []
      )
      return Array.from(new Set(names)).slice(0, STORE_LIMITS.speakers)
    }),

  list: (request) =>
    Effect.sync(() => {
      const { next, rows } = pageRows(scopeRows(data, request.scope).values(), request)
      return { rows: rows.map((row) => row.memory), next }
    }),

  listRows: (request) => Effect.sync(() => pageRows(scopeRows(data, request.scope).values(), request)),

  latest: (request) => Effect.sync(() => latestExcerpts(scopeRows(data, request.scope).values(), request)),

  predecessors: ({ ids, now, scope }) =>
    Effect.sync(() =>
      scopeMemories(data, scope)
        .filter((memory) => memory.supersededBy !== null && ids.includes(memory.supersededBy))
        .filter((memory) => !isExpired(memory, now))
        .slice(0, STORE_LIMITS.rows)
    ),

  count: ({ filter, lifetime, now, scope }) =>
    Effect.sync(
      () =>
        scopeMemories(data, scope).filter(
          (memory) => (lifetime === "any" || isVisible(memory, now)) && matches(filter, memory)
        ).length
    )
})

const writing = (data: InMemoryData): Pick<Store, Writing> => ({
  put: (request) =>
    withinLimits(
      data,
      request,
      (results) => results.map(({ id }) => id),
      Effect.sync(() => putRows(data, request))
    ),

  patch: (request) => {
    const { change, id, now, scope } = request
    const write = Effect.sync(() => {
      const stored = scopeRows(data, scope).get(id)
      if (stored === undefined || isExpired(stored.memory, now)) return null
      const { memory: old } = stored
      const { expiresAt = old.expiresAt, importance = old.importance } = change
      const { metadata = old.metadata, pinned = old.pinned } = change
      const memory: Memory = { ...old, expiresAt, importance, metadata, pinned, updatedAt: now }
      keep(data, { ...stored, memory })
      return memory
    })
    return withinLimits(data, request, () => [id], write)
  },

  supersede: (request) => {
    const { id, now, row, scope } = request
    const write = Effect.sync(() => {
      const { id: successorId, outcome } = putRow(data, row, now)
      const put = { outcome, ...(successorId === row.memory.id ? {} : { id: successorId }) }
      const old = scopeRows(data, scope).get(id)
      const successor = scopeRows(data, scope).get(successorId)
      if (outcome === "conflict" || old === undefined || !isVisible(old.memory, now)) {
        return { ...put, closed: false }
      }
      const at = successor?.memory.validity.at(-1)?.from ?? now
      keep(data, { ...old, memory: { ...closeAt(old.memory, at, successorId), updatedAt: now } })
      return { ...put, closed: true }
    })
    return withinLimits(data, request, (superseded) => [id, superseded.id ?? row.memory.id], write)
  },

  remove: ({ scope, target }) =>
    Effect.sync(() => {
      const ids = new Set(target._tag === "Ids" ? target.ids : [])
      const doomed = scopeMemories(data, scope).filter(
        (memory) =>
          target._tag === "All" ||
          (target._tag === "Filter" ? matches(target.filter, memory) : ids.has(memory.id))
      )
      const removed = drop(data, doomed)
      const entries = data.sessions.get(scopeKey(scope))?.entries.size ?? 0
      if (target._tag !== "All") return toRemoval(removed)
      data.sessions.delete(scopeKey(scope))
      return toRemoval(removed, entries > 0)
    }),

  touch: ({ ids, now, scope }) =>
    Effect.sync(() => {
      for (const id of new Set(ids)) {
        const row = scopeRows(data, scope).get(id)
        if (row === undefined) continue
        const accessCount = row.memory.accessCount + 1
        keep(data, { ...row, memory: { ...row.memory, accessCount, lastAccessedAt: now } })
      }
    })
})

/**
 * Brute force over plain maps: the oracle of every other store, and a store for tests and short-lived
 * processes. The data is gone with the process.
 */
const make = Effect.fnUntraced(function* (data: InMemoryData, options: StoreOptions) {
  const mode = readMode(options)
  const fingerprint = yield* StoreFingerprint
  if (data.fingerprint !== null && !canServe(data.fingerprint, fingerprint)) {
    return yield* fingerprintMismatch(data.fingerprint, fingerprint)
  }
  // Compared by reference: a committed move replaces the object, which ends the stores that served the old one.
  const serving = (data.fingerprint ??= fingerprint)
  let closed = false
  const closedReason = () => {
    if (closed) return STORE_CLOSED
    return data.fingerprint === serving ? null : STORE_MOVED
  }
  const store = checkedStore(
    { ...reading(data), ...writing(data), ...inMemorySessions(data) },
    { fingerprint, closedReason, mode }
  )
  const calibrated = (): Fingerprint =>
    data.calibration === null ? serving : withCalibration(serving, data.calibration)
  const admin = StoreAdmin.of({
    backend: "memory",
    mode,
    cache: Effect.succeed(null),
    fingerprint: Effect.sync(calibrated),
    calibrate: (measured) =>
      Effect.sync(() => {
        data.calibration ??= measured
        return calibrated()
      }),
    ...inMemoryUpkeep(data),
    ...inMemoryOwed(data),
    ...inMemoryStaging(data),
    close: Effect.sync(() => {
      closed = true
    })
  })
  return { store, admin: checkedAdmin(admin, closedReason) }
})

const layerOf = (
  data: InMemoryData,
  options: StoreOptions = {}
): Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint> =>
  Layer.effectContext(
    Effect.acquireRelease(make(data, options), ({ admin }) => admin.close).pipe(
      Effect.map(({ admin, store }) => Context.make(MemoryStore, store).pipe(Context.add(StoreAdmin, admin)))
    )
  )

/** A store whose data is gone with the process: for tests, and as the oracle of every other store. */
export const InMemoryStore = {
  /** A store over data of its own. */
  get layer(): Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint> {
    return layerOf(inMemoryData())
  },
  /** A store over `data`, which outlives it: two stores over the same data see each other's writes. */
  layerOf
}
