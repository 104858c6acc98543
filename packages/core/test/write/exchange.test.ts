import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  InMemoryStore,
  MemoryError,
  MemoryStore,
  Unavailable,
  StoreFingerprint
} from "@keepsake/core"
import { Effect, Layer } from "effect"

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
})
