import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, MemoryError, type ScopedMemory, StoreFingerprint } from "@keepsake/core"
import { Cause, Effect, Exit, Layer, Result, Stream } from "effect"

const layer = () =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(InMemoryStore.layer),
    Layer.provide(StoreFingerprint.wordsOnly)
  )
const memory = Effect.flatMap(AgentMemory, (memories) => memories.for({ agentId: "tutor", userId: "ada" }))

/** The field that a call names as bad; a defect or a success fails the test. */
const readField = Effect.fnUntraced(function* (call: () => Effect.Effect<unknown, unknown>) {
  const exit = yield* Effect.exit(Effect.suspend(call))
  if (Exit.isSuccess(exit)) return "accepted"
  const failure = Cause.findError(exit.cause)
  if (!Result.isSuccess(failure) || !(failure.success instanceof MemoryError)) {
    return `not typed: ${Cause.pretty(exit.cause)}`
  }
  const { reason } = failure.success
  return reason._tag === "InvalidInput" ? reason.field : reason._tag
})

class Filterish {
  readonly types = ["semantic"]
}
const throwing = {
  get content(): string {
    throw new Error("no")
  }
}
/** A few lists that refer to each other, and spell out ten billion values. */
const wide = Array.from({ length: 5 }).reduce<unknown>((inner) => Array.from({ length: 100 }, () => inner), 1)
const cyclic: { [key: string]: unknown } = {}
cyclic["self"] = cyclic

/** Every odd value, as a JavaScript caller may pass it where anything is expected. */
const ODD: ReadonlyArray<unknown> = [
  null,
  0,
  Number.NaN,
  1n,
  true,
  Symbol("s"),
  () => 1,
  [],
  [null],
  new Date(0),
  new Map([["types", 1]]),
  Object.create(null),
  throwing,
  new Proxy({}, { ownKeys: () => assert.fail("looked at") })
]

type Call = (user: ScopedMemory, odd: never) => Effect.Effect<unknown, unknown>

const remembers: { readonly [name: string]: Call } = {
  remember: (user, odd) => user.remember(odd),
  "remember options": (user, odd) => user.remember({ content: "stays" }, odd),
  rememberMany: (user, odd) => user.rememberMany(odd),
  "rememberMany one": (user, odd) => user.rememberMany(["fine", odd]),
  rememberExchange: (user, odd) => user.rememberExchange(odd),
  "exchange user": (user, odd) => user.rememberExchange({ user: odd, assistant: "", sessionId: "s" }),
  "exchange assistant": (user, odd) => user.rememberExchange({ user: "x", assistant: odd, sessionId: "s" }),
  content: (user, odd) => user.remember({ content: odd }),
  ttlDays: (user, odd) => user.remember({ content: "x", ttlDays: odd }),
  type: (user, odd) => user.remember({ content: "x", type: odd }),
  key: (user, odd) => user.remember({ content: "x", key: odd })
}

const others: { readonly [name: string]: Call } = {
  recall: (user, odd) => user.recall(odd),
  limit: (user, odd) => user.recall("x", { limit: odd }),
  threshold: (user, odd) => user.recall("x", { minScore: odd }),
  types: (user, odd) => user.recall("x", { types: odd }),
  context: (user, odd) => user.context(odd),
  budget: (user, odd) => user.context("x", { budgetTokens: odd }),
  without: (user, odd) => user.context("x", { omit: odd }),
  list: (user, odd) => user.list({ limit: odd }),
  after: (user, odd) => user.list({ after: odd }),
  update: (user, odd) => user.update("00000000-0000-5000-8000-000000000000", odd),
  forget: (user, odd) => user.forget(odd),
  "forget metadata": (user, odd) => user.forget({ metadata: { a: odd } }),
  dryRun: (user, odd) => user.forgetAll({ dryRun: odd }),
  import: (user, odd) => user.import([odd])
}

describe("input that types would not allow", () => {
  it.effect("is refused by a typed error, never a defect, and writes or deletes nothing", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.remember({ content: "stays", metadata: { a: 1 } })
      for (const [name, call] of Object.entries({ ...remembers, ...others })) {
        for (const odd of ODD) {
          const field = yield* readField(() => call(user, odd as never))
          assert.isFalse(field.startsWith("not typed"), `${name}: ${field}`)
        }
      }
      assert.strictEqual((yield* user.stats()).kept, 1)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a filter that is misspelt or mistyped never matches more than was meant", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.rememberMany(["one", { content: "two", type: "semantic" }])
      const bad: ReadonlyArray<readonly [string, unknown]> = [
        ["target.type", { type: "semantic" }],
        ["target.sessionID", { sessionID: "s" }],
        ["target.types", { types: "semantic" }],
        ["target.types[0]", { types: ["semantics"] }],
        ["target.speakers[0]", { speakers: [null] }],
        ["target.sessionId", { sessionId: null }],
        ["target.pinned", { pinned: "yes" }],
        ["target.saidTo", { saidTo: Number.NaN }],
        ["target.metadata.topic", { metadata: { topic: undefined } }],
        ["target.metadata.topic", { metadata: { topic: ["x"] } }],
        ["target", { metadata: {} }],
        ["target", { types: undefined }],
        ["target", [undefined]]
      ]
      for (const [field, filter] of bad) {
        assert.strictEqual(yield* readField(() => user.forget(filter as never)), field)
        if (!Array.isArray(filter) && field !== "target") {
          assert.strictEqual(
            yield* readField(() => user.list({ filter: filter as never })),
            field.replace("target", "filter")
          )
          assert.strictEqual(
            yield* readField(() => user.recall("one", filter as never)),
            field.replace("target.", "")
          )
        }
      }
      assert.strictEqual(yield* readField(() => user.forgetAll({ dryrun: true } as never)), "dryrun")
      for (const options of [true, new Map([["dryRun", true]]), [{ dryRun: true }]]) {
        assert.strictEqual(yield* readField(() => user.forgetAll(options as never)), "options")
      }
      assert.strictEqual(yield* readField(() => user.forget("x", { dryRun: "yes" as never })), "dryRun")
      assert.strictEqual((yield* user.stats()).kept, 2)
      const error = yield* Effect.flip(user.forget({ type: "semantic" } as never))
      assert.include(error.message, 'Did you mean "types"?')
      assert.strictEqual((yield* user.forget(new Filterish() as never)).removed, 1)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("metadata is copied as it was checked, and cannot be vast, cyclic or magic", () =>
    Effect.gen(function* () {
      const user = yield* memory
      const field = (metadata: unknown) =>
        readField(() => user.remember({ content: "x", metadata: metadata as never }))
      assert.match(yield* field({ wide }), /^metadata/u)
      assert.match(yield* field(cyclic), /^metadata\.self/u)
      assert.strictEqual(yield* field(JSON.parse('{"a":{"__proto__":{"admin":true}}}')), "metadata.a")
      assert.strictEqual(yield* field({ list: Array.from({ length: 1_000_000 }) }), "metadata.list")
      let reads = 0
      const shifty = {
        get a() {
          return reads++ === 0 ? 1 : new Date()
        }
      }
      const { id } = yield* user.remember({ content: "y", metadata: shifty as never })
      assert.isNotNull(id)
      assert.deepStrictEqual((yield* user.get(id))?.metadata, { a: 1 })
      const metadata = { tags: ["a"] }
      yield* user.update(id, { metadata })
      metadata.tags.push("b")
      assert.deepStrictEqual((yield* user.get(id))?.metadata, { tags: ["a"] })
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a time that no calendar holds is refused, so that every memory can be rendered", () =>
    Effect.gen(function* () {
      const user = yield* memory
      for (const saidAt of [Number.MAX_SAFE_INTEGER, 8.64e15, -1, 0.5]) {
        assert.strictEqual(yield* readField(() => user.remember({ content: "x", saidAt })), "saidAt")
      }
      yield* user.remember({ content: "the end", saidAt: 253_402_300_799_999 })
      assert.include((yield* user.context("end")).text, "9999-12-31")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("an export that was tampered with changes nothing, and says where", () =>
    Effect.gen(function* () {
      const memories = yield* AgentMemory
      const user = yield* memory
      yield* user.remember({ content: "Lives in Oslo", sessionId: "s", key: "home" })
      const [good] = yield* Stream.runCollect(user.export())
      const other = yield* memories.for({ agentId: "tutor", userId: "bob" })
      const open = { from: 5, to: null }
      const bad: ReadonlyArray<readonly [string, object]> = [
        ["id", { id: "x" }],
        ["scope", { scope: { agentId: "", userId: "u" } }],
        ["scope", { scope: null }],
        ["content", { content: "" }],
        ["content", { content: "nul\u0000" }],
        ["speaker", { speaker: "nul\u0000" }],
        ["sessionId", { sessionId: "\ud800" }],
        ["turn", { turn: 2 ** 31 }],
        ["turn", { sessionId: null }],
        ["saidAt", { saidAt: 8.64e15 }],
        ["createdAt", { createdAt: -1 }],
        ["importance", { importance: 1.01 }],
        ["accessCount", { accessCount: 1e12 }],
        ["lastAccessedAt", { lastAccessedAt: "now" }],
        ["validity", { validity: [] }],
        ["validity", { validity: [open, open] }],
        ["validity", { validity: [{ from: 9, to: 8 }] }],
        ["validity", { validity: [{ from: 9, to: 12 }, open] }],
        ["supersededBy", { supersededBy: good?.id }],
        ["supersededBy", { supersededBy: "00000000-0000-5000-8000-000000000000" }],
        ["metadata.\u0000", { metadata: { "\u0000": 1 } }],
        ["extra", { extra: 1 }]
      ]
      for (const [field, change] of bad) {
        const named = yield* readField(() => other.import([good, { ...good, ...change }] as never))
        assert.strictEqual(named.replace("metadata", "metadata.\u0000").slice(0, 11), "memories[1]")
        if (!field.startsWith("metadata")) assert.strictEqual(named, `memories[1].${field}`)
      }
      assert.strictEqual((yield* other.stats()).kept, 0)
      // Ids are the same whatever the case of their letters.
      const one = good ?? assert.fail("nothing exported")
      const loud = { ...one, id: one.id.toUpperCase() }
      assert.deepStrictEqual(yield* user.import([loud]), {
        created: 0,
        known: 1,
        conflicting: 0,
        expired: 0,
        dropped: 0
      })
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a query has an end: recall says so, context asks with both ends of what is longer", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.rememberMany(["Ana builds a freight SaaS", "The gate code is 4711"])
      const filler = "lorem ".repeat(20_000)
      assert.strictEqual(yield* readField(() => user.recall(filler)), "query")
      const long = `freight? ${"lorem ".repeat(2_000_000)} what is the gate code?`
      const { items } = yield* user.context(long, { omit: ["profile", "lastTime"], minScore: 0 })
      assert.strictEqual(items.length, 2)
      yield* user.context(`${"a".repeat(49_999)}${"😀".repeat(60_000)}`)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a scope is two ids and nothing else", () =>
    Effect.gen(function* () {
      const memories = yield* AgentMemory
      for (const odd of [...ODD, { userId: "u" }, { agentId: 1, userId: "u" }]) {
        assert.strictEqual(yield* readField(() => memories.for(odd as never)), "scope")
      }
      const misspelt = { agentId: "a", userId: "u", agentID: "b" }
      assert.strictEqual(yield* readField(() => memories.for(misspelt)), "agentID")
    }).pipe(Effect.provide(layer()))
  )
})
