import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, StoreFingerprint } from "@keepsake/core"
import { Effect, Layer } from "effect"

const layer = () =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(InMemoryStore.layer),
    Layer.provide(StoreFingerprint.wordsOnly)
  )
const memory = Effect.flatMap(AgentMemory, (memories) => memories.for({ agentId: "guide", userId: "bo" }))

const FAINT = "my cousin broke the lorry on the bridge while it rained"
const BUDGETS = [60, 120, 200, 300, 450, 600, 1_300]

const tides = Array.from({ length: 80 }, (_, i) => ({
  content: `The tide of the harbour was ${i} feet, and the ferry left at ${i % 12} ${"on time ".repeat(i % 5)}`,
  sessionId: `s${i % 3}`,
  turn: Math.floor(i / 3)
}))

describe("the budget of a context", () => {
  it.effect("holds and is used, by the caller's own estimate too", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.rememberMany(tides)
      for (const budgetTokens of BUDGETS) {
        const { tokens } = yield* user.context("When did the ferry leave at the tide?", { budgetTokens })
        assert.isAtMost(tokens, budgetTokens)
        if (budgetTokens >= 200) assert.isAtLeast(tokens, 0.85 * budgetTokens)
        // Lines by themselves count less than the whole here.
        const estimateTokens = (text: string) => Math.floor((text.length / 30) ** 1.2)
        const block = yield* user.context("When did the ferry leave at the tide?", {
          budgetTokens,
          estimateTokens
        })
        assert.isAtMost(estimateTokens(block.text), budgetTokens)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("has the turns of a conversation and day under one line, whatever was said in between", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.rememberMany(tides)
      const { items, text } = yield* user.context("the tide of the harbour", { omit: ["lastTime"] })
      assert.isAtMost(text.match(/^- /gmu)?.length ?? 0, 3)
      const shown = text.split("\n").flatMap((line) => /^ *-.*was (\d+) feet/u.exec(line)?.slice(1) ?? [])
      assert.deepStrictEqual(
        items.map(({ memory: { content } }) => /was (\d+) feet/u.exec(content)?.[1]),
        shown
      )
      assert.isAbove(shown.length, 12)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("goes to what hardly matches only where a question is asked, and in part", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.rememberMany(
        Array.from({ length: 200 }, (_, i) => ({
          content: `My cousin of the ${i}th village wrote about the weather and the market again`,
          sessionId: "letters",
          turn: i
        }))
      )
      const [best] = yield* user.recall(FAINT, { minScore: 0 })
      assert.isBelow(best?.score ?? 1, 0.06)
      assert.isAbove(best?.score ?? 0, 0.01)
      const of = (part: string, items: ReadonlyArray<{ readonly part: string }>) =>
        items.filter((item) => item.part === part).length
      const asked = yield* user.context(`${FAINT}?`)
      const told = yield* user.context(`${FAINT}.`)
      assert.isAbove(of("relevant", asked.items), 0)
      assert.strictEqual(of("relevant", told.items), 0)
      assert.strictEqual(of("lastTime", asked.items), of("lastTime", told.items))
      assert.isAtMost(asked.tokens - told.tokens, 150)
    }).pipe(Effect.provide(layer()))
  )
})
