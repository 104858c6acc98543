import { Context, Effect, Layer } from "effect"
import { checkedStore, checkVectors } from "./checkedStore.ts"
import { type Filter, matches } from "./Filter.ts"
import { describeFingerprint, type Fingerprint, sameFingerprint, StoreFingerprint } from "./Fingerprint.ts"
import { closeAt, isCurrent, isExpired, isVisible, restate } from "./lifetime.ts"
import type { Memory } from "./Memory.ts"
import { Closed, Conflict, FingerprintMismatch, MemoryError } from "./MemoryError.ts"
import {
  type AroundRow,
  type ListRequest,
  MemoryStore,
  type Page,
  type PutOutcome,
  type Removal,
  type SearchHit,
  STORE_LIMITS,
  type StoreRow
} from "./MemoryStore.ts"
import { type Scope, scopeKey } from "./Scope.ts"
import { StoreAdmin } from "./StoreAdmin.ts"
import { idf, type Terms } from "./terms.ts"

type Space = { readonly vector: Float32Array | null; readonly terms: Terms }
type Rows = Map<string, StoreRow>

/** What an in-memory store holds. Layers over the same data see each other's writes. */
export interface InMemoryData {
  readonly scopes: Map<string, Rows>
  fingerprint: Fingerprint | null
  staged: { readonly fingerprint: Fingerprint; readonly rows: Map<Memory["id"], Space> } | null
}

export const inMemoryData = (): InMemoryData => ({ scopes: new Map(), fingerprint: null, staged: null })

const ERASED = { bytes: "erased", toErase: "" } as const

/** The error of opening a store with another fingerprint than it was filled with. */
export const fingerprintMismatch = (stored: Fingerprint, given: Fingerprint): MemoryError =>
  new MemoryError({
    reason: new FingerprintMismatch({
      stored: describeFingerprint(stored),
      given: describeFingerprint(given),
      message:
        `This store was filled with [${describeFingerprint(stored)}] but is opened with ` +
        `[${describeFingerprint(given)}]. Open it with the former, or move it to the latter with \`keepsake reembed\`.`
    })
  })

export const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

const weightOf = (terms: Terms, id: number): number => {
  const at = terms.ids.indexOf(id)
  return at < 0 ? 0 : (terms.weights[at] ?? 0)
}

const byPlace = (a: Memory, b: Memory): number => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)

const lastSaidFirst = (a: Memory, b: Memory): number =>
  b.saidAt - a.saidAt || (b.turn ?? -1) - (a.turn ?? -1) || (a.id < b.id ? -1 : 1)

/**
 * Brute force over plain maps: the oracle that every other store is compared with, and a store of its
 * own for tests and short-lived processes. Nothing is kept beyond the process.
 */
const make = (data: InMemoryData) =>
  Effect.gen(function* () {
    const given = yield* StoreFingerprint
    if (data.fingerprint !== null && !sameFingerprint(data.fingerprint, given)) {
      return yield* fingerprintMismatch(data.fingerprint, given)
    }
    data.fingerprint = given
    let closed: string | null = null

    /** Runs synchronously, so that every operation is atomic. */
    const run = <A>(body: () => A): Effect.Effect<A, MemoryError> =>
      Effect.suspend(() =>
        closed === null
          ? Effect.sync(body)
          : Effect.fail(new MemoryError({ reason: new Closed({ message: closed }) }))
      )

    const rowsOf = (scope: Scope): Rows => data.scopes.get(scopeKey(scope)) ?? new Map()
    const memoriesOf = (scope: Scope): Array<Memory> =>
      Array.from(rowsOf(scope).values(), (row) => row.memory)
    const keep = (scope: Scope, row: StoreRow): void => {
      const key = scopeKey(scope)
      const rows = data.scopes.get(key) ?? new Map<string, StoreRow>()
      data.scopes.set(key, rows.set(row.memory.id, row))
    }
    const drop = (scope: Scope, doomed: ReadonlyArray<Memory>): number => {
      const rows = rowsOf(scope)
      for (const memory of doomed) {
        rows.delete(memory.id)
        data.staged?.rows.delete(memory.id)
      }
      if (rows.size === 0) data.scopes.delete(scopeKey(scope))
      return doomed.length
    }
    const removal = (removed: number): Removal => ({ removed, ...ERASED })

    const putRow = (scope: Scope, row: StoreRow, now: number): PutOutcome => {
      const known = rowsOf(scope).get(row.memory.id)
      if (known === undefined) {
        keep(scope, row)
        return "created"
      }
      const restated = restate(known.memory, row.memory, now)
      if (restated.outcome === "created") {
        drop(scope, [known.memory])
        keep(scope, row)
      } else if (restated.outcome !== "conflict") keep(scope, { ...known, memory: restated.memory })
      return restated.outcome
    }

    const page = (request: ListRequest): Page<StoreRow> => {
      const { after, closed: closedToo, filter, limit, now, scope } = request
      const rows = Array.from(rowsOf(scope).values())
        .filter(({ memory }) => !isExpired(memory, now) && (closedToo === true || isCurrent(memory)))
        .filter(({ memory }) => matches(filter, memory))
        .filter(
          ({ memory }) =>
            after === undefined ||
            memory.createdAt > after.createdAt ||
            (memory.createdAt === after.createdAt && memory.id > after.id)
        )
        .sort((a, b) => byPlace(a.memory, b.memory))
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)?.memory
      const more = rows.length > limit && last !== undefined
      return { rows: shown, next: more ? { createdAt: last.createdAt, id: last.id } : null }
    }

    const cosineOf = (row: StoreRow, vector: Float32Array | undefined): number | null =>
      vector === undefined || row.vector === null ? null : dot(vector, row.vector)

    const store = MemoryStore.of({
      put: ({ now, rows, scope }) =>
        run(() => rows.map((row) => ({ id: row.memory.id, outcome: putRow(scope, row, now) }))),

      get: ({ ids, now, scope }) =>
        run(() =>
          ids.flatMap((id) => {
            const memory = rowsOf(scope).get(id)?.memory
            return memory === undefined || isExpired(memory, now) ? [] : [memory]
          })
        ),

      search: ({ asOf, filter, limit, now, scope, terms, vector }) =>
        run(() => {
          const rows = Array.from(rowsOf(scope).values())
          const counted = rows.filter(({ memory }) => isCurrent(memory))
          const n = counted.length
          const asked = Array.from(terms ?? [])
          const df = asked.map((id) => counted.filter((row) => row.terms.ids.includes(id)).length)
          const scored = rows
            .filter(({ memory }) => isVisible(memory, now, asOf) && matches(filter, memory))
            .map((row): SearchHit => {
              let bm25 = 0
              asked.forEach((id, i) => {
                bm25 += idf(n, df[i] ?? 0) * weightOf(row.terms, id)
              })
              return { memory: row.memory, cosine: cosineOf(row, vector), bm25 }
            })
          const best = (score: (hit: SearchHit) => number) =>
            scored
              .filter((hit) => score(hit) > Number.NEGATIVE_INFINITY)
              .sort((a, b) => score(b) - score(a) || (a.memory.id < b.memory.id ? -1 : 1))
              .slice(0, limit)
          const hits = new Set([
            ...best((hit) => hit.cosine ?? Number.NEGATIVE_INFINITY),
            ...best((hit) => (hit.bm25 > 0 ? hit.bm25 : Number.NEGATIVE_INFINITY))
          ])
          return { hits: Array.from(hits), n, df }
        }),

      around: ({ anchors, asOf, now, radius, scope, vector }) =>
        run(() => {
          const near = (memory: Memory): boolean =>
            anchors.some(
              ({ sessionId, turn }) =>
                memory.sessionId === sessionId &&
                memory.turn !== null &&
                Math.abs(memory.turn - turn) <= radius
            )
          return Array.from(rowsOf(scope).values())
            .filter(({ memory }) => isVisible(memory, now, asOf) && near(memory))
            .map((row): AroundRow => ({ memory: row.memory, cosine: cosineOf(row, vector) }))
        }),

      speakers: ({ now, scope }) =>
        run(() => {
          const names = new Set<string>()
          for (const memory of memoriesOf(scope)) {
            if (memory.speaker !== null && isVisible(memory, now)) names.add(memory.speaker)
          }
          return Array.from(names).slice(0, STORE_LIMITS.speakers)
        }),

      lastTurn: ({ scope, sessionId }) =>
        run(() => {
          const turns = memoriesOf(scope).flatMap(({ sessionId: session, turn }) =>
            session === sessionId && turn !== null ? [turn] : []
          )
          return turns.length === 0 ? null : turns.reduce((a, b) => Math.max(a, b))
        }),

      list: (request) =>
        run(() => {
          const { next, rows } = page(request)
          return { rows: rows.map((row) => row.memory), next }
        }),

      listRows: (request) => run(() => page(request)),

      latest: ({ filter, limit, now, scope }) =>
        run(() =>
          memoriesOf(scope)
            .filter((memory) => isVisible(memory, now) && matches(filter, memory))
            .sort(lastSaidFirst)
            .slice(0, limit)
        ),

      patch: ({ change, id, now, scope }) =>
        run(() => {
          const known = rowsOf(scope).get(id)
          if (known === undefined || isExpired(known.memory, now)) return null
          const memory: Memory = { ...known.memory, ...change, updatedAt: now }
          keep(scope, { ...known, memory })
          return memory
        }),

      supersede: ({ id, now, row, scope }) =>
        run(() => {
          const outcome = putRow(scope, row, now)
          const old = rowsOf(scope).get(id)
          const successor = rowsOf(scope).get(row.memory.id)
          if (outcome === "conflict" || old === undefined || !isVisible(old.memory, now)) {
            return { outcome, closed: false }
          }
          const at = successor?.memory.validity.at(-1)?.from ?? now
          keep(scope, { ...old, memory: { ...closeAt(old.memory, at, row.memory.id), updatedAt: now } })
          return { outcome, closed: true }
        }),

      remove: ({ scope, target }) =>
        run(() => {
          const doomed = (filter: Filter) => memoriesOf(scope).filter((memory) => matches(filter, memory))
          switch (target._tag) {
            case "All":
              return removal(drop(scope, doomed({})))
            case "Filter":
              return removal(drop(scope, doomed(target.filter)))
            case "Ids":
              return removal(
                drop(
                  scope,
                  doomed({}).filter((memory) => target.ids.includes(memory.id))
                )
              )
          }
        }),

      touch: ({ ids, now, scope }) =>
        run(() => {
          for (const id of new Set(ids)) {
            const row = rowsOf(scope).get(id)
            if (row === undefined) continue
            const accessCount = row.memory.accessCount + 1
            keep(scope, { ...row, memory: { ...row.memory, accessCount, lastAccessedAt: now } })
          }
        }),

      count: ({ filter, lifetime, now, scope }) =>
        run(
          () =>
            memoriesOf(scope).filter(
              (memory) => (lifetime === "any" || isVisible(memory, now)) && matches(filter, memory)
            ).length
        )
    })

    const allRows = () => Array.from(data.scopes.values()).flatMap((rows) => Array.from(rows.values()))
    const unstaged = () => {
      const staged = data.staged?.rows
      return staged === undefined ? [] : allRows().filter((row) => !staged.has(row.memory.id))
    }
    const conflict = (message: string) => new MemoryError({ reason: new Conflict({ message }) })

    const admin = StoreAdmin.of({
      backend: "memory",
      erasure: ERASED,

      expire: ({ limit, now }) =>
        run(() => {
          const doomed = allRows()
            .map((row) => row.memory)
            .filter((memory) => isExpired(memory, now))
            .slice(0, limit)
          for (const memory of doomed) drop(memory.scope, [memory])
          return removal(doomed.length)
        }),

      scopes: ({ after, limit }) =>
        run(() =>
          Array.from(data.scopes)
            .filter(([key]) => after === undefined || key > scopeKey(after))
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .slice(0, limit)
            .flatMap(([, rows]) => {
              const [first] = rows.values()
              return first === undefined ? [] : [{ scope: first.memory.scope, rows: rows.size }]
            })
        ),

      eraseUser: ({ userId }) =>
        run(() => {
          const doomed = allRows()
            .map((row) => row.memory)
            .filter((memory) => memory.scope.userId === userId)
          for (const memory of doomed) drop(memory.scope, [memory])
          return removal(doomed.length)
        }),

      fingerprint: run(() => data.fingerprint ?? given),

      stage: (next) =>
        run(() => data.staged).pipe(
          Effect.flatMap((staged) =>
            staged === null || sameFingerprint(staged.fingerprint, next)
              ? run(() => {
                  data.staged = staged ?? { fingerprint: next, rows: new Map() }
                })
              : Effect.fail(
                  conflict(
                    `A move to [${describeFingerprint(staged.fingerprint)}] is under way; finish it or drop it before starting one to [${describeFingerprint(next)}].`
                  )
                )
          )
        ),

      unstaged: ({ limit }) =>
        run(() =>
          unstaged()
            .slice(0, limit)
            .map((row) => row.memory)
        ),

      fillStage: (rows) =>
        Effect.flatMap(
          run(() => data.staged),
          (staged) =>
            staged === null
              ? Effect.void
              : Effect.andThen(
                  checkVectors(
                    staged.fingerprint,
                    "rows.vector",
                    rows.map((row) => row.vector)
                  ),
                  run(() => {
                    for (const { id, scope, terms, vector } of rows) {
                      if (rowsOf(scope).has(id)) staged.rows.set(id, { vector, terms })
                    }
                  })
                )
        ),

      commitStage: Effect.flatMap(
        run(() => data.staged),
        (staged) => {
          if (staged === null) return Effect.fail(conflict("No move is under way: call stage first."))
          const missing = unstaged().length
          if (missing > 0) return Effect.fail(conflict(`${missing} memories are not in the new space yet.`))
          return run(() => {
            for (const row of allRows()) {
              keep(row.memory.scope, { ...row, ...staged.rows.get(row.memory.id) })
            }
            data.fingerprint = staged.fingerprint
            data.staged = null
            closed = "This store has moved to a new embedding space: open it again with the new embedder."
          })
        }
      ),

      dropStage: run(() => {
        data.staged = null
      }),

      close: Effect.sync(() => {
        closed ??= "This store is closed."
      })
    })

    return { store, admin, given }
  })

const layerOf = (data: InMemoryData): Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint> =>
  Layer.effectContext(
    Effect.acquireRelease(make(data), ({ admin }) => admin.close).pipe(
      Effect.map(({ admin, given, store }) =>
        Context.make(MemoryStore, checkedStore(store, given)).pipe(Context.add(StoreAdmin, admin))
      )
    )
  )

export const InMemoryStore = {
  /** A store of its own. */
  get layer(): Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint> {
    return layerOf(inMemoryData())
  },
  /** A store over data that outlives it: build it twice and the two see the same memories. */
  layerOf
}
