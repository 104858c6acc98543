import { assert, describe, it } from "@effect/vitest"
import { toCondition, type MemoryStore, type Scope } from "@keepsake/core/driver"
import { Effect } from "effect"
import { EXCERPT_KEYS } from "../../src/codec/memoryRow.ts"
import type { UpdateBatch } from "../server/schemas/update.ts"
import { flipError } from "../support/openStore.ts"
import { NOW, row, SCOPE } from "../support/rows.ts"
import { bodiesTo, openOnStandIn, requestsTo } from "../support/standIn.ts"

type Calls = Readonly<Record<string, (store: MemoryStore["Service"]) => Effect.Effect<unknown, unknown>>>

const SCOPE_CONDITION = { key: "scope", match: { value: '["agent","user"]' } }

const id = "not-a-uuid"

const NAMING_NO_ROW: Calls = {
  get: (store) => store.get({ scope: SCOPE, now: NOW, ids: [id] }),
  patch: (store) => store.patch({ scope: SCOPE, now: NOW, id, change: { pinned: true } }),
  touch: (store) => store.touch({ scope: SCOPE, now: NOW, ids: [id] }),
  remove: (store) => store.remove({ scope: SCOPE, now: NOW, target: { _tag: "Ids", ids: [id] } })
}

const INVALID: Calls = {
  put: (store) => store.put({ scope: SCOPE, now: NOW, rows: [row("x", { id })] }),
  supersede: (store) =>
    store.supersede({ scope: SCOPE, now: NOW, id: row("y").memory.id, row: row("x", { id }) })
}

describe("an id that is not a UUID", () => {
  for (const [name, call] of Object.entries(NAMING_NO_ROW)) {
    it.live(`sends no request in ${name}`, () =>
      Effect.gen(function* () {
        const { server, store } = yield* openOnStandIn()
        yield* call(store)
        assert.strictEqual(server.requests.length, 0)
      })
    )
  }

  for (const [name, call] of Object.entries(INVALID)) {
    it.live(`is refused without a request as the id of a row in ${name}`, () =>
      Effect.gen(function* () {
        const { server, store } = yield* openOnStandIn()
        const error = yield* flipError(call(store))
        assert.strictEqual(error.reason._tag, "InvalidInput")
        assert.match(error.message, /must be a lower-case UUID/u)
        assert.strictEqual(server.requests.length, 0)
      })
    )
  }
})

describe("an id of another scope", () => {
  it.live("is a conflict, and its row stays", () =>
    Effect.gen(function* () {
      const { store } = yield* openOnStandIn()
      const mine = row("Ana likes tea.")
      yield* store.put({ scope: SCOPE, now: NOW, rows: [mine] })
      const scope: Scope = { ...SCOPE, userId: "thief" }
      const forged = { ...mine, memory: { ...mine.memory, scope } }
      const [result] = yield* store.put({ scope, now: NOW, rows: [forged] })
      assert.strictEqual(result?.outcome, "conflict")
      assert.deepStrictEqual(yield* store.get({ scope, now: NOW, ids: [mine.memory.id] }), [])
      assert.deepStrictEqual(yield* store.get({ scope: SCOPE, now: NOW, ids: [mine.memory.id] }), [
        mine.memory
      ])
    })
  )
})

describe("put", () => {
  it.live("sends one read, and one write that waits", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const tea = row("Ana likes tea.")
      yield* store.put({ scope: SCOPE, now: NOW, rows: [tea] })
      const [read, write] = server.requests
      assert.strictEqual(server.requests.length, 2)
      assert.deepStrictEqual(read?.body, {
        filter: { must: [{ has_id: [tea.memory.id] }] },
        limit: 1,
        with_payload: EXCERPT_KEYS
      })
      assert.strictEqual(write?.query["wait"], "true")
      assert.deepNestedInclude(write?.body, { "operations[0].upsert.update_mode": "insert_only" })
    })
  )

  it.live("sends terms even if there are none, so that IDF counts the row", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      yield* store.put({ scope: SCOPE, now: NOW, rows: [row("...")] })
      assert.deepNestedInclude(bodiesTo(server, "/points/batch")[0], {
        "operations[0].upsert.points[0].vector.terms": { indices: [], values: [] }
      })
    })
  )

  it.live("sets the changed keys of restated rows, in one operation for equal changes", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const later = NOW + 5
      const rows = ["One.", "Two.", "Three."].map((text) => row(text, { expiresAt: later + 1 }))
      yield* store.put({ scope: SCOPE, now: NOW, rows })
      server.requests.length = 0
      const restated = rows.map((original) => ({
        ...original,
        memory: { ...original.memory, updatedAt: later, expiresAt: later + 2, pinned: true, importance: 1 },
        overwrites: ["pinned"] as const
      }))
      yield* store.put({ scope: SCOPE, now: later, rows: restated })
      assert.deepStrictEqual(bodiesTo(server, "/points/batch"), [
        {
          operations: [
            {
              set_payload: {
                payload: { updatedAt: later, expiresAt: later + 2, pinned: true },
                filter: { must: [SCOPE_CONDITION, { has_id: rows.map(({ memory }) => memory.id) }] }
              }
            }
          ]
        }
      ])
    })
  )
})

describe("every change and removal", () => {
  it.live("names the scope, by id or not", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      const tea = row("Ana likes tea.")
      const { id } = tea.memory
      yield* store.put({ scope: SCOPE, now: NOW, rows: [tea] })
      server.requests.length = 0
      yield* store.patch({ scope: SCOPE, now: NOW, id, change: { pinned: true } })
      yield* store.touch({ scope: SCOPE, now: NOW, ids: [id] })
      yield* store.supersede({ scope: SCOPE, now: NOW, id, row: row("Ana likes coffee.") })
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "Ids", ids: [id] } })
      yield* store.remove({
        scope: SCOPE,
        now: NOW,
        target: { _tag: "Filter", filter: toCondition({ pinned: true }) }
      })
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "All" } })
      // Counts of accesses are dropped by the ids of rows that were read in the scope.
      const operations = requestsTo(server, "/points/batch")
        .filter(({ path }) => !path.includes(".access/"))
        .flatMap(({ body }) => (body as typeof UpdateBatch.Type).operations)
      const selectors = operations.flatMap((operation) => {
        if ("delete" in operation) return [operation.delete]
        return "set_payload" in operation ? [operation.set_payload] : []
      })
      assert.strictEqual(selectors.length, 6)
      for (const selector of selectors) {
        assert.notProperty(selector, "points")
        const { must } = "filter" in selector ? selector.filter : {}
        assert.deepStrictEqual(must?.[0], SCOPE_CONDITION)
      }
    })
  )
})
