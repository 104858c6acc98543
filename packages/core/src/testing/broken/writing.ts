import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import { stagedKey } from "../../store/inMemory/inMemoryData.ts"
import { isExpired } from "../../memory/lifetime.ts"
import { memoryIdOfKey } from "../../memory/MemoryId.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import { scopeKey } from "../../memory/Scope.ts"
import { broken, type BrokenStore } from "./BrokenStore.ts"

const withoutFormerIds = (row: StoreRow): StoreRow => ({ ...row, formerIds: undefined })

export const brokenWritings: ReadonlyArray<BrokenStore> = [
  broken(
    "loses the last row of a batch",
    [
      "bounds > 256 rows, ids and touches in one call",
      "identity > the same text by two speakers is two memories"
    ],
    ({ store }) => ({
      store: {
        put: (request) =>
          request.rows.length < 2
            ? store.put(request)
            : Effect.map(store.put({ ...request, rows: request.rows.slice(0, -1) }), (results) => [
                ...results,
                { id: request.rows.at(-1)?.memory.id ?? "", outcome: "created" }
              ])
      }
    })
  ),
  broken(
    "writes a batch row by row",
    ["interruption > interrupted calls leave the store usable, and no half-written batch"],
    ({ store }) => ({
      store: {
        put: (request) =>
          Effect.map(
            Effect.forEach(request.rows, (row) =>
              Effect.tap(store.put({ ...request, rows: [row] }), () => Effect.yieldNow)
            ),
            (results) => results.flat()
          )
      }
    })
  ),
  broken(
    "keeps what it can of rows that are put whole",
    ["identity > rows that are put whole are all kept, or none of them is"],
    ({ store }) => ({ store: { put: (request) => store.put({ ...request, whole: undefined }) } })
  ),
  broken(
    "answers before it has written",
    ["interruption > close during writes: what was acknowledged is there, what was not failed as Closed"],
    ({ store }) => ({
      store: {
        put: (request) =>
          Effect.as(
            Effect.forkDetach(Effect.andThen(Effect.yieldNow, store.put(request))),
            request.rows.map(({ memory }) => ({ id: memory.id, outcome: "created" as const }))
          )
      }
    })
  ),
  broken(
    "keeps a statement said again beside the first",
    ["identity > the same statement again is refreshed, never doubled"],
    ({ store }, data) => ({
      store: {
        put: (request) => {
          const stored = data.scopes.get(scopeKey(request.scope))
          const rows = request.rows.map((row) =>
            stored?.has(row.memory.id) === true
              ? { ...row, memory: { ...row.memory, id: memoryIdOfKey(request.scope, `${stored.size}`) } }
              : row
          )
          return store.put({ ...request, rows })
        }
      }
    })
  ),
  broken(
    "passes over what is given with a statement said again",
    [
      "identity > a statement said again takes over what is given, and keeps the rest",
      "identity > a statement reopened takes over what is given"
    ],
    ({ store }) => ({
      store: {
        put: (request) =>
          store.put({ ...request, rows: request.rows.map((row) => ({ ...row, overwrites: undefined })) })
      }
    })
  ),
  broken(
    "takes over fields that were not given",
    ["identity > a statement said again takes over what is given, and keeps the rest"],
    ({ store }) => ({
      store: {
        put: (request) =>
          store.put({
            ...request,
            rows: request.rows.map((row) =>
              row.overwrites === undefined
                ? row
                : { ...row, overwrites: ["metadata", "importance", "pinned"] as const }
            )
          })
      }
    })
  ),
  broken(
    "lets the last lifetime win",
    ["identity > of two lifetimes the longer wins, and none is the longest"],
    ({ store }) => ({
      store: {
        put: (request) =>
          Effect.gen(function* () {
            const results = yield* store.put(request)
            for (const [i, { id, outcome }] of results.entries()) {
              const expiresAt = request.rows[i]?.memory.expiresAt
              if (outcome === "refreshed") yield* store.patch({ ...request, id, change: { expiresAt } })
            }
            return results
          })
      }
    })
  ),
  broken(
    "asks for no former id",
    [
      "identity > a row under its former id is restated, never doubled",
      "identity > a successor under its former id is reopened, and closes the old row"
    ],
    ({ store }) => ({
      store: {
        put: (request) => store.put({ ...request, rows: request.rows.map(withoutFormerIds) }),
        supersede: (request) => store.supersede({ ...request, row: withoutFormerIds(request.row) })
      }
    })
  ),
  broken(
    "prefers the former id to the row's own",
    [
      "identity > a row under its own id comes before one under its former id",
      "identity > a former id of another scope names nothing"
    ],
    ({ store }, data) => ({
      store: {
        put: (request) => {
          const ids = new Set(Array.from(data.scopes.values(), (rows) => Array.from(rows.keys())).flat())
          const rows = request.rows.map(({ formerIds = [], ...row }) => {
            const id = formerIds.find((former) => ids.has(former)) ?? row.memory.id
            return { ...row, memory: { ...row.memory, id } }
          })
          return store.put({ ...request, rows })
        }
      }
    })
  ),
  broken(
    "lets a dead row block a statement said again",
    ["identity > an expired statement said again is reopened with its history"],
    ({ store }, data) => ({
      store: {
        put: (request) => {
          const stored = data.scopes.get(scopeKey(request.scope))
          const dead = request.rows.filter(({ memory }) => {
            const row = stored?.get(memory.id)
            return row !== undefined && isExpired(row.memory, request.now)
          })
          return Effect.map(
            store.put({ ...request, rows: request.rows.filter((row) => !dead.includes(row)) }),
            (results) => [
              ...results,
              ...dead.map(({ memory }) => ({ id: memory.id, outcome: "refreshed" as const }))
            ]
          )
        }
      }
    })
  ),
  broken(
    "overwrites a key's content",
    ["identity > the same key with other content is a conflict that changes nothing"],
    ({ store }, data) => ({
      store: {
        put: (request) => {
          const stored = data.scopes.get(scopeKey(request.scope))
          for (const { memory } of request.rows) {
            if (stored?.get(memory.id)?.memory.content !== memory.content) stored?.delete(memory.id)
          }
          return store.put(request)
        }
      }
    })
  ),
  broken(
    "moves a row that is said again to the end",
    ["order > refreshing and patching do not move a row"],
    ({ store }, data) => ({
      store: {
        put: (request) =>
          Effect.tap(store.put(request), (results) =>
            Effect.sync(() => {
              const rows = data.scopes.get(scopeKey(request.scope))
              for (const { id } of results) {
                const row = rows?.get(id)
                if (row) rows?.set(id, { ...row, memory: { ...row.memory, createdAt: request.now } })
              }
            })
          )
      }
    })
  ),
  broken(
    "takes an undefined field of a patch for a value",
    ["change > patch leaves a field that is undefined"],
    ({ store }, data) => ({
      store: {
        patch: (request) =>
          Effect.map(store.patch(request), (memory) => {
            const rows = data.scopes.get(scopeKey(request.scope))
            const row = rows?.get(request.id)
            if (memory === null || row === undefined) return memory
            const changed = { ...memory, ...request.change } as typeof memory
            rows?.set(request.id, { ...row, memory: changed })
            return changed
          })
      }
    })
  ),
  broken(
    "changes content in patch",
    ["change > patch changes what it names and nothing else"],
    ({ store }, data) => ({
      store: {
        patch: (request) =>
          Effect.map(store.patch(request), (memory) => {
            const rows = data.scopes.get(scopeKey(request.scope))
            const row = rows?.get(request.id)
            if (memory === null || row === undefined) return memory
            const changed = { ...memory, content: `${memory.content} (changed)` }
            rows?.set(request.id, { ...row, memory: changed })
            return changed
          })
      }
    })
  ),
  broken(
    "reads, waits and writes in touch",
    ["change > touches at the same time are all counted"],
    ({ store }, data) => ({
      store: {
        touch: (request) =>
          Effect.gen(function* () {
            const rows = data.scopes.get(scopeKey(request.scope))
            const before = request.ids.flatMap((id) => rows?.get(id) ?? [])
            yield* Effect.yieldNow
            yield* store.touch({ ...request, ids: [] })
            for (const row of before) {
              const memory = {
                ...row.memory,
                accessCount: row.memory.accessCount + 1,
                lastAccessedAt: request.now
              }
              rows?.set(memory.id, { ...row, memory })
            }
          })
      }
    })
  ),
  broken("forgets only the first 100", ["removal > more than any page: 300 rows"], ({ store }) => ({
    store: {
      remove: (request) =>
        request.target._tag === "Ids"
          ? store.remove({ ...request, target: { _tag: "Ids", ids: request.target.ids.slice(0, 100) } })
          : store.remove(request)
    }
  })),
  broken(
    "hides what it should forget",
    ["removal > what is forgotten can be said anew, with nothing of the old"],
    ({ store }) => ({
      store: {
        remove: (request) =>
          Effect.gen(function* () {
            const { rows } = yield* store.list({ ...request, filter: ANY, limit: 1_000 })
            for (const { id } of rows) {
              yield* store.patch({ ...request, id, change: { expiresAt: request.now } })
            }
            return { removed: rows.length, bytes: "erased", toErase: "", places: [] }
          })
      }
    })
  ),
  broken(
    "deletes the old row in supersede",
    [
      "supersession > the closed row is there as history",
      "identity > A, then B, then A again: each interval is kept"
    ],
    ({ store }) => ({
      store: {
        supersede: (request) =>
          Effect.tap(store.supersede(request), ({ closed }) =>
            closed ? store.remove({ ...request, target: { _tag: "Ids", ids: [request.id] } }) : Effect.void
          )
      }
    })
  ),
  broken(
    "commits a move with rows missing",
    ["staging > a move serves the old space throughout, then the new one"],
    ({ admin }, data) => ({
      admin: {
        commitStage: Effect.suspend(() => {
          for (const rows of data.scopes.values()) {
            for (const { memory, passages } of rows.values()) {
              const key = stagedKey(memory.scope, memory.id)
              if (data.staged?.rows.has(key) === false)
                data.staged.rows.set(key, { passages: [{ ...passages[0], vector: null }], owed: false })
            }
          }
          return admin.commitStage
        })
      }
    })
  )
]
