import { assert, it } from "@effect/vitest"
import { ANY, memoryIdOfKey, STORE_CLOSED } from "@keepsake/core/driver"
import { Effect, Scope as EffectScope } from "effect"
import { makeRid } from "../../src/codec/memoryRow.ts"
import { CommitQueue } from "../../src/connection/CommitQueue.ts"
import { openConnection } from "../../src/connection/openConnection.ts"
import { WalCheckpointer } from "../../src/connection/WalCheckpointer.ts"
import type { RemovedRows } from "../../src/erase/Eraser.ts"
import { GraphStore } from "../../src/graph/GraphStore.ts"
import { loadHnswlib } from "../../src/graph/hnswlib.ts"
import { checkOptions } from "../../src/options.ts"
import { IndexCache } from "../../src/search/IndexCache.ts"
import { MemoryTable } from "../../src/tables/MemoryTable.ts"
import { beginChange } from "../../src/tables/ScopeChange.ts"
import { ScopeTable } from "../../src/tables/ScopeTable.ts"
import { SessionTable } from "../../src/tables/SessionTable.ts"
import { direction, makeFingerprint, makeRow, makeScope, NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const DIMENSIONS = 64
const MAX_BYTES = 260_000
const USERS = 40

/** A cache over a file in which user n has 30 + n rows. */
const openFilled = Effect.gen(function* () {
  const path = `${yield* temporaryFolder}/memory.db`
  const settings = makeFingerprint(DIMENSIONS)
  const connection = yield* openConnection(
    yield* checkOptions({ path, synchronous: "normal" }, DIMENSIONS),
    settings
  )
  yield* Effect.addFinalizer(() => Effect.sync(() => connection.close(STORE_CLOSED)))
  const scopes = new ScopeTable(connection)
  const memories = new MemoryTable(connection, new SessionTable(connection), settings)
  const cache = new IndexCache(connection, scopes, {
    dimensions: DIMENSIONS,
    settings,
    maxBytes: MAX_BYTES,
    graphs: new GraphStore({
      path,
      db: connection.db,
      identity: null,
      generation: 1,
      source: { store: "", dimensions: DIMENSIONS, space: 1 },
      readOnly: false,
      fromRows: Infinity,
      maxBytes: 0,
      load: loadHnswlib
    }),
    commits: new CommitQueue(connection, new WalCheckpointer(connection)),
    background: yield* EffectScope.make(),
    awaitGraphs: false
  })
  for (let user = 0; user < USERS; user++) {
    const scope = makeScope(`user${user}`)
    const change = beginChange(scopes.findOrCreate(scope))
    for (let i = 0; i < 30 + user; i++) {
      memories.insert(change, makeRow(scope, `memory ${i} of ${user}`, direction(i * 100 + user, DIMENSIONS)))
    }
    scopes.save(change)
  }
  /** Removes one of a user's rows from the file. */
  const remove = (user: number, number: number): RemovedRows => {
    const before = scopes.findOrCreate(makeScope(`user${user}`))
    const rid = memories.firstRids(before.sid, number + 1)[number] ?? -1
    const change = beginChange(before)
    memories.remove(change, rid)
    scopes.save(change)
    return { sid: before.sid, rids: [rid], before: before.removed, after: change.removed }
  }
  return { cache, remove }
})

const openFilledCache = Effect.map(openFilled, ({ cache }) => cache)

it.effect("recently used indexes stay within the budget, and every scope is served", () =>
  Effect.gen(function* () {
    const cache = yield* openFilledCache
    for (let round = 0; round < 400; round++) {
      const user = (round * 7) % USERS
      const scope = makeScope(`user${user}`)
      const vector = direction(500 + user, DIMENSIONS)
      const result = yield* cache.scan(
        scope,
        (index, opened) =>
          index.search({ scope, now: NOW, parts: [{ vector }], filter: ANY, limit: 3 }, opened),
        null
      )
      assert.strictEqual(
        result?.hits.find(({ parts: [evidence] }) => (evidence?.cosine ?? 0) > 0.999)?.facts.id,
        memoryIdOfKey(scope, `memory 5 of ${user}`)
      )
      assert.isAtMost(cache.bytes, MAX_BYTES)
    }
    assert.isAbove(cache.bytes, MAX_BYTES / 3)
  }).pipe(Effect.scoped)
)

it.effect("a hot scope outlives many scopes that are used once", () =>
  Effect.gen(function* () {
    const cache = yield* openFilledCache
    const getIndex = (user: number) => cache.use(makeScope(`user${user}`), (index) => index)
    const first = yield* getIndex(0)
    for (const user of [1, 2, 3]) {
      yield* getIndex(user)
      yield* getIndex(0)
    }
    // Far more than the cache holds.
    for (let user = 4; user < USERS - 10; user++) yield* getIndex(user)
    assert.strictEqual(yield* getIndex(0), first)
    // Others become hotter.
    for (let round = 0; round < 9; round++) for (let user = 20; user < 30; user++) yield* getIndex(user)
    assert.notStrictEqual(yield* getIndex(0), first)
  }).pipe(Effect.scoped)
)

it.effect("users in turn, more than there is room for, leave the cache its part of them", () =>
  Effect.gen(function* () {
    const cache = yield* openFilledCache
    const takeTurns = Effect.gen(function* () {
      for (let user = 0; user < USERS; user++)
        yield* cache.use(makeScope(`user${user}`), (index) => assert.strictEqual(index?.rows, 30 + user))
    })
    yield* takeTurns
    const before = cache.held
    yield* takeTurns
    yield* takeTurns
    const { bytes, evictions, hits, maxBytes, misses, rows, scopes } = cache.held
    assert.strictEqual(hits + misses, 3 * USERS)
    // One place is the newcomers'.
    assert.isAtLeast(hits - before.hits, 2 * (before.scopes - 2))
    assert.isAtLeast(scopes, 8)
    assert.strictEqual(evictions, misses - scopes)
    assert.isAtMost(bytes, maxBytes)
    assert.isAbove(rows, 30 * scopes)
  }).pipe(Effect.scoped)
)

it.effect("decoded memories stay within their share of the budget, and come back as they were", () =>
  Effect.gen(function* () {
    const cache = yield* openFilledCache
    const users = [0, 1, 2, 3]
    const read = (user: number) => {
      const scope = makeScope(`user${user}`)
      const rows = Array.from({ length: 20 }, (_, i) => ({
        id: memoryIdOfKey(scope, `memory ${i} of ${user}`),
        passage: 0
      }))
      return cache.scan(
        scope,
        function* (index, opened) {
          yield* index.search({ scope, now: NOW, parts: [], filter: ANY, limit: 3 }, opened)
          return yield* index.excerpts({ scope, now: NOW, rows })
        },
        []
      )
    }
    // The first search of a scope keeps nothing.
    for (const user of users) yield* read(user)
    const before = yield* Effect.forEach(users, read)
    for (const user of [3, 1, 0, 2, 2]) {
      assert.deepStrictEqual(yield* read(user), before[user])
      const decoded = users.map((other) =>
        cache.use(makeScope(`user${other}`), (index) => index?.decodedBytes ?? 0)
      )
      // What is in use may be more.
      const others = (yield* Effect.all(decoded)).filter((_, other) => other !== user)
      assert.isAtMost(
        others.reduce((sum, bytes) => sum + bytes, 0),
        MAX_BYTES / 16
      )
    }
    const [first] = before[0] ?? []
    assert.isDefined(first)
    const { id } = first.memory
    const counted = yield* cache.scan(
      first.memory.scope,
      (index) => {
        index.touch([makeRid(index.sid, 0)], NOW + 1)
        index.dropDecoded()
        return index.excerpts({ scope: first.memory.scope, now: NOW, rows: [{ id, passage: 0 }] })
      },
      []
    )
    assert.deepStrictEqual(counted, [
      { ...first, memory: { ...first.memory, accessCount: 1, lastAccessedAt: NOW + 1 } }
    ])
  }).pipe(Effect.scoped)
)

it.effect(
  "rows that this process removes are taken out of an index that shows the state before, and of no other",
  () =>
    Effect.gen(function* () {
      const { cache, remove } = yield* openFilled
      const getIndex = cache.use(makeScope("user0"), (index) => index)
      const index = yield* getIndex
      assert.isNotNull(index)
      const removed = remove(0, 5)
      cache.removed(removed)
      assert.deepInclude(index, { rows: 29, removed: removed.after })
      // Of another process: the next use compares all rows.
      remove(0, 6)
      cache.removed(remove(0, 7))
      assert.deepInclude(index, { rows: 29, removed: removed.after })
      assert.strictEqual(yield* getIndex, index)
      assert.strictEqual(index.rows, 27)
    }).pipe(Effect.scoped)
)
