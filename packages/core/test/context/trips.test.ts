import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  inMemoryData,
  InMemoryStore,
  type MemoryError,
  MemoryStore,
  type ScopedMemory,
  StoreFingerprint
} from "@keepsake/core"
import { Clock, Effect, Fiber, Layer } from "effect"
import { passTime } from "../support/virtualTime.ts"

const TRIP_MS = 10

type Store = MemoryStore["Service"]

/** A store as far as a server is: each call takes a trip, and the calls that begin together share one. */
const distant = (calls: Array<string>) => {
  const far =
    <Request, A>(method: string, call: (request: Request) => Effect.Effect<A, MemoryError>) =>
    (request: Request) =>
      Effect.gen(function* () {
        calls.push(`${method} ${yield* Clock.currentTimeMillis}`)
        yield* Effect.sleep(TRIP_MS)
        return yield* call(request)
      })
  const methods = [
    "speakers",
    "search",
    "around",
    "excerpts",
    "latest",
    "get",
    "list",
    "count",
    "sessions"
  ] as const
  const change = (store: Store): Store => ({
    ...store,
    ...Object.fromEntries(
      methods.map((method) => [
        method,
        far(method, store[method] as (request: unknown) => Effect.Effect<unknown, MemoryError>)
      ])
    )
  })
  return (base: ReturnType<typeof InMemoryStore.layerOf>) =>
    Layer.provideMerge(Layer.effect(MemoryStore, Effect.map(MemoryStore, change)), base)
}

/** The calls that a verb makes, and the moments at which they begin. */
const recordCalls = <A>(verb: (memory: ScopedMemory) => Effect.Effect<A, MemoryError>) =>
  Effect.gen(function* () {
    const data = inMemoryData()
    const base = InMemoryStore.layerOf(data)
    const layerOver = (store: typeof base) =>
      AgentMemory.layer({ purgeEvery: false }).pipe(
        Layer.provideMerge(store),
        Layer.provide(StoreFingerprint.wordsOnly)
      )
    const memory = Effect.flatMap(AgentMemory, (memories) => memories.for({ agentId: "a", userId: "u" }))
    const fill = Effect.flatMap(memory, (user) =>
      Effect.forEach(["freight by ship", "freight by rail", "thanks"], (text) =>
        user.rememberExchange({ user: text, assistant: `About ${text}.`, sessionId: "s" })
      )
    )
    yield* Effect.provide(fill, layerOver(base))
    const calls: Array<string> = []
    const answering = yield* Effect.forkChild(
      Effect.provide(Effect.flatMap(memory, verb), layerOver(distant(calls)(base)))
    )
    // More trips than any answer takes.
    for (let trip = 0; trip < 5; trip++) yield* passTime(TRIP_MS)
    return { calls: calls.toSorted(), answer: yield* Fiber.join(answering) }
  })

describe("trips to the store", () => {
  it.effect("a recall takes three: speakers, search, neighbours with texts", () =>
    Effect.gen(function* () {
      const { answer, calls } = yield* recordCalls((memory) => memory.recall("freight by ship", { limit: 1 }))
      assert.lengthOf(answer, 1)
      assert.deepStrictEqual(calls, ["around 20", "excerpts 20", "search 10", "speakers 0"])
    })
  )

  it.effect("a context takes three: what needs no answer is asked together with the speakers", () =>
    Effect.gen(function* () {
      const { answer, calls } = yield* recordCalls((memory) => memory.context("freight by ship"))
      assert.isNotEmpty(answer.items)
      assert.deepStrictEqual(calls, [
        "around 20",
        "excerpts 20",
        "latest 0",
        "latest 0",
        "latest 0",
        "search 10",
        "speakers 0"
      ])
    })
  )
})
