import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, StoreFingerprint } from "@keepsake/core"
import { Effect, Layer } from "effect"

const layer = () =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(InMemoryStore.layer),
    Layer.provide(StoreFingerprint.wordsOnly)
  )
const memory = Effect.flatMap(AgentMemory, (memories) => memories.for({ agentId: "tutor", userId: "ada" }))

const filler = (i: number) =>
  `Point ${i} of the brief is about the schedule of the printers, the colour of the covers and who signs for what.`

const brief = [
  ...Array.from({ length: 18 }, (_, i) => filler(i)),
  "My project is a museum of lighthouses in Viana do Castelo.",
  ...Array.from({ length: 18 }, (_, i) => filler(18 + i))
].join("\n")

describe("a context of long texts", () => {
  it.effect("shows the lines of a first message that the question asks for, and says that it is cut", () =>
    Effect.gen(function* () {
      const user = yield* memory
      const { id } = yield* user.remember(brief)
      yield* user.remember({ content: "ok", source: "assistant" })
      const block = yield* user.context("What was my project again?")
      assert.include(block.text, "a museum of lighthouses")
      assert.include(block.text, `(cut: ${id})`)
      assert.include(block.text, "assistant: ok")
      assert.isAtMost(block.tokens, 600)
      assert.strictEqual(block.dropped, 0)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("represents the best hit, whatever it leaves out", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.rememberMany([brief, ...Array.from({ length: 40 }, (_, i) => `Idle turn ${i}`)])
      const block = yield* user.context("the museum of lighthouses", { budgetTokens: 200 })
      assert.include(block.text, "museum of lighthouses")
      assert.isAtMost(block.tokens, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("has all pins before anything else: whole, then cut, then named", () =>
    Effect.gen(function* () {
      const user = yield* memory
      const rule = (i: number) => ({ content: `Rule ${i}: answer in Portuguese`, pinned: true })
      yield* user.rememberMany(Array.from({ length: 12 }, (_, i) => rule(i)))
      yield* user.rememberMany(Array.from({ length: 60 }, (_, i) => `We spoke of Portuguese verbs, ${i}`))
      const twelve = yield* user.context("Which Portuguese verbs?")
      assert.lengthOf(twelve.text.match(/Rule \d+: answer/gu) ?? [], 12)
      assert.strictEqual(twelve.droppedByPart.pins, 0)
      yield* user.remember({ content: `The long rule. ${brief}`, pinned: true, importance: 1 })
      const cut = yield* user.context("Which Portuguese verbs?")
      assert.include(cut.text, "The long rule.")
      assert.lengthOf(cut.text.match(/Rule \d+: answer/gu) ?? [], 12)
      yield* user.rememberMany(Array.from({ length: 100 }, (_, i) => rule(100 + i)))
      const full = yield* user.context("Which Portuguese verbs?")
      assert.isAtMost(full.tokens, 600)
      assert.isAbove(full.droppedPins.length, 0)
      assert.strictEqual(full.droppedByPart.pins, full.droppedPins.length)
      assert.include(full.text, `(${full.droppedPins.length} pinned memories have no room here`)
      const large = yield* user.context("Which Portuguese verbs?", { budgetTokens: 8_000 })
      assert.lengthOf(large.text.match(/Rule \d+: answer/gu) ?? [], 112)
      assert.strictEqual(large.droppedByPart.pins, 0)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("says next to nothing where nothing is asked or told", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.rememberMany(
        Array.from({ length: 60 }, (_, i) => ({
          content: `Good morning ${i}, that worked`,
          sessionId: "s",
          turn: i
        }))
      )
      for (const message of [
        "Good morning!",
        "Thanks, that worked.",
        "What is 17 times 23?",
        "¡Buenos días!",
        "谢谢!",
        "Danke, hat geklappt.",
        "Tack så mycket!"
      ]) {
        const { items, tokens } = yield* user.context(message)
        assert.deepStrictEqual(
          items.filter(({ part }) => part === "relevant"),
          []
        )
        assert.isAtMost(tokens, 180)
      }
      assert.isNotEmpty((yield* user.context("What worked in the morning?")).items)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("keeps each part within its tokens", () =>
    Effect.gen(function* () {
      const user = yield* memory
      yield* user.rememberMany([
        ...Array.from({ length: 30 }, (_, i) => ({
          content: `Fact ${i} about ships`,
          type: "semantic" as const
        })),
        ...Array.from({ length: 30 }, (_, i) => ({
          content: `We spoke of ships, ${i}`,
          sessionId: "s",
          turn: i
        }))
      ])
      const { items } = yield* user.context("ships", { partTokens: { profile: 40, lastTime: 1 } })
      const of = (part: string) => items.filter((item) => item.part === part).length
      assert.isAtMost(of("profile"), 4)
      assert.strictEqual(of("lastTime"), 0)
      assert.isAbove(of("relevant"), 5)
    }).pipe(Effect.provide(layer()))
  )
})
