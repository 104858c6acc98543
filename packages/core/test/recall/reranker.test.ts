/** A reranker judges the best rows; one that fails costs its judgement and no answer. */
import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  type AgentMemoryOptions,
  type Degraded,
  InMemoryStore,
  makeRetriever,
  type Recollection,
  Reranker,
  type RerankerProvider,
  type RerankRequest,
  StoreFingerprint
} from "@keepsake/core"
import { ANY } from "@keepsake/core/driver"
import { Effect, Fiber, Layer } from "effect"
import { passTime } from "../support/virtualTime.ts"

const scope = { agentId: "test", userId: "ada" }
/** Another at each call. */
const makeStore = () => Layer.provideMerge(InMemoryStore.layer, StoreFingerprint.wordsOnly)

const plain = (options: AgentMemoryOptions = {}) =>
  Layer.provideMerge(AgentMemory.layer({ purgeEvery: false, ...options }), makeStore())

/** A memory whose reranker answers each request by `score`, and the requests that it had. */
const judgedBy = (
  rerank: RerankerProvider["rerank"],
  options: AgentMemoryOptions & Pick<RerankerProvider, "calibration" | "timeoutMs"> = {}
) => {
  const requests: Array<RerankRequest> = []
  const { calibration, timeoutMs, ...memoryOptions } = options
  const reranker = Reranker.layer({
    model: "made-up",
    calibration,
    timeoutMs,
    rerank: (request) => {
      requests.push(request)
      return rerank(request)
    }
  })
  const layer = Layer.provideMerge(
    AgentMemory.layer({ purgeEvery: false, ...memoryOptions }).pipe(Layer.provide(reranker)),
    makeStore()
  )
  return { layer, requests }
}

const scoreEach =
  (score: (text: string) => number): RerankerProvider["rerank"] =>
  ({ texts }) =>
    texts.map(score)

const TEXTS = [
  "The tea in the office kitchen is green tea",
  "Tea was late on Monday",
  "Cleo keeps her tea in a tin from Assam",
  "The printer needs paper"
]

const fill = (texts: ReadonlyArray<string> = TEXTS) =>
  Effect.gen(function* () {
    const user = yield* (yield* AgentMemory).for(scope)
    yield* user.rememberMany(texts)
    return user
  })

const toContents = (found: ReadonlyArray<Recollection>) => found.map(({ memory }) => memory.content)

/** All but the ids and times of a run. */
const toAnswer = (found: ReadonlyArray<Recollection>) =>
  found.map(({ explain, memory, score }) => [memory.content, score, explain.logit, explain.parts])

const silent: RerankerProvider["rerank"] = async () =>
  // oxlint-disable-next-line promise/avoid-new
  new Promise(() => {})

const describeDegraded = (degraded: ReadonlyArray<Degraded> | null | undefined) =>
  (degraded ?? []).map(({ message, reason, stage }) => `${stage} ${reason} ${message}`)

describe("a reranker", () => {
  it.effect("averages its logit with the score's own, which decides order and cut", () => {
    const { layer, requests } = judgedBy(scoreEach((text) => (text.includes("Assam") ? 1 : 0)))
    return Effect.gen(function* () {
      const without = yield* Effect.provide(
        Effect.flatMap(fill(), (user) => user.recall("Whose tea?", { minScore: 0 })),
        plain()
      )
      const user = yield* fill()
      const found = yield* user.recall("Whose tea?", { minScore: 0 })
      assert.strictEqual(toContents(found)[0], TEXTS[2])
      assert.notStrictEqual(toContents(without)[0], TEXTS[2])
      assert.isNull(found.degraded)
      for (const { explain, memory, score } of found) {
        const own = without.find((other) => other.memory.content === memory.content)
        const judged = memory.content.includes("Assam") ? 3 : -5
        const { rerank = 0, ...parts } = explain.parts
        assert.deepStrictEqual(parts, own?.explain.parts)
        assert.closeTo(explain.logit, ((own?.explain.logit ?? 0) + judged) / 2, 1e-9)
        assert.closeTo((own?.explain.logit ?? 0) + rerank, explain.logit, 1e-9)
        assert.closeTo(score, 1 / (1 + Math.exp(-explain.logit)), 1e-9)
      }
      assert.deepStrictEqual(
        requests.map(({ query }) => query),
        ["Whose tea?"]
      )
      assert.deepStrictEqual(toContents(yield* user.recall("Whose tea?", { minScore: 0.1 })), [TEXTS[2]])
      assert.strictEqual((yield* user.recall("Whose tea?", { limit: 1 }))[0]?.memory.content, TEXTS[2])
    }).pipe(Effect.provide(layer))
  })

  it.effect("lifts a row above the cut, and drops one below it", () => {
    const { layer } = judgedBy(
      scoreEach((text) => (text.startsWith("Tea was") ? 4 : -4)),
      {
        calibration: { bias: 0, weight: 1 }
      }
    )
    return Effect.gen(function* () {
      const query = "What happened to the tea?"
      const options = { minScore: 0.6 }
      const without = yield* Effect.provide(
        Effect.flatMap(fill(), (user) => user.recall(query, { minScore: 0 })),
        plain()
      )
      const late = without.find(({ memory }) => memory.content === TEXTS[1])
      assert.isBelow(late?.score ?? 1, options.minScore)
      assert.deepStrictEqual(toContents(yield* (yield* fill()).recall(query, options)), [TEXTS[1]])
    }).pipe(Effect.provide(layer))
  })

  it.effect("decides what a context shows as relevant", () => {
    const { layer, requests } = judgedBy(scoreEach((text) => (text.includes("Assam") ? 1 : 0)))
    const many = Array.from({ length: 30 }, (_, i) => `Note ${i}: the meeting in room ${i} was moved`)
    return Effect.gen(function* () {
      const user = yield* fill([...TEXTS, ...many])
      const block = yield* user.context("Whose tea?")
      const relevant = block.items.flatMap(({ memory, part }) =>
        part === "relevant" ? [memory.content] : []
      )
      assert.strictEqual(relevant[0], TEXTS[2])
      assert.isNull(block.degraded)
      assert.lengthOf(requests, 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("reads the best rows alone, cut and with the name of who said them", () => {
    const { layer, requests } = judgedBy(scoreEach(() => 0.5))
    return Effect.gen(function* () {
      const user = yield* fill(
        Array.from({ length: 60 }, (_, i) => `Trip ${i} to ${"far ".repeat(700)}Lisbon, for number ${i}`)
      )
      yield* user.remember({ content: "I am in Lisbon", speaker: "Ana" })
      assert.lengthOf(yield* user.recall("Lisbon", { limit: 3, minScore: 0 }), 3)
      assert.lengthOf(yield* user.recall("Lisbon", { limit: 61, minScore: 0 }), 61)
      assert.deepStrictEqual(
        requests.map(({ texts }) => texts.length),
        [20, 61]
      )
      assert.include(requests[0]?.texts ?? [], "Ana: I am in Lisbon")
      assert.isTrue(requests[1]?.texts.every((text) => text.length <= 2_000))
    }).pipe(Effect.provide(layer))
  })

  it.effect("is asked each part of a long message with the rows that answer it", () => {
    const { layer, requests } = judgedBy(scoreEach(() => 0.5))
    return Effect.gen(function* () {
      const user = yield* fill()
      const paste = "The quarterly figures of the northern branch were read aloud in the hall. ".repeat(40)
      yield* user.remember("The northern branch has a hall with quarterly figures")
      yield* user.recall(`Who keeps tea in a tin?\n\n${paste}\n\nWhich printer needs paper?`, { minScore: 0 })
      assert.isAbove(requests.length, 1)
      const texts = requests.flatMap((request) => request.texts)
      assert.strictEqual(new Set(texts).size, texts.length)
      const asked = requests.find((request) => request.texts.includes("The printer needs paper"))
      assert.include(asked?.query, "Which printer needs paper?")
      assert.notInclude(asked?.query, "northern")
    }).pipe(Effect.provide(layer))
  })

  it.effect("leaves what is so now before what was so", () => {
    const stale = "The harbour market is on Saturday, from eight."
    const latest = "The harbour market is on Wednesday and I brought oysters."
    const { layer } = judgedBy(scoreEach((text) => (text === stale ? 1 : text === latest ? 0.7 : 0)))
    return Effect.gen(function* () {
      const user = yield* fill()
      yield* passTime("3 minutes")
      yield* user.remember({ content: stale, saidAt: 60_000 })
      yield* user.remember({ content: latest, saidAt: 120_000 })
      const [first, second] = yield* user.recall("On which day is the harbour market?")
      assert.deepStrictEqual([first?.memory.content, second?.memory.content], [latest, stale])
      assert.isAbove(second?.score ?? 0, first?.score ?? 1)
      assert.deepStrictEqual(second?.explain.followedBy, [first?.memory.id ?? ""])
    }).pipe(Effect.provide(layer))
  })

  it.effect("gives scores by which scopes that are read together merge", () => {
    const { layer, requests } = judgedBy(scoreEach((text) => (text.includes("Assam") ? 1 : 0)))
    return Effect.gen(function* () {
      const memories = yield* AgentMemory
      yield* fill(TEXTS.slice(0, 2))
      const team = yield* memories.for({ ...scope, userId: "team" })
      yield* team.remember(TEXTS[2] ?? "")
      const user = yield* memories.for(scope, { reads: ["team"] })
      assert.strictEqual(toContents(yield* user.recall("Whose tea?"))[0], TEXTS[2])
      assert.lengthOf(requests, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is not asked where nothing was found", () => {
    const { layer, requests } = judgedBy(scoreEach(() => 1))
    return Effect.gen(function* () {
      const user = yield* (yield* AgentMemory).for(scope)
      assert.deepStrictEqual(toContents(yield* user.recall("tea")), [])
      assert.lengthOf(requests, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("judges behind a retriever of one's own that builds on Keepsake's", () =>
    Effect.gen(function* () {
      yield* fill()
      const retriever = yield* makeRetriever
      const request = { scope, now: 0, query: "Whose tea?", filter: ANY, limit: 3, minScore: 0 }
      const [best] = yield* retriever.recall(request)
      assert.include(best?.memory.content, "Assam")
    }).pipe(
      Effect.provide(
        Layer.merge(
          plain(),
          Reranker.layer({ model: "m", rerank: scoreEach((text) => Number(text.includes("Assam"))) })
        )
      )
    )
  )
})

describe("a reranker that fails", () => {
  const failures: ReadonlyArray<readonly [string, RerankerProvider["rerank"], RegExp]> = [
    ["throws", () => Promise.reject(new Error("502")), /made-up failed: 502/u],
    ["gives too few scores", ({ texts }) => texts.slice(1).map(() => 1), /returned 2 scores for 3 texts/u],
    ["gives no list", () => undefined as unknown as ReadonlyArray<number>, /returned no list of scores/u],
    ["gives NaN", scoreEach(() => Number.NaN), /a score is not a finite number/u],
    ["gives an infinite score", scoreEach(() => Number.POSITIVE_INFINITY), /not a finite number/u]
  ]
  it.effect.each(failures)("by way of: it %s", ([, rerank, message]) => {
    const { layer, requests } = judgedBy(rerank)
    return Effect.gen(function* () {
      const without = yield* Effect.provide(
        Effect.flatMap(fill(), (user) => user.recall("Whose tea?")),
        plain()
      )
      const user = yield* fill()
      for (let i = 0; i < 2; i++) {
        const found = yield* user.recall("Whose tea?")
        assert.deepStrictEqual(toAnswer(found), toAnswer(without))
        const [degraded, ...others] = describeDegraded(found.degraded)
        assert.lengthOf(others, 0)
        assert.match(degraded ?? "", /^recall RerankerFailed Answered without the reranker: /u)
        assert.match(degraded ?? "", message)
      }
      assert.lengthOf(describeDegraded((yield* user.context("Whose tea?")).degraded), 1)
      // It rests for five seconds.
      assert.lengthOf(requests, 1)
      yield* passTime("5 seconds")
      yield* user.recall("Whose tea?")
      assert.lengthOf(requests, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("by not answering is left after its time", () => {
    const { layer, requests } = judgedBy(silent, { timeoutMs: 700 })
    return Effect.gen(function* () {
      const user = yield* fill()
      const recall = yield* Effect.forkChild(user.recall("Whose tea?"))
      yield* passTime("699 millis")
      assert.isUndefined(recall.pollUnsafe())
      yield* passTime("1 millis")
      const found = yield* Fiber.join(recall)
      assert.isAbove(found.length, 0)
      assert.match(describeDegraded(found.degraded)[0] ?? "", /did not answer within 700 ms/u)
      assert.isTrue(requests[0]?.signal.aborted)
    }).pipe(Effect.provide(layer))
  })

  it.effect("by not answering has half of a call's time", () => {
    const { layer, requests } = judgedBy(silent, { deadlineMs: 1_000 })
    return Effect.gen(function* () {
      const user = yield* fill()
      const recall = yield* Effect.forkChild(user.recall("Whose tea?"))
      yield* passTime("500 millis")
      assert.isAbove((yield* Fiber.join(recall)).length, 0)
      assert.strictEqual(requests[0]?.deadline, 500)
      // It had less than its own two seconds, and does not rest.
      yield* Effect.forkChild(user.recall("Whose tea?"))
      yield* passTime("1 millis")
      assert.lengthOf(requests, 2)
    }).pipe(Effect.provide(layer))
  })
})

describe("a reranker's settings", () => {
  it.effect.each([
    [{ model: " " }, "reranker.model"],
    [{ model: "m", timeoutMs: 0 }, "reranker.timeoutMs"],
    [{ model: "m", calibration: { bias: 0, weight: 0 } }, "reranker.calibration"],
    [{ model: "m", calibration: { bias: Number.NaN, weight: 1 } }, "reranker.calibration"]
  ] as const)("%j are refused", ([provider, field]) =>
    Effect.gen(function* () {
      const layer = Reranker.layer({ ...provider, rerank: () => [] })
      const { reason } = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.strictEqual(reason._tag === "InvalidInput" ? reason.field : "", field)
    })
  )
})
