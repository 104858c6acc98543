import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  InMemoryStore,
  type Memory,
  MemoryError,
  MemoryStore,
  Unavailable,
  StoreFingerprint
} from "@keepsake/core"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"

const EXCHANGE = { user: "Where do I ship?", assistant: "To Oslo.", sessionId: "s" }
const away = new MemoryError({ reason: new Unavailable({ message: "The store is away." }) })

type Put = MemoryStore["Service"]["put"]

/** A memory over a store with another `put`. */
const layerWith = (change: (put: Put) => Put) =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(
      Layer.effect(
        MemoryStore,
        Effect.map(MemoryStore, (store) => ({ ...store, put: change((request) => store.put(request)) }))
      )
    ),
    Layer.provideMerge(InMemoryStore.layer),
    Layer.provide(StoreFingerprint.wordsOnly)
  )

const ada = Effect.flatMap(AgentMemory, (memories) => memories.for({ agentId: "tutor", userId: "ada" }))

describe("an exchange", () => {
  for (const [name, turn] of [
    ["at the next turn", undefined],
    ["at a given turn", 4]
  ] as const) {
    it.effect(`${name} is one put of both memories`, () => {
      const puts: Array<ReadonlyArray<number | null>> = []
      return Effect.gen(function* () {
        const stored = yield* (yield* ada).rememberExchange({ ...EXCHANGE, turn })
        assert.deepStrictEqual(
          stored.map(({ outcome }) => outcome),
          ["created", "created"]
        )
        const first = turn ?? 0
        assert.deepStrictEqual(puts, [[first, first + 1]])
      }).pipe(
        Effect.provide(
          layerWith((put) => (request) => {
            puts.push(request.rows.map(({ memory }) => memory.turn))
            return put(request)
          })
        )
      )
    })

    it.effect(`${name} leaves no half when the store fails, and is whole when tried again`, () => {
      let putsUntilFailure = Infinity
      return Effect.gen(function* () {
        const user = yield* ada
        // The second put fails too: a put per memory would leave the first one.
        for (const [puts, expected] of [
          [0, 0],
          [1, 2],
          [Infinity, 2]
        ] as const) {
          putsUntilFailure = puts
          yield* Effect.ignore(user.rememberExchange({ ...EXCHANGE, turn }))
          assert.strictEqual((yield* user.stats()).kept, expected)
          yield* user.forgetAll()
        }
      }).pipe(
        Effect.provide(
          layerWith(
            (put) => (request) =>
              Effect.suspend(() => (putsUntilFailure-- === 0 ? Effect.fail(away) : put(request)))
          )
        )
      )
    })
  }

  it.effect("that loses its turns to another process is never there by half", () => {
    let hasLost = false
    return Effect.gen(function* () {
      const user = yield* ada
      const stored = yield* user.rememberExchange(EXCHANGE)
      assert.deepStrictEqual(
        stored.map(({ outcome }) => outcome),
        ["created", "created"]
      )
      const { rows } = yield* user.list()
      assert.deepStrictEqual(
        rows.map(({ content, turn }) => [turn, content]).sort(([a], [b]) => Number(a) - Number(b)),
        [
          [0, "Hello?"],
          [1, EXCHANGE.user],
          [2, EXCHANGE.assistant]
        ]
      )
    }).pipe(
      Effect.provide(
        layerWith((put) => (request) => {
          const [question] = request.rows
          if (hasLost || question === undefined) return put(request)
          hasLost = true
          const other = { ...question, memory: { ...question.memory, content: "Hello?" } }
          return Effect.gen(function* () {
            yield* put({ ...request, rows: [other] })
            const results = yield* put(request)
            assert.deepStrictEqual(
              results.map(({ outcome }) => outcome),
              ["conflict", "conflict"]
            )
            return results
          })
        })
      )
    )
  })
})

const fresh = () => layerWith((put) => put)

/** Of the memories of a list, in order. */
const turnsOf = ({ rows }: { readonly rows: ReadonlyArray<Memory> }) =>
  rows.map(({ turn }) => turn ?? -1).sort((a, b) => a - b)
const outcomesOf = (stored: ReadonlyArray<{ readonly outcome: string }>) =>
  stored.map(({ outcome }) => outcome)
const CREATED = ["created", "created"]
const REFRESHED = ["refreshed", "refreshed"]
const SAID_AT = "2026-01-31T10:00:00Z"

describe("an exchange said again", () => {
  for (const [name, named] of [
    ["with its key", { key: "message-17" }],
    ["with its key, at another time and turn", { key: "message-17" }],
    ["with the same texts at the same time", { saidAt: SAID_AT }]
  ] as const) {
    const another = name.includes("another") ? { saidAt: SAID_AT, turn: 40 } : {}
    it.effect(`${name} is the same, before and after a backup is restored`, () =>
      Effect.gen(function* () {
        const memories = yield* AgentMemory
        const user = yield* ada
        const exchange = { ...EXCHANGE, ...named }
        const first = yield* user.rememberExchange(exchange)
        assert.deepStrictEqual(outcomesOf(first), CREATED)
        const again = yield* user.rememberExchange({ ...exchange, ...another })
        assert.deepStrictEqual(outcomesOf(again), REFRESHED)
        assert.deepStrictEqual(
          again.map(({ id }) => id),
          first.map(({ id }) => id)
        )
        for (const handle of [user, yield* memories.for({ agentId: "tutor", userId: "bo" })]) {
          const exported = yield* Stream.runCollect(user.export())
          yield* handle.forgetAll()
          yield* handle.import(exported)
          assert.deepStrictEqual(
            outcomesOf(yield* handle.rememberExchange({ ...exchange, ...another })),
            REFRESHED
          )
          assert.deepStrictEqual(turnsOf(yield* handle.list()), [0, 1])
        }
      }).pipe(Effect.provide(fresh()))
    )
  }

  it.effect("without either is a second one", () =>
    Effect.gen(function* () {
      const user = yield* ada
      for (const input of [
        EXCHANGE,
        EXCHANGE,
        { ...EXCHANGE, key: "one" },
        { ...EXCHANGE, key: "two" },
        { ...EXCHANGE, saidAt: SAID_AT },
        { ...EXCHANGE, saidAt: SAID_AT, speaker: "Bo" },
        { ...EXCHANGE, saidAt: SAID_AT, assistant: "To Bergen." },
        { ...EXCHANGE, saidAt: "2026-01-31T10:00:00.001Z" },
        { ...EXCHANGE, saidAt: SAID_AT, sessionId: "other" }
      ]) {
        assert.deepStrictEqual(outcomesOf(yield* user.rememberExchange(input)), CREATED)
      }
      assert.deepStrictEqual(
        turnsOf(yield* user.list({ where: { sessionId: "s" } })),
        Array.from({ length: 16 }, (_, turn) => turn)
      )
    }).pipe(Effect.provide(fresh()))
  )

  it.effect("under its key with other texts is a conflict that changes nothing", () =>
    Effect.gen(function* () {
      const user = yield* ada
      yield* user.rememberExchange({ ...EXCHANGE, key: "k" })
      const before = yield* user.list()
      for (const other of [{ assistant: "To Bergen." }, { user: "Who ships?" }]) {
        yield* TestClock.adjust("1 minute")
        const failed = yield* Effect.flip(user.rememberExchange({ ...EXCHANGE, ...other, key: "k" }))
        assert.strictEqual(failed.reason._tag, "Conflict")
        assert.deepStrictEqual(yield* user.list(), before)
      }
    }).pipe(Effect.provide(fresh()))
  )

  it.effect("with an answer that came late, or was forgotten, has it beside its question", () =>
    Effect.gen(function* () {
      const user = yield* ada
      yield* user.rememberExchange({ ...EXCHANGE, assistant: "", key: "k" })
      yield* user.rememberExchange({ ...EXCHANGE, key: "later", user: "And when?" })
      const [, answer] = yield* user.rememberExchange({ ...EXCHANGE, key: "k" })
      assert.strictEqual(answer?.outcome, "created")
      yield* user.forget(answer?.id ?? "")
      assert.deepStrictEqual(outcomesOf(yield* user.rememberExchange({ ...EXCHANGE, key: "k" })), [
        "refreshed",
        "created"
      ])
      const { rows } = yield* user.list({ where: { source: "assistant" } })
      assert.deepStrictEqual(turnsOf({ rows }), [1, 2])
    }).pipe(Effect.provide(fresh()))
  )

  it.effect("after it was forgotten takes turns that were never given away", () =>
    Effect.gen(function* () {
      const user = yield* ada
      const keyed = { ...EXCHANGE, key: "k" }
      const ids = (yield* user.rememberExchange(keyed)).flatMap(({ id }) => id ?? [])
      yield* user.forget(ids)
      const plain = yield* user.rememberExchange(EXCHANGE)
      assert.deepStrictEqual(outcomesOf(yield* user.rememberExchange(keyed)), CREATED)
      assert.deepStrictEqual(turnsOf(yield* user.list()), [2, 3, 4, 5])
      assert.notIncludeMembers(
        plain.map(({ id }) => id),
        ids
      )
    }).pipe(Effect.provide(fresh()))
  )

  it.effect("has a key of 1 to 500 characters", () =>
    Effect.gen(function* () {
      const user = yield* ada
      for (const key of ["", "k".repeat(501), "\ud800"]) {
        const failed = yield* Effect.flip(user.rememberExchange({ ...EXCHANGE, key }))
        assert.include(failed.reason.message, "key")
      }
      const key = "k".repeat(500)
      yield* user.rememberExchange({ ...EXCHANGE, key })
      assert.deepStrictEqual(outcomesOf(yield* user.rememberExchange({ ...EXCHANGE, key })), REFRESHED)
    }).pipe(Effect.provide(fresh()))
  )
})
