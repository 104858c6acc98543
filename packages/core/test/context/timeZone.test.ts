import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  inMemoryData,
  type InMemoryData,
  InMemoryStore,
  type MemoryError,
  type ScopedMemory,
  StoreFingerprint
} from "@keepsake/core"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

const HOUR = 3_600_000
/** Monday 23 November, 20:30 in Los Angeles; Tuesday 24 November, 17:30 in Auckland. */
const NOW = Date.parse("2026-11-24T04:30:00Z")
const LOS_ANGELES = "America/Los_Angeles"
const AUCKLAND = "Pacific/Auckland"

const scope = { agentId: "agent", userId: "ana" }

const memoryLayer = (timeZone?: string, data = inMemoryData()) =>
  AgentMemory.layer({ purgeEvery: false, timeZone }).pipe(
    Layer.provideMerge(InMemoryStore.layerOf(data)),
    Layer.provide(StoreFingerprint.wordsOnly)
  )

const todayOf = (text: string): string | undefined => /today="([^"]*)"/u.exec(text)?.[1]
const daysIn = (text: string): ReadonlyArray<string> => text.match(/^- \S+/gmu) ?? []

/** Runs `body` on a memory in Los Angeles that is opened at a moment: one that is open would live through all time before. */
const at = <A>(
  time: number,
  data: InMemoryData,
  body: (memory: ScopedMemory) => Effect.Effect<A, MemoryError>
): Effect.Effect<A, MemoryError> =>
  Effect.andThen(
    TestClock.setTime(time),
    Effect.flatMap(AgentMemory, (memories) =>
      Effect.flatMap(memories.for(scope, { timeZone: LOS_ANGELES }), body)
    ).pipe(Effect.provide(memoryLayer(undefined, data)))
  )

describe("a time zone", () => {
  it.effect("is the call's, else the handle's, else the memory's, else UTC", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(NOW)
      const days = Effect.fnUntraced(function* (memory: AgentMemory["Service"]) {
        const plain = yield* memory.for(scope)
        const inAuckland = yield* memory.for(scope, { timeZone: AUCKLAND })
        yield* plain.remember("I see the dentist tomorrow at nine")
        const texts = [
          yield* plain.context("dentist"),
          yield* inAuckland.context("dentist"),
          yield* inAuckland.context("dentist", { timeZone: LOS_ANGELES })
        ]
        return [
          [plain.timeZone, inAuckland.timeZone],
          ...texts.map(({ text }) => [todayOf(text), ...daysIn(text)])
        ]
      })
      const utc = yield* Effect.flatMap(AgentMemory, days).pipe(Effect.provide(memoryLayer()))
      assert.deepStrictEqual(utc, [
        ["UTC", AUCKLAND],
        ["2026-11-24", "- 2026-11-24"],
        ["2026-11-24", "- 2026-11-24"],
        ["2026-11-23", "- 2026-11-23"]
      ])
      const california = yield* Effect.flatMap(AgentMemory, days).pipe(
        Effect.provide(memoryLayer(LOS_ANGELES))
      )
      assert.deepStrictEqual(california.slice(0, 2), [
        [LOS_ANGELES, AUCKLAND],
        ["2026-11-23", "- 2026-11-23"]
      ])
    })
  )

  it.effect("decides which day was yesterday", () =>
    at(
      NOW,
      inMemoryData(),
      Effect.fnUntraced(function* (memory) {
        yield* memory.rememberMany([
          { content: "We decided to stack the crates", saidAt: "2026-11-22T21:00:00Z" },
          { content: "We decided to burn the crates", saidAt: "2026-11-23T20:00:00Z" },
          { content: "We decided to sell the crates", saidAt: "2026-11-20T20:00:00Z" }
        ])
        const question = "What did I decide yesterday about the crates?"
        const [first] = yield* memory.recall(question)
        assert.strictEqual(first?.memory.content, "We decided to stack the crates")
        const [elsewhere] = yield* memory.recall(question, { timeZone: "UTC" })
        assert.strictEqual(elsewhere?.memory.content, "We decided to burn the crates")
      })
    )
  )

  it.effect("turns today at its midnight, after days of 23 and 25 hours too", () =>
    Effect.gen(function* () {
      const data = inMemoryData()
      const today = (time: number) =>
        at(
          time,
          data,
          Effect.fnUntraced(function* (memory) {
            yield* memory.remember("I like tea")
            return todayOf((yield* memory.context("tea")).text)
          })
        )
      for (const [midnight, hours, day] of [
        ["2026-03-08T08:00:00Z", 23, "2026-03-08"],
        ["2026-11-01T07:00:00Z", 25, "2026-11-01"]
      ] as const) {
        const start = Date.parse(midnight)
        assert.notStrictEqual(yield* today(start - 1), day)
        assert.strictEqual(yield* today(start), day)
        assert.strictEqual(yield* today(start + hours * HOUR - 1), day)
        assert.notStrictEqual(yield* today(start + hours * HOUR), day)
      }
    })
  )

  it.effect("is refused by name where it is none", () =>
    Effect.gen(function* () {
      const memories = yield* AgentMemory
      const memory = yield* memories.for(scope)
      for (const timeZone of ["Mars/Olympus", "+02:00", "", 5 as unknown as string]) {
        const problems = [
          yield* Effect.flip(memories.for(scope, { timeZone })),
          yield* Effect.flip(memory.recall("tea", { timeZone })),
          yield* Effect.flip(memory.context("tea", { timeZone })),
          yield* Effect.flip(Effect.provide(AgentMemory, memoryLayer(timeZone)))
        ]
        for (const problem of problems) {
          assert.strictEqual(problem.reason._tag, "InvalidInput")
          assert.match(problem.message, /^timeZone: .* is no time zone; give a name/u)
        }
      }
    }).pipe(Effect.provide(memoryLayer()))
  )
})
