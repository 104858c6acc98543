import {
  AgentMemory,
  Embedder,
  type EmbedderProvider,
  InMemoryStore,
  MemoryError,
  type PromiseMemory,
  promiseClient,
  type Scope,
  StoreFingerprint
} from "@keepsake/core"
import { Layer } from "effect"
import { assert, describe, it } from "vitest"
import { watchedStore } from "../support/watchedStore.ts"

const open = async (embedder?: EmbedderProvider) => {
  const { layer, ...watched } = watchedStore(InMemoryStore.layer)
  const space = embedder === undefined ? StoreFingerprint.wordsOnly : Embedder.layer(embedder)
  const client = await promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(Layer.provideMerge(layer), Layer.provideMerge(space))
  )
  return {
    ...watched,
    client,
    ana: client.for({ userId: "ana" }, { reads: ["team:blue", { agentId: "handbook", userId: "all" }] }),
    team: client.for({ userId: "team:blue" }),
    handbook: client.for({ agentId: "handbook", userId: "all" }),
    [Symbol.asyncDispose]: () => client.close()
  }
}

const failure = async (call: Promise<unknown>): Promise<MemoryError> => {
  const error: unknown = await call.then(
    () => assert.fail("did not reject"),
    (cause: unknown) => cause
  )
  return error instanceof MemoryError ? error : assert.fail(String(error))
}

const texts = (found: ReadonlyArray<{ readonly memory: { readonly content: string } }>) =>
  found.map(({ memory }) => memory.content)

const listUsers = (calls: ReadonlyArray<{ readonly scope: Scope }>) =>
  Array.from(new Set(calls.map(({ scope }) => `${scope.agentId}/${scope.userId}`))).toSorted()

const ids = async (memory: PromiseMemory) => (await memory.list()).rows.map(({ id }) => id)

describe("the scopes that a memory reads", () => {
  it("are named when it is made: a string is a user of the same agent", async () => {
    await using opened = await open()
    const { client } = opened
    assert.deepStrictEqual(client.for({ agentId: "tutor", userId: "ana" }, { reads: ["team:blue"] }).reads, [
      { agentId: "tutor", userId: "team:blue" }
    ])
    assert.deepStrictEqual(opened.ana.reads, [
      { agentId: "default", userId: "team:blue" },
      { agentId: "handbook", userId: "all" }
    ])
    assert.deepStrictEqual(client.for({ userId: "ana" }).reads, [])
    assert.deepStrictEqual(client.for({ userId: "ana" }, {}).reads, [])
  })

  it("are refused by name: one's own, one named twice, one that is no scope, too many", async () => {
    await using opened = await open()
    const bad: ReadonlyArray<readonly [reads: unknown, field: string, message: RegExp]> = [
      [["team", "ana"], "reads[1]", /own scope/u],
      [[{ agentId: "default", userId: "ana" }], "reads[0]", /own scope/u],
      [["team", "other", { agentId: "default", userId: "team" }], "reads[2]", /the scope of reads\[0\]/u],
      [["team", "a/b"], "reads[1]", /slashes/u],
      [["default/files"], "reads[0]", /slashes/u],
      [[""], "reads[0]", /1 to 256/u],
      [[{ userId: "team" }], "reads[0]", /agentId and userId/u],
      [[{ agentId: "a", userId: "b", user: "c" }], "reads[0].user", /not known/u],
      [[7], "reads[0]", /not an object/u],
      ["team", "reads", /not a list/u],
      [Array.from({ length: 8 }, (_, i) => `team-${i}`), "reads", /at most 7/u]
    ]
    for (const [reads, field, message] of bad) {
      try {
        opened.client.for({ userId: "ana" }, { reads: reads as ReadonlyArray<string> })
        assert.fail(`accepted ${JSON.stringify(reads)}`)
      } catch (error) {
        const { reason } = error as MemoryError
        assert.deepInclude(reason, { _tag: "InvalidInput", field })
        assert.match(reason.message, message)
      }
    }
    assert.throws(() => opened.client.for({ userId: "ana" }, { read: ["team"] } as never), /Did you mean/u)
    const seven = Array.from({ length: 7 }, (_, i) => `team-${i}`)
    assert.lengthOf(opened.client.for({ userId: "ana" }, { reads: seven }).reads, 7)
  })

  it("cannot be changed once it is made", async () => {
    await using opened = await open()
    const named = ["team:blue"]
    const memory = opened.client.for({ userId: "ana" }, { reads: named })
    named.push("secret")
    assert.throws(() => (memory.reads as Array<Scope>).push({ agentId: "default", userId: "secret" }))
    assert.throws(() => Object.assign(memory.reads[0] ?? {}, { userId: "secret" }))
    await memory.recall("freight")
    assert.deepStrictEqual(listUsers(opened.calls), ["default/ana", "default/team:blue"])
  })

  it("are read by recall, context and get alone; one that is not named is never read", async () => {
    await using opened = await open()
    const { ana, calls, team } = opened
    await opened.client.for({ userId: "bo" }).remember("freight leaves on Sunday")
    const { id } = await team.remember("freight leaves on Friday")
    assert.isNotNull(id)
    calls.length = 0
    await ana.recall("freight")
    await ana.context("freight")
    await ana.get(id)
    assert.deepStrictEqual(listUsers(calls), ["default/ana", "default/team:blue", "handbook/all"])
    calls.length = 0
    await ana.remember("I like freight")
    await ana.rememberMany(["I like ships"])
    await ana.rememberExchange({ user: "Hello", assistant: "Hi", sessionId: "s" })
    await ana.list()
    await ana.count()
    await ana.stats()
    await ana.sessions()
    await ana.nextTurn("s")
    await ana.appendEntries([{ sessionId: "s", kind: "notes", number: 0, content: "a" }])
    await ana.entries({ sessionId: "s", kind: "notes" })
    for await (const memory of ana.export()) assert.strictEqual(memory.scope.userId, "ana")
    await ana.forget({ where: { type: "procedural" } })
    await ana.forgetAll()
    assert.deepStrictEqual(listUsers(calls), ["default/ana", "default/files/ana"])
  })

  it("cost one search each, in parallel, and one embedding of the question", async () => {
    const asked: Array<ReadonlyArray<string>> = []
    await using opened = await open({
      model: "lengths",
      dimensions: 2,
      embed: async (input) => {
        asked.push(input)
        return input.map((text) => [text.length, 1])
      }
    })
    await opened.team.remember("freight leaves on Friday")
    asked.length = 0
    opened.calls.length = 0
    assert.lengthOf(await opened.ana.recall("When does the freight leave?"), 1)
    assert.lengthOf(
      opened.calls.filter(({ method }) => method === "search"),
      3
    )
    // All begin before any of them has gone on to its search.
    assert.deepStrictEqual(
      opened.calls.slice(0, 3).map(({ method }) => method),
      ["speakers", "speakers", "speakers"]
    )
    assert.lengthOf(asked, 1)
  })
})

describe("get", () => {
  it("finds what recall may return, one's own first", async () => {
    await using opened = await open()
    const { ana, client, handbook, team } = opened
    for (const memory of [ana, team, handbook]) {
      const { id } = await memory.remember("freight leaves on Friday")
      assert.isNotNull(id)
      assert.deepStrictEqual((await ana.get(id))?.scope, memory.scope)
    }
    const { id } = await client.for({ userId: "bo" }).remember("freight leaves on Sunday")
    assert.isNotNull(id)
    assert.isNull(await ana.get(id))
    assert.isNull(await ana.get("nothing"))
  })

  it("does not claim that nothing is there where a shared scope could not be asked", async () => {
    await using opened = await open()
    const own = await opened.ana.remember("freight")
    assert.isNotNull(own.id)
    const shared = await opened.handbook.remember("freight")
    assert.isNotNull(shared.id)
    opened.failing.add("team:blue")
    assert.isNotNull(await opened.ana.get(own.id))
    assert.isNotNull(await opened.ana.get(shared.id))
    const unknown = "00000000-0000-5000-8000-000000000000"
    assert.strictEqual((await failure(opened.ana.get(unknown))).reason._tag, "Unavailable")
  })
})

describe("what is one's own", () => {
  it("stays so: another's id is refused with the scope that has it, and changes nothing", async () => {
    await using opened = await open()
    const { ana, team } = opened
    const { id } = await team.remember("freight leaves on Friday")
    assert.isNotNull(id)
    const own = await ana.remember("I like ships")
    assert.isNotNull(own.id)
    const before = await team.get(id)
    const calls = {
      update: () => ana.update(id, { pinned: true }),
      supersede: () => ana.supersede(id, "freight leaves on Monday"),
      forget: () => ana.forget(id),
      dryRun: () => ana.forget(id, { dryRun: true }),
      forgetMany: () => ana.forget([own.id, id]),
      history: () => ana.history(id)
    }
    for (const call of Object.values(calls)) {
      const { reason } = await failure(call())
      assert.strictEqual(reason._tag, "NotFound")
      assert.match(reason.message, /user "team:blue" of agent "default", which this memory only reads/u)
    }
    assert.deepStrictEqual(await team.get(id), before)
    assert.deepStrictEqual(await ids(ana), [own.id])
    const unread = await opened.client.for({ userId: "bo" }).remember("freight")
    assert.isNotNull(unread.id)
    assert.deepStrictEqual(await ana.history(unread.id), [])
    assert.strictEqual((await ana.forget(unread.id)).removed, 0)
    const { reason } = await failure(ana.update(unread.id, { pinned: true }))
    assert.match(reason.message, /No live memory/u)
  })

  it("is forgotten, changed and erased by id and as a whole; what was only read stays", async () => {
    await using opened = await open()
    const { ana, handbook, team } = opened
    await team.remember("freight leaves on Friday")
    await handbook.remember("freight is paid in advance")
    const shared = [...(await ids(team)), ...(await ids(handbook))]
    const left = async () => [...(await ids(team)), ...(await ids(handbook))]
    const { id } = await ana.remember("I like ships")
    assert.isNotNull(id)
    assert.isTrue((await ana.update(id, { pinned: true })).pinned)
    assert.strictEqual((await ana.forget([id, id])).removed, 1)
    await ana.remember("I like freight")
    assert.strictEqual((await ana.forget({ where: { type: "episodic" } })).removed, 1)
    await ana.remember("I like freight")
    assert.strictEqual((await ana.forgetAll()).removed, 1)
    await ana.remember("I like freight")
    assert.strictEqual((await opened.client.eraseUser({ userId: "ana" })).removed, 1)
    assert.deepStrictEqual(await left(), shared)
    assert.lengthOf(await ana.recall("freight"), 2)
  })

  it("is written to alone", async () => {
    await using opened = await open()
    const { ana, handbook, team } = opened
    const text = "freight leaves on Friday"
    await team.remember(text)
    assert.strictEqual((await ana.remember(text)).outcome, "created")
    await ana.rememberExchange({ user: "When?", assistant: "On Friday", sessionId: "s" })
    assert.lengthOf(await ids(ana), 3)
    assert.lengthOf(await ids(team), 1)
    assert.lengthOf(await ids(handbook), 0)
  })
})

describe("what is forgotten through its own handle", () => {
  it("is not answered through another's reads", async () => {
    const vectors: EmbedderProvider = {
      model: "lengths",
      dimensions: 2,
      embed: (input) => input.map((text) => [text.length, 1])
    }
    for (const embedder of [undefined, vectors]) {
      await using opened = await open(embedder)
      const { ana, client, team } = opened
      const ways = [
        async (id: string) => team.forget(id),
        async () => team.forget({ where: { type: "episodic" } }),
        async () => team.forgetAll(),
        async () => client.eraseUser({ userId: "team:blue" }),
        async (id: string) => team.supersede(id, "The harbour is closed")
      ]
      for (const forget of ways) {
        const { id } = await team.remember("freight leaves on Friday")
        assert.isNotNull(id)
        assert.include(texts(await ana.recall("freight")), "freight leaves on Friday")
        await forget(id)
        assert.notInclude(texts(await ana.recall("freight")), "freight leaves on Friday")
        assert.notInclude((await ana.context("freight")).text, "freight leaves")
      }
    }
  })
})

describe("a shared scope that fails", () => {
  it("is named in recall's list, which stays a list, and the rest answers", async () => {
    await using opened = await open()
    const { ana, failing, handbook, team } = opened
    await ana.remember("I like freight")
    await team.remember("freight leaves on Friday")
    await handbook.remember("freight is paid in advance")
    const whole = await ana.recall("freight")
    assert.isNull(whole.degraded)
    assert.lengthOf(whole, 3)
    failing.add("team:blue")
    const found = await ana.recall("freight")
    assert.isTrue(Array.isArray(found))
    assert.deepStrictEqual(found.map(({ memory }) => memory.scope.userId).toSorted(), ["all", "ana"])
    assert.deepStrictEqual(found.degraded, [
      {
        stage: "recall",
        reason: "Unavailable",
        message: 'Answered without user "team:blue" of agent "default": The store is out.',
        scope: { agentId: "default", userId: "team:blue" }
      }
    ])
    failing.add("all")
    assert.lengthOf((await ana.recall("freight")).degraded ?? [], 2)
    failing.clear()
    assert.isNull((await ana.recall("freight")).degraded)
    assert.isNull((await team.recall("freight")).degraded)
  })

  it("is named in the context, and the rest is there", async () => {
    await using opened = await open()
    const { ana, failing, handbook, team } = opened
    await team.remember({ content: "freight leaves on Friday", pinned: true })
    await handbook.remember("freight is paid in advance")
    assert.isNull((await ana.context("freight")).degraded)
    failing.add("team:blue")
    const block = await ana.context("freight")
    assert.deepStrictEqual(
      block.degraded?.map(({ scope }) => scope?.userId),
      ["team:blue"]
    )
    assert.include(block.text, "freight is paid")
    assert.notInclude(block.text, "freight leaves")
  })

  it("is no excuse for one's own: if that fails, the call fails", async () => {
    await using opened = await open()
    opened.failing.add("ana")
    assert.strictEqual((await failure(opened.ana.recall("freight"))).reason._tag, "Unavailable")
    assert.strictEqual((await failure(opened.ana.context("freight"))).reason._tag, "Unavailable")
  })
})
