import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { AgentMemory, InMemoryStore, type Statement, StoreFingerprint } from "../../src/index.ts"
import { weightsWith, WITH_MEANING, WORDS_ONLY } from "../../src/recall/weights.ts"

const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
  Layer.provideMerge(Layer.provideMerge(InMemoryStore.layer, StoreFingerprint.wordsOnly))
)

const DAY = 86_400_000

const remembering = (statements: ReadonlyArray<string | Statement>) =>
  Effect.gen(function* () {
    const memory = yield* (yield* AgentMemory).for({ agentId: "score", userId: "ana" })
    for (let at = 0; at < statements.length; at += 1_000)
      yield* memory.rememberMany(
        statements.slice(at, at + 1_000).map((item) => (typeof item === "string" ? { content: item } : item))
      )
    return memory
  })

const WORDS = (
  "garden train kitchen letter harbour engine blanket ticket mirror window carpet bottle ladder market bridge pencil " +
  "basket candle butter forest island jacket lemon meadow needle orange pillow ribbon saddle tunnel velvet walnut"
).split(" ")

/** Rows that differ, of a handful of words. */
const filling = (rows: number): ReadonlyArray<Statement> =>
  Array.from({ length: rows }, (_, i) => ({
    content: `${WORDS[i % 32]} ${WORDS[Math.floor(i / 32) % 32]} and ${WORDS[Math.floor(i / 1_024) % 32]} number ${i}`,
    key: `filling-${i}`
  }))

const EVERYDAY = [
  "I bought a red bicycle last spring",
  "My sister lives in Utrecht with two cats",
  "The dentist is on the second floor above the bakery",
  "I am allergic to walnuts",
  "We painted the hall a pale shade of green",
  "My manager is called Ottilie",
  "The boiler was serviced in October",
  "I play the viola in an amateur orchestra"
]

describe("a score", () => {
  it.effect("finds a word that one memory alone holds first, whoever said it and whenever", () =>
    Effect.gen(function* () {
      const sources = ["user", "assistant", "system", "tool"] as const
      const words = ["zephandor", "quorisk", "vramumbra", "ixelto"]
      const memory = yield* remembering([
        ...words.map((word, i): Statement => ({
          content: `We call it ${word}, after long thought about what such a garden may be called.`,
          source: sources[i] ?? "user",
          saidAt: Date.now() - i * 900 * DAY
        })),
        ...filling(4_000)
      ])
      for (const word of words)
        for (const question of [word, `What about ${word}?`, `What do you know about ${word}?`]) {
          const [first] = yield* memory.recall(question, { limit: 1 })
          assert.include(first?.memory.content, word, question)
        }
    }).pipe(Effect.provide(layer))
  )

  it.effect("is not raised by the length of a message", () =>
    Effect.gen(function* () {
      const memory = yield* remembering(EVERYDAY)
      const volcanoes =
        "Volcanoes form where molten rock rises through the crust of the Earth. Most stand along the edges of tectonic " +
        "plates, where one plate slides below another and water lowers the melting point of the mantle above it. " +
        "The red glow of fresh lava comes from its heat, and last of all the gases escape, with steam and sulphur. " +
        "Some spring up within a single season: a farmer in Mexico watched a cinder cone grow in a field of maize. "
      for (const message of [volcanoes, volcanoes.repeat(6)])
        for (const { memory: found, score } of yield* memory.recall(message, { minScore: 0 }))
          assert.isBelow(score, 0.5, found.content)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is low for a row that a message is about by its neighbours and by function words alone", () =>
    Effect.gen(function* () {
      const turns = ["Next to the mill.", "The boat leaks.", "Ok.", "I see."]
      const memory = yield* remembering([
        ...turns.map((content, turn) => ({ content, sessionId: "s", turn })),
        ...EVERYDAY,
        ...filling(40)
      ])
      for (const message of ["ok next", "und dann noch auf dem Weg nach Hause"])
        for (const { memory: found, score } of yield* memory.recall(message, { minScore: 0 }))
          if (!found.content.startsWith("Next")) assert.isBelow(score, 0.35, found.content)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is the hit's more than its neighbours'", () =>
    Effect.gen(function* () {
      const facts = [
        "The dog is called Bruno.",
        "My rent is 900 euros.",
        "My sister works as a nurse.",
        "I drink my coffee black.",
        "The car is in the garage.",
        "I run on Sundays."
      ]
      const memory = yield* remembering(facts.map((content, turn) => ({ content, sessionId: "s", turn })))
      const [first] = yield* memory.recall("What does my sister do?")
      assert.strictEqual(first?.memory.content, "My sister works as a nurse.")
    }).pipe(Effect.provide(layer))
  )

  it.effect("hears the question beside a paste", () =>
    Effect.gen(function* () {
      const answer = "The login outage in the Reykjavik office was a certificate that had expired."
      const memory = yield* remembering([...EVERYDAY, answer, ...filling(200)])
      const question = "How did we solve the login outage in the Reykjavik office?"
      for (const words of [50, 64, 500, 5_000]) {
        const paste = Array.from(
          { length: words },
          (_, i) => WORDS[(i * 7) % 32] + (i % 9 === 0 ? "." : "")
        ).join(" ")
        const half = paste.slice(0, paste.length / 2)
        for (const message of [
          `${paste}\n\n${question}`,
          `${question}\n\n${paste}`,
          `${half}\n\n${question}\n\n${half}`
        ]) {
          const found = yield* memory.recall(message, { limit: 3 })
          assert.include(
            found.map(({ memory: { content } }) => content),
            answer,
            `${words} words`
          )
        }
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("lets every part of a long message find its own memory", () =>
    Effect.gen(function* () {
      const memory = yield* remembering([...EVERYDAY, ...filling(100)])
      const message =
        `${"Here is what I have written so far about the move. ".repeat(6)}\n\n` +
        "My sister in Utrecht offered to take the cats for a week while we are between the two flats.\n\n" +
        `${"The rest is about boxes and tape and who carries what. ".repeat(6)}\n\n` +
        "The viola goes with me on the train, the orchestra has its concert the day after.\n\n" +
        "Anything else?"
      const found = (yield* memory.recall(message)).map(({ memory: { content } }) => content)
      assert.include(found, "My sister lives in Utrecht with two cats")
      assert.include(found, "I play the viola in an amateur orchestra")
    }).pipe(Effect.provide(layer))
  )
})

describe("the weights with an embedder", () => {
  it("are all-MiniLM-L6-v2's where it tells texts apart as well, and go over to those of the words", () => {
    assert.strictEqual(weightsWith(1), WITH_MEANING)
    assert.deepStrictEqual(weightsWith(0), WORDS_ONLY)
    const half = weightsWith(0.5)
    assert.strictEqual(half.coverage, (WORDS_ONLY.coverage + WITH_MEANING.coverage) / 2)
    assert.isBelow(half.meaning, WITH_MEANING.meaning / 2)
  })
})

describe("a context", () => {
  it.effect("has nothing relevant for a message that has nothing to do with the memory", () =>
    Effect.gen(function* () {
      const memory = yield* remembering([...EVERYDAY, ...filling(40)])
      const block = yield* memory.context(
        "Could you translate this poem about the sea into Portuguese and keep the rhyme where that is possible?",
        { omit: ["profile", "lastTime"] }
      )
      assert.deepStrictEqual(block.items, [])
      const asked = yield* memory.context("What is my sister's city?", { omit: ["profile", "lastTime"] })
      assert.include(asked.text, "Utrecht")
    }).pipe(Effect.provide(layer))
  )
})
