import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, StoreFingerprint } from "@keepsake/core"
import { Effect, Layer } from "effect"
import { judgeMatch } from "../../src/context/judgeMatch.ts"

const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
  Layer.provide(InMemoryStore.layer),
  Layer.provide(StoreFingerprint.wordsOnly)
)

const judge = (
  message: string,
  scores: ReadonlyArray<number>,
  { isYoung = false, minScore }: { readonly isYoung?: boolean; readonly minScore?: number } = {}
) =>
  judgeMatch(
    message,
    scores.map((score) => ({ score })),
    { isYoung, minScore }
  )

const TOLD = "We took the ferry to the island with the children"
const ASKED = "Which ferry goes to the island?"

describe("whether a message has to do with the memory", () => {
  it("a question has found something by its best memory, and hardly anything without one", () => {
    assert.strictEqual(judge(ASKED, [0.06]), "found")
    assert.strictEqual(judge(ASKED, [0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]), "faint")
    assert.strictEqual(judge(ASKED, []), "faint")
  })

  it("what does not ask has found something by its best memories together, in whatever order they come", () => {
    assert.strictEqual(judge(TOLD, [0.35]), "found")
    assert.strictEqual(judge(TOLD, [0.02, 0.1, 0.15, 0.09]), "found")
    assert.strictEqual(judge(TOLD, [0.02, 0.1, 0.05]), "faint")
    assert.strictEqual(judge(TOLD, [0.07, 0.07, 0.07]), "nothing")
    assert.strictEqual(judge(TOLD, []), "nothing")
  })

  it("memories beyond the best ten do not add up: a large scope has many that score little", () => {
    assert.strictEqual(
      judge(
        TOLD,
        Array.from({ length: 50 }, () => 0.03)
      ),
      "nothing"
    )
  })

  it("a courtesy that says hardly more needs several memories, and one is met by chance", () => {
    assert.strictEqual(judge("Thanks, that fixed it!", [0.3, 0.01]), "unasked")
    assert.strictEqual(judge("Thanks, that fixed it!", [0.3, 0.05]), "found")
    assert.strictEqual(judge("Thanks, that fixed it!", [0.05], { isYoung: true }), "nothing")
  })

  it("a young scope has too few to add up", () => {
    assert.strictEqual(judge(TOLD, [0.06], { isYoung: true }), "found")
    assert.strictEqual(judge(TOLD, [0.05], { isYoung: true }), "nothing")
    assert.strictEqual(judge("Good morning!", [0.05], { isYoung: true }), "nothing")
  })

  it("the application's own bar takes the place of these, but for small talk", () => {
    assert.strictEqual(judge(TOLD, [0.02], { minScore: 0.01 }), "found")
    assert.strictEqual(judge("Good morning!", [0.9], { minScore: 0.01 }), "unasked")
  })
})

/** A morning is named in each; `count` rows in one session. */
const mornings = (count: number) =>
  Effect.gen(function* () {
    const memory = yield* (yield* AgentMemory).for({ agentId: "a", userId: `u${count}` })
    yield* memory.rememberMany(
      Array.from({ length: count }, (_, i) => ({
        content: `On the ${i}th morning the harbour of Oosterzand was good and quiet`,
        sessionId: "mornings",
        turn: i
      }))
    )
    return memory
  })

describe("a block without the last session", () => {
  it.effect("knows how old the scope is: small talk brings nothing of an old one", () =>
    Effect.gen(function* () {
      const old = yield* mornings(60)
      for (const options of [{ omit: ["lastTime"] }, { omit: ["lastTime", "profile"] }] as const) {
        assert.deepStrictEqual((yield* old.context("Good morning!", options)).items, [])
        assert.isNotEmpty((yield* old.context("Which harbour was quiet?", options)).items)
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("of a young scope has no turn of it that the message does not find", () =>
    Effect.gen(function* () {
      const young = yield* mornings(8)
      const { items } = yield* young.context("Something else entirely", { omit: ["lastTime"] })
      assert.deepStrictEqual(items, [])
    }).pipe(Effect.provide(layer))
  )
})
