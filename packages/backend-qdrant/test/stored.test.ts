/** What only shows on the stored points themselves, or with more of them than a page. */
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "@keepsake/core/driver"
import { Effect } from "effect"
import { axis, failure, NOW, open, row, SCOPE, standIn } from "./support/openStore.ts"

const SCOPES = 1_100

describe("stored points", () => {
  it.live("a point somebody else wrote into the collection is Corrupt, by its id", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { store } = yield* open({ url: server.url })
      const id = "00000000-0000-5000-8000-000000000001"
      const point = {
        id,
        vector: { dense: [1, 0, 0, 0] },
        payload: { scope: '["agent","user"]', current: true }
      }
      yield* Effect.promise(() =>
        fetch(`${server.url}/collections/keepsake/points/batch?wait=true`, {
          method: "POST",
          body: JSON.stringify({ operations: [{ upsert: { points: [point] } }] })
        })
      )
      const calls: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        store.get({ scope: SCOPE, now: NOW, ids: [id] }),
        store.search({ scope: SCOPE, now: NOW, vector: axis(0), filter: {}, limit: 5 })
      ]
      for (const call of calls) {
        const error = yield* failure(call)
        assert.strictEqual(error.reason._tag, "Corrupt")
        assert.match(error.message, /Point 00000000-0000-5000-8000-000000000001 has no readable validity/u)
      }
    })
  )

  it.live("an id known under another scope is a conflict, and stays whose it is", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { store } = yield* open({ url: server.url })
      const mine = row("Ana likes tea.")
      yield* store.put({ scope: SCOPE, now: NOW, rows: [mine] })
      const scope: Scope = { ...SCOPE, userId: "thief" }
      const claimed = { ...mine, memory: { ...mine.memory, scope } }
      const [put] = yield* store.put({ scope, now: NOW, rows: [claimed] })
      assert.strictEqual(put?.outcome, "conflict")
      assert.deepStrictEqual(yield* store.get({ scope, now: NOW, ids: [mine.memory.id] }), [])
    })
  )

  it.live("more scopes than a facet returns are listed page by page, each once", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { admin, store } = yield* open({ url: server.url })
      // Through the back door: a put each would take a minute.
      yield* store.put({ scope: SCOPE, now: NOW, rows: [row("The first.")] })
      const points = server.data.collections.get("keepsake")?.points
      const [first] = points?.values() ?? []
      if (first === undefined) return assert.fail("the first is there")
      const { scopeHash, scopeId } = yield* Effect.promise(() => import("../src/scopeId.ts"))
      for (let i = 1; i < SCOPES; i++) {
        const scope: Scope = { agentId: "agent", userId: `user ${i}` }
        const id = `00000000-0000-5000-8000-${String(i).padStart(12, "0")}`
        const payload = { ...first.payload, scope: scopeId(scope), scopeHash: scopeHash(scope) }
        points?.set(id, { ...first, id, payload })
      }
      const found: Array<string> = []
      let after: Scope | undefined
      do {
        const page = yield* admin.scopes({ after, limit: 400 })
        found.push(...page.map(({ scope }) => scope.userId))
        after = page.at(-1)?.scope
      } while (after !== undefined)
      assert.strictEqual(found.length, SCOPES)
      return assert.strictEqual(new Set(found).size, SCOPES)
    })
  )

  it.live("an expiry in small pages takes no more than asked", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const { admin, store } = yield* open({ url: server.url })
      const rows = Array.from({ length: 7 }, (_, i) => row(`Fact ${i}.`, { expiresAt: NOW + i }))
      yield* store.put({ scope: SCOPE, now: NOW - 1, rows })
      const removed = [4, 4, 4].map((limit) =>
        Effect.map(admin.expire({ now: NOW + 5, limit }), (one) => one.removed)
      )
      assert.deepStrictEqual(yield* Effect.all(removed), [4, 2, 0])
      assert.strictEqual(yield* store.count({ scope: SCOPE, now: NOW, filter: {}, lifetime: "any" }), 1)
    })
  )
})
