/** An embedder that fails costs vectors, and no memory and no answer. */
import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  type AgentMemoryOptions,
  Embedder,
  type EmbedderProvider,
  inMemoryData,
  InMemoryStore,
  StoreAdmin,
  StoreFingerprint
} from "@keepsake/core"
import { Effect, Fiber, Layer, Logger } from "effect"
import { passTime } from "../support/virtualTime.ts"

const ada = { agentId: "test", userId: "ada" }

class Down extends Error {
  readonly isRetryable = true
  readonly problem = "unreachable"
}

/** A service that can be switched off, cannot embed some texts, and counts its requests. */
const service = ({ refuses = () => false }: { readonly refuses?: (text: string) => boolean } = {}) => {
  const state = { mode: "up" as "up" | "down" | "silent", requests: 0, texts: [] as Array<string> }
  const embed: EmbedderProvider["embed"] = async (texts) => {
    state.requests += 1
    if (state.mode === "down") throw new Down("connect ECONNREFUSED")
    // oxlint-disable-next-line promise/avoid-new
    if (state.mode === "silent") return new Promise(() => {})
    if (texts.some(refuses)) throw new Error("500 unsupported value: NaN")
    state.texts.push(...texts)
    return texts.map((text) => [text.length, text.codePointAt(0) ?? 0, 1])
  }
  const layer = (options: AgentMemoryOptions = {}) =>
    Layer.provideMerge(
      AgentMemory.layer({ purgeEvery: false, ...options }),
      Layer.provideMerge(InMemoryStore.layer, Embedder.layer({ model: "made-up", dimensions: 3, embed }))
    )
  return { state, layer }
}

const memory = Effect.flatMap(AgentMemory, (memories) => memories.for(ada))

const readReason = <A, E extends { readonly reason: { readonly _tag: string } }>(
  effect: Effect.Effect<A, E>
) => Effect.map(Effect.flip(effect), ({ reason }) => reason._tag)

/** Rows that are owed vectors. */
const countOwed = Effect.gen(function* () {
  const admin = yield* StoreAdmin
  return (yield* admin.owed({ limit: 1_000 })).length
})

describe("an embedder that is down", () => {
  it.effect("keeps what is said by words, finds it by words, and says so", () => {
    const { layer, state } = service()
    state.mode = "down"
    return Effect.gen(function* () {
      const user = yield* memory
      const { outcome } = yield* user.remember("Invoice INV-2291 is paid")
      assert.strictEqual(outcome, "created")
      yield* user.rememberMany(["Ana likes tea", "Bo likes coffee"])
      yield* user.rememberExchange({ user: "We moved to Lisbon", assistant: "Noted.", sessionId: "s" })
      assert.strictEqual((yield* user.stats()).owed, 5)
      const found = yield* user.recall("INV-2291")
      assert.deepStrictEqual(
        found.map(({ memory: { content } }) => content),
        ["Invoice INV-2291 is paid"]
      )
      assert.deepStrictEqual(
        found.degraded?.map(({ reason, stage }) => [stage, reason]),
        [["recall", "EmbedderFailed"]]
      )
      assert.match(found.degraded?.[0]?.message ?? "", /^Answered by words alone: .*ECONNREFUSED/u)
      const context = yield* user.context("INV-2291")
      assert.include(context.text, "INV-2291 is paid")
      assert.lengthOf(context.degraded ?? [], 1)
    }).pipe(Effect.provide(layer()))
  })

  it.effect("is not asked again for five seconds, then pays what it owes", () => {
    const { layer, state } = service()
    state.mode = "down"
    return Effect.gen(function* () {
      const user = yield* memory
      yield* user.remember("Ana likes tea")
      yield* user.remember("Bo likes coffee")
      yield* user.recall("tea")
      assert.strictEqual(state.requests, 1)
      assert.strictEqual(yield* countOwed, 2)
      state.mode = "up"
      yield* passTime("6 seconds")
      assert.strictEqual(yield* countOwed, 0)
      assert.strictEqual((yield* user.stats()).owed, 0)
      const found = yield* user.recall("tea")
      assert.isNull(found.degraded)
      assert.isNotNull(found[0]?.similarity)
    }).pipe(Effect.provide(layer()))
  })

  it.effect("pays at once when a call finds it up again", () => {
    const { layer, state } = service()
    state.mode = "down"
    return Effect.gen(function* () {
      const user = yield* memory
      yield* user.remember("Ana likes tea")
      state.mode = "up"
      yield* passTime("5 seconds")
      yield* user.recall("coffee")
      for (let i = 0; i < 20; i++) yield* Effect.yieldNow
      assert.strictEqual(yield* countOwed, 0)
    }).pipe(Effect.provide(layer()))
  })

  it.effect("holds up the payment of what is owed for half a minute, and not for ever", () => {
    const { layer, state } = service()
    state.mode = "down"
    return Effect.gen(function* () {
      const user = yield* memory
      yield* user.remember("Ana likes tea")
      state.mode = "silent"
      // The payment begins, and waits.
      yield* passTime("6 seconds")
      const { requests } = state
      state.mode = "up"
      yield* passTime("20 seconds")
      assert.strictEqual(state.requests, requests)
      yield* passTime("30 seconds")
      assert.strictEqual(yield* countOwed, 0)
    }).pipe(Effect.provide(layer()))
  })

  it.effect("is refused where the application says so", () => {
    const { layer, state } = service()
    state.mode = "down"
    return Effect.gen(function* () {
      const user = yield* memory
      assert.strictEqual(yield* readReason(user.remember("Ana likes tea")), "EmbedderFailed")
      assert.strictEqual(yield* readReason(user.recall("tea")), "EmbedderFailed")
      assert.strictEqual((yield* user.stats()).kept, 0)
    }).pipe(Effect.provide(layer({ whenEmbedderFails: "refuse" })))
  })

  it.effect("says nothing for half of the deadline: the answer is by words", () => {
    const { layer, state } = service()
    return Effect.gen(function* () {
      const user = yield* memory
      yield* user.remember("Invoice INV-2291 is paid")
      state.mode = "silent"
      const recall = yield* Effect.forkChild(user.recall("INV-2291"))
      yield* passTime(749)
      assert.isUndefined(recall.pollUnsafe())
      yield* passTime(1)
      const found = yield* Fiber.join(recall)
      assert.lengthOf(found, 1)
      assert.match(found.degraded?.[0]?.message ?? "", /did not answer within 750 ms/u)
      // The breaker is open: no wait now.
      assert.lengthOf((yield* user.recall("invoice")).degraded ?? [], 1)
    }).pipe(Effect.provide(layer({ deadlineMs: 1_500 })))
  })

  it.effect("costs a row no score that it has without an embedder", () => {
    const { layer, state } = service()
    const remember = Effect.gen(function* () {
      const user = yield* memory
      yield* user.remember({ content: "The ferry to Hydra leaves at seven", sessionId: "s", turn: 0 })
      yield* user.remember({ content: "Buy two tickets for the ferry", sessionId: "s", turn: 1 })
      yield* user.remember("A goulash needs paprika")
      return user
    })
    const ask = "When does the ferry to Hydra leave?"
    return Effect.gen(function* () {
      const wordsOnly = yield* Effect.flatMap(remember, (user) => user.recall(ask)).pipe(
        Effect.provide(
          Layer.provideMerge(
            AgentMemory.layer({ purgeEvery: false }),
            Layer.provideMerge(InMemoryStore.layer, StoreFingerprint.wordsOnly)
          )
        )
      )
      const owed = yield* Effect.gen(function* () {
        state.mode = "down"
        const user = yield* remember
        state.mode = "up"
        yield* passTime("5 seconds")
        const breaker = yield* user.recall(ask)
        return breaker
      }).pipe(Effect.provide(layer()))
      assert.isNull(owed.degraded)
      assert.isAbove(wordsOnly.length, 1)
      for (const {
        memory: { content },
        score
      } of wordsOnly) {
        const found = owed.find((other) => other.memory.content === content)
        assert.isAtLeast(found?.score ?? 0, score - 1e-3, content)
      }
    })
  })
})

describe("a text that the model cannot embed", () => {
  it.effect("costs no other text its vector, and is owed none", () => {
    const { layer } = service({ refuses: (text) => text.includes("Eiffel") })
    return Effect.gen(function* () {
      const user = yield* memory
      const notes = Array.from(
        { length: 60 },
        (_, i) => `Note ${i} is about ${i === 37 ? "Eiffel" : "ships"}`
      )
      const results = yield* user.rememberMany(notes)
      assert.isTrue(results.every(({ outcome }) => outcome === "created"))
      assert.strictEqual((yield* user.stats()).owed, 0)
      const found = yield* user.recall("Eiffel note 37")
      assert.lengthOf(found.degraded ?? [], 1, "the question is like it")
      assert.strictEqual(found[0]?.memory.content, "Note 37 is about Eiffel")
      const others = yield* user.recall("note 36 about ships", { limit: 60, minScore: 0 })
      assert.isNull(others.degraded)
      assert.lengthOf(
        others.filter(({ similarity }) => similarity === null),
        1
      )
    }).pipe(Effect.provide(layer()))
  })

  it.effect("alone is kept alone", () => {
    const { layer } = service({ refuses: (text) => text.includes("Eiffel") })
    return Effect.gen(function* () {
      const user = yield* memory
      yield* user.remember("The Eiffel Tower is red")
      assert.strictEqual((yield* user.stats()).owed, 0)
      yield* user.remember("The sea is green")
      assert.isNull((yield* user.recall("sea")).degraded)
    }).pipe(Effect.provide(layer()))
  })
})

describe("a text that the model has nothing to say about", () => {
  const layer = Layer.provideMerge(
    AgentMemory.layer({ purgeEvery: false, whenEmbedderFails: "refuse" }),
    Layer.provideMerge(
      InMemoryStore.layer,
      Embedder.layer({
        model: "made-up",
        dimensions: 2,
        embed: (texts) => texts.map((text) => (text.includes("ships") ? [text.length, 1] : null))
      })
    )
  )

  it.effect("is kept and found by its words, is no failure, and is owed no vector", () =>
    Effect.gen(function* () {
      const user = yield* memory
      const results = yield* user.rememberMany(["Anna likes ships", "👍", "Ben likes trains"])
      assert.isTrue(results.every(({ outcome }) => outcome === "created"))
      assert.strictEqual((yield* user.stats()).owed, 0)
      for (const [question, isByMeaning] of [
        ["Who likes ships?", true],
        ["Who likes trains?", false]
      ] as const) {
        const found = yield* user.recall(question, { minScore: 0 })
        assert.isNull(found.degraded)
        assert.strictEqual(
          found.some(({ similarity }) => similarity !== null),
          isByMeaning
        )
      }
      const [best] = yield* user.recall("Who likes trains?")
      assert.strictEqual(best?.memory.content, "Ben likes trains")
      const [emoji] = yield* user.recall("👍")
      assert.strictEqual(emoji?.memory.content, "👍")
    }).pipe(Effect.provide(layer))
  )
})

describe("a model that is exchanged under its name", () => {
  const provider = (shift: number): EmbedderProvider => ({
    model: "made-up",
    dimensions: 3,
    embed: (texts) => texts.map((text) => [text.length, (text.codePointAt(0) ?? 0) * shift, 1])
  })

  /** What is said to the operator within two minutes by a process that finds these vectors. */
  const listen = (shift: number) =>
    Effect.gen(function* () {
      const data = inMemoryData()
      const warnings: Array<unknown> = []
      const layer = (embeddings: EmbedderProvider) =>
        Layer.provideMerge(
          AgentMemory.layer({ purgeEvery: false }),
          Layer.provideMerge(InMemoryStore.layerOf(data), Embedder.layer(embeddings))
        )
      yield* Effect.provide(
        Effect.flatMap(memory, (user) => user.remember("Ana likes tea")),
        layer(provider(1))
      )
      const logger = Logger.make(({ message }) => warnings.push(message))
      yield* Effect.provide(
        Effect.andThen(memory, passTime("2 minutes")),
        Layer.provideMerge(layer(provider(shift)), Logger.layer([logger]))
      )
      return warnings.flat().join("\n")
    })

  it.effect("is noticed after a minute", () =>
    Effect.map(listen(-1), (warnings) => assert.match(warnings, /another model stands behind that name/u))
  )

  it.effect("is no matter of the last digits", () =>
    Effect.map(listen(1.001), (warnings) => assert.strictEqual(warnings, ""))
  )
})
