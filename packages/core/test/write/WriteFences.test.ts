import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  InMemoryStore,
  type InMemoryData,
  inMemoryData,
  MemoryStore,
  promiseClient,
  StoreFingerprint
} from "@keepsake/core"
import { Deferred, Effect, Exit, Fiber, Layer } from "effect"
import { WriteFences } from "../../src/write/WriteFences.ts"
import { KeyedLocks } from "../../src/runtime/KeyedLocks.ts"

const scope = (i: number) => ({ agentId: "a", userId: `u${i}` })

/** A store with some methods changed, over data that stores may share. */
const storeLayer = (
  change: (store: MemoryStore["Service"]) => Partial<MemoryStore["Service"]> = () => ({}),
  data: InMemoryData = inMemoryData()
) => {
  const base = InMemoryStore.layerOf(data).pipe(Layer.provide(StoreFingerprint.wordsOnly))
  return Layer.provideMerge(
    Layer.effect(
      MemoryStore,
      Effect.map(MemoryStore, (store) => ({ ...store, ...change(store) }))
    ),
    base
  )
}

const client = (...args: Parameters<typeof storeLayer>) =>
  promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provideMerge(storeLayer(...args)),
      Layer.provide(StoreFingerprint.wordsOnly)
    )
  )

/** A memory that runs one call at a time, whose writes of "bo" wait for `release`. */
const busyMemory = () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const held: Parameters<typeof storeLayer>[0] = (store) => ({
    put: (request) =>
      request.scope.userId === "bo"
        ? Effect.andThen(
            Effect.promise(() => released),
            store.put(request)
          )
        : store.put(request)
  })
  const layer = AgentMemory.layer({ purgeEvery: false, queue: { running: 1, waiting: 10 } }).pipe(
    Layer.provideMerge(storeLayer(held)),
    Layer.provide(StoreFingerprint.wordsOnly)
  )
  return { layer, release }
}

describe("fences", () => {
  it.effect("forgetting waits for the writes at the store, not for those that begin meanwhile", () =>
    Effect.gen(function* () {
      const fences = new WriteFences()
      const [first, second] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const write = (until: Deferred.Deferred<void>) =>
        Effect.forkChild(fences.write(scope(0), fences.token(), Deferred.await(until)), {
          startImmediately: true
        })
      yield* write(first)
      const forgetting = yield* Effect.forkChild(
        fences.forget(scope(0), fences.forgettingToken(), Effect.succeed("forgotten")),
        {
          startImmediately: true
        }
      )
      const later = yield* write(second)
      assert.isUndefined(forgetting.pollUnsafe())
      yield* Deferred.succeed(first, undefined)
      assert.strictEqual(yield* Fiber.join(forgetting), "forgotten")
      yield* Fiber.interrupt(later)
      assert.strictEqual(fences.writing, 0)
    })
  )

  it.effect("an interrupted write holds up no forgetting", () =>
    Effect.gen(function* () {
      const fences = new WriteFences()
      const writing = yield* Effect.forkChild(fences.write(scope(0), fences.token(), Effect.never), {
        startImmediately: true
      })
      const forgetting = yield* Effect.forkChild(
        fences.forget(scope(0), fences.forgettingToken(), Effect.void),
        {
          startImmediately: true
        }
      )
      yield* Fiber.interrupt(writing)
      yield* Fiber.join(forgetting)
    })
  )

  it.effect("evicts scopes beyond its capacity, but lets no old write land", () =>
    Effect.gen(function* () {
      const fences = new WriteFences(10)
      const old = fences.token()
      for (let i = 0; i < 100_000; i++) yield* fences.forget(scope(i), fences.forgettingToken(), Effect.void)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(fences.write(scope(0), old, Effect.void))))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(fences.write(scope(99_999), old, Effect.void))))
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(fences.write(scope(0), fences.token(), Effect.void))))
      assert.strictEqual(fences.writing, 0)
    })
  )

  it.effect("locks cost nothing once no one holds them", () =>
    Effect.gen(function* () {
      const locks = new KeyedLocks()
      yield* Effect.forEach(
        Array.from({ length: 1_000 }, (_, i) => i),
        (i) => locks.withLocks([`${i % 7}`, `${i % 5}`, "all"], Effect.yieldNow),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(locks.size, 0)
    })
  )
})

describe("erasing a user", () => {
  it("leaves no write that was queued, at the store, or begun before it ended, under any agent", async () => {
    const data = inMemoryData()
    const slow: Parameters<typeof storeLayer>[0] = (store) => ({
      put: (request) => Effect.andThen(Effect.sleep("5 millis"), store.put(request))
    })
    await using opened = await client(slow, data)
    const agents = ["one", "two", "three"].map((agentId) => opened.for({ userId: "ada", agentId }))
    const bystander = opened.for({ userId: "bo", agentId: "one" })
    for (const [i, memory] of agents.entries()) await memory.remember(`known ${i}`)
    await opened.files({ userId: "ada", agentId: "two" }).remember("a note")
    const queued = agents.map((memory) => memory.fence())

    const writes = agents.map(async (memory, i) => memory.remember(`under way ${i}`))
    const other = bystander.remember("mine")
    const erasing = opened.eraseUser({ userId: "ada" })
    writes.push(...agents.map(async (memory, i) => memory.remember(`begun meanwhile ${i}`)))
    const begun = Promise.allSettled(writes)
    const receipt = await erasing
    const late = await Promise.allSettled(
      agents.map(async (memory, i) => memory.rememberMany([`from the queue ${i}`], { fence: queued[i] }))
    )
    for (const one of [...(await begun), ...late]) {
      if (one.status === "rejected") assert.strictEqual(one.reason.reason._tag, "Conflict")
    }
    assert.isTrue(late.every(({ status }) => status === "rejected"))
    await other
    assert.deepInclude(receipt, { userId: "ada", backend: "memory", bytes: "erased" })
    assert.isAtLeast(receipt.removed, 4)
    assert.deepStrictEqual(
      (await opened.admin.scopes({ limit: 10 })).map(({ scope }) => scope),
      [{ agentId: "one", userId: "bo" }]
    )
    assert.strictEqual((await agents[0]?.remember("said again"))?.outcome, "created")
  })

  it("leaves no write that waited for its turn since before", async () => {
    const { layer, release } = busyMemory()
    await using opened = await promiseClient(layer)
    const ada = opened.for({ userId: "ada" })
    const takesTheTurn = opened.for({ userId: "bo" }).remember("mine")
    const exchange = { user: "Who ships?", assistant: "Ana.", sessionId: "s" }
    const writes = [
      ada.remember("a"),
      ada.rememberMany(["b", "c"]),
      ada.rememberExchange(exchange),
      ada.appendEntries([{ sessionId: "s", kind: "note", number: 0, content: "d" }])
    ]
    const settled = Promise.allSettled(writes)
    await opened.eraseUser({ userId: "ada" })
    release()
    await takesTheTurn
    for (const one of await settled) {
      assert.strictEqual(one.status === "rejected" && one.reason.reason._tag, "Conflict")
    }
    assert.strictEqual((await ada.stats()).total, 0)
  })

  it("and forgetting all keep what is said after them, in whatever order the calls run", async () => {
    const { layer, release } = busyMemory()
    await using opened = await promiseClient(layer)
    const ada = opened.for({ userId: "ada" })
    const takesTheTurn = opened.for({ userId: "bo" }).remember("mine")
    const calls = [ada.remember("before"), ada.forgetAll(), ada.remember("after")]
    release()
    await Promise.allSettled([takesTheTurn, ...calls])
    assert.deepStrictEqual(
      (await ada.list()).rows.map(({ content }) => content),
      ["after"]
    )
  })

  it.effect("by two at once holds until both have ended, and is lifted by one that fails", () =>
    Effect.gen(function* () {
      const fences = new WriteFences()
      const [first, second] = [yield* Deferred.make<void>(), yield* Deferred.make<void, string>()]
      const erase = <E>(until: Deferred.Deferred<void, E>) =>
        Effect.forkChild(Effect.exit(fences.eraseUser("u0", Deferred.await(until))), {
          startImmediately: true
        })
      const isRefused = Effect.suspend(() =>
        Effect.map(Effect.exit(fences.write(scope(0), fences.token(), Effect.void)), Exit.isFailure)
      )
      const erasing = [yield* erase(first), yield* erase(second)]
      yield* Deferred.succeed(first, undefined)
      yield* Fiber.join(erasing[0] ?? assert.fail())
      assert.isTrue(yield* isRefused)
      yield* Deferred.fail(second, "the store is away")
      yield* Fiber.join(erasing[1] ?? assert.fail())
      assert.isFalse(yield* isRefused)
    })
  )

  it("refuses a request without a valid user id", async () => {
    await using opened = await client()
    for (const request of [{ userId: "" }, { userId: "a/b" }, { user: "ada" }, undefined, "ada"]) {
      const error: unknown = await opened.eraseUser(request as never).catch((cause: unknown) => cause)
      assert.strictEqual(Reflect.get(Object(Reflect.get(Object(error), "reason")), "_tag"), "InvalidInput")
    }
  })
})

describe("turns", () => {
  it("are given once to batches that are written at the same time", async () => {
    await using opened = await client()
    const user = opened.for({ userId: "ada" })
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        user.rememberMany([
          { content: `a${i}`, sessionId: "s" },
          { content: `b${i}`, sessionId: i % 2 === 0 ? "s" : "t" }
        ])
      )
    )
    const { rows } = await user.list({ limit: 1_000 })
    const places = rows.map(({ sessionId, turn }) => `${sessionId} ${turn}`)
    assert.strictEqual(new Set(places).size, 40)
  })

  it("of two clients that say the same words at once are two exchanges, none of them half", async () => {
    const data = inMemoryData()
    // The first look finds turn 0 free, which another process has just taken.
    const late: Parameters<typeof storeLayer>[0] = (store) => {
      let seen = false
      return {
        lastTurn: (request) => {
          if (seen) return store.lastTurn(request)
          seen = true
          return Effect.succeed(null)
        }
      }
    }
    await using one = await client(undefined, data)
    await using two = await client(late, data)
    const sessionId = "s"
    await one.for({ userId: "ada" }).rememberExchange({ user: "Thanks!", assistant: "", sessionId })
    await two
      .for({ userId: "ada" })
      .rememberExchange({ user: "Thanks!", assistant: "You are welcome.", sessionId })
    const { rows } = await one.for({ userId: "ada" }).list()
    assert.deepStrictEqual(
      rows.map(({ content, turn }) => [turn, content]).sort((a, b) => Number(a[0]) - Number(b[0])),
      [
        [0, "Thanks!"],
        [1, "Thanks!"],
        [2, "You are welcome."]
      ]
    )
    const taken = await two
      .for({ userId: "ada" })
      .rememberExchange({ user: "Other", assistant: "New", sessionId, turn: 1 })
      .catch((error: unknown) => error)
    assert.strictEqual(Reflect.get(Object(Reflect.get(Object(taken), "reason")), "_tag"), "Conflict")
    assert.strictEqual((await one.for({ userId: "ada" }).list()).rows.length, 3)
  })
})

describe("a store that misbehaves", () => {
  it("does not end the flushing of access counts, nor closing", async () => {
    const opened = await client(() => ({ touch: () => Effect.die(new Error("odd")) }))
    const user = opened.for({ userId: "ada" })
    await user.remember("x y z")
    await user.recall("x y z", { minScore: 0 })
    await opened.close()
    await opened.close()
  })

  it("does not leave calls hanging that are under way when it is closed", async () => {
    const opened = await client((store) => ({
      put: (request) => Effect.andThen(Effect.sleep("5 millis"), store.put(request))
    }))
    const user = opened.for({ userId: "ada" })
    const calls = Array.from({ length: 50 }, (_, i) => user.remember(`memory ${i}`))
    await opened.close()
    const settled = await Promise.allSettled(calls)
    for (const one of settled) {
      if (one.status === "rejected") assert.strictEqual(one.reason?.reason?._tag, "Closed")
    }
  })
})
