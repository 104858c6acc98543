import { assert, it } from "@effect/vitest"
import { fingerprint } from "@keepsake/core/driver"
import { Effect, Scope as EffectScope } from "effect"
import { openConnection } from "../../src/connection/Connection.ts"
import { GraphStore } from "../../src/graph/GraphStore.ts"
import { loadHnswlib } from "../../src/graph/hnswlib.ts"
import { IndexCache } from "../../src/search/IndexCache.ts"
import { changeOf, MemoryTable } from "../../src/tables/MemoryTable.ts"
import { ScopeTable } from "../../src/tables/ScopeTable.ts"
import { direction, NOW, rowOf, scopeOf } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const DIMENSIONS = 64
const MAX_BYTES = 200_000
const USERS = 40

/** A cache over a file with a scope for each user, of 30 rows and one more for each user before. */
const filled = Effect.gen(function* () {
  const path = `${yield* temporaryFolder}/memory.db`
  const given = fingerprint({
    model: "test",
    dimensions: DIMENSIONS,
    calibration: { mean: 0, spread: 0.2 }
  })
  const connection = openConnection(path, given, { synchronous: "normal" })
  yield* Effect.addFinalizer(() => Effect.sync(() => connection.close("This store is closed.")))
  const scopes = new ScopeTable(connection)
  const records = new MemoryTable(connection)
  const cache = new IndexCache(connection, scopes, {
    dimensions: DIMENSIONS,
    maxBytes: MAX_BYTES,
    graphs: new GraphStore({
      path,
      generation: 1,
      dimensions: DIMENSIONS,
      fromRows: Infinity,
      maxBytes: 0,
      load: loadHnswlib
    }),
    background: yield* EffectScope.make(),
    awaitGraphs: false
  })
  for (let user = 0; user < USERS; user++) {
    const scope = scopeOf(`user${user}`)
    const change = changeOf(scopes.findOrCreate(scope))
    for (let i = 0; i < 30 + user; i++) {
      records.insert(change, rowOf(scope, `memory ${i} of ${user}`, direction(i * 100 + user, DIMENSIONS)))
    }
    scopes.save(change)
  }
  return cache
})

it.effect("indexes of the scopes used last stay within the bound, and every scope is served", () =>
  Effect.gen(function* () {
    const cache = yield* filled
    for (let round = 0; round < 400; round++) {
      const user = (round * 7) % USERS
      const scope = scopeOf(`user${user}`)
      const vector = direction(500 + user, DIMENSIONS)
      const result = yield* cache.use(scope, (index) =>
        index?.search({ scope, now: NOW, vector, filter: {}, limit: 3 })
      )
      assert.strictEqual(
        result?.hits.find((hit) => (hit.cosine ?? 0) > 0.999)?.memory.content,
        `memory 5 of ${user}`
      )
      assert.isAtMost(cache.bytes, MAX_BYTES)
    }
    assert.isAbove(cache.bytes, MAX_BYTES / 3)
  }).pipe(Effect.scoped)
)

it.effect("a scope that is asked again and again outlives many that are asked once", () =>
  Effect.gen(function* () {
    const cache = yield* filled
    const indexOf = (user: number) => cache.use(scopeOf(`user${user}`), (index) => index)
    const first = yield* indexOf(0)
    for (const user of [1, 2, 3]) {
      yield* indexOf(user)
      yield* indexOf(0)
    }
    // More than the cache holds by far.
    for (let user = 4; user < USERS - 10; user++) yield* indexOf(user)
    assert.strictEqual(yield* indexOf(0), first)
    for (let round = 0; round < 5; round++) for (let user = 1; user < USERS; user++) yield* indexOf(user)
    assert.notStrictEqual(yield* indexOf(0), first)
  }).pipe(Effect.scoped)
)
