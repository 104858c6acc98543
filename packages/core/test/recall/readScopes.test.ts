import { assert, describe, it } from "@effect/vitest"
import type { Statement } from "@keepsake/core"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { layer, memories } from "../support/sharedScopes.ts"
import { passTime } from "../support/virtualTime.ts"

const shown = (
  found: ReadonlyArray<{
    readonly memory: { readonly content: string; readonly scope: { readonly userId: string } }
  }>
) => found.map(({ memory }) => `${memory.scope.userId}: ${memory.content}`)

const turn = (sessionId: string, at: number, content: string, rest: Partial<Statement> = {}): Statement => ({
  content,
  sessionId,
  turn: at,
  saidAt: 1_000 * at,
  ...rest
})

describe("recall over several scopes", () => {
  it.effect("is each scope's own recall, merged by score", () =>
    Effect.gen(function* () {
      const { alone, ana, handbook, team } = yield* memories
      yield* alone.rememberMany(["I keep two goats", "The harbour is closed", "My goat is called Rosa"])
      yield* team.rememberMany(["Goats eat roses", "Roses are sold on Friday"])
      yield* handbook.rememberMany(["Goats must not enter the harbour", "Ships pay in advance"])
      const query = "What do my goats eat?"
      const options = { minScore: 0, limit: 100 }
      const parts = yield* Effect.all([alone, team, handbook].map((memory) => memory.recall(query, options)))
      const expected = parts.flat().sort((a, b) => b.score - a.score)
      assert.isAbove(expected.length, 3)
      const all = yield* ana.recall(query, options)
      assert.deepStrictEqual(Array.from(all), expected)
      assert.strictEqual(new Set(all.map(({ memory }) => memory.scope.userId)).size, 3)
      const three = yield* ana.recall(query, { minScore: 0, limit: 3 })
      assert.deepStrictEqual(Array.from(three), expected.slice(0, 3))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("has its own sessions, neighbours and speakers in each scope", () =>
    Effect.gen(function* () {
      const { alone, ana, team } = yield* memories
      // The same session name: a turn of one scope is no neighbour of the other's.
      yield* alone.rememberMany([turn("monday", 1, "Dark green, please.")])
      yield* team.rememberMany([
        turn("monday", 0, "Which colour shall the shutters have?", { speaker: "Bo" })
      ])
      const found = yield* ana.recall("colour of the shutters", { minScore: 0 })
      assert.notInclude(shown(found), "ana: Dark green, please.")
      // Bo is a speaker of the team's scope alone: in one's own, the name is a word like any other.
      yield* alone.remember("Bo is my dog")
      const [best] = yield* ana.recall("Bo", { minScore: 0 })
      assert.strictEqual(best?.memory.content, "Bo is my dog")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("keeps to the lifetimes of each", () =>
    Effect.gen(function* () {
      const { ana, team } = yield* memories
      yield* team.remember({ content: "freight leaves on Friday", expiresAt: 60_000 })
      assert.lengthOf(yield* ana.recall("freight"), 1)
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(yield* ana.recall("freight"), 0)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("holds where, asOf and minScore in all of them", () =>
    Effect.gen(function* () {
      const { ana, handbook, team } = yield* memories
      yield* TestClock.setTime(1_000)
      yield* ana.remember({ content: "freight is dull", type: "episodic", metadata: { floor: 1 } })
      yield* team.remember({ content: "freight leaves on Friday", type: "semantic", metadata: { floor: 2 } })
      const { id } = yield* handbook.remember({ content: "freight is paid in advance", type: "semantic" })
      assert.isNotNull(id)
      yield* TestClock.setTime(5_000)
      yield* handbook.supersede(id, "freight is paid on arrival")
      const recall = (options: Parameters<typeof ana.recall>[1]) =>
        Effect.map(ana.recall("freight", { minScore: 0, ...options }), (found) => shown(found).toSorted())
      assert.deepStrictEqual(yield* recall({ where: { type: "semantic" } }), [
        "all: freight is paid on arrival",
        "team:blue: freight leaves on Friday"
      ])
      assert.deepStrictEqual(yield* recall({ where: { metadata: { floor: { gte: 1 } } } }), [
        "ana: freight is dull",
        "team:blue: freight leaves on Friday"
      ])
      assert.include(yield* recall({ asOf: 2_000 }), "all: freight is paid in advance")
      assert.deepStrictEqual(yield* recall({ asOf: 500 }), [])
      assert.deepStrictEqual(yield* recall({ minScore: 1 }), [])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("folds copies of a statement, for which one's own stands with the best copy's place", () =>
    Effect.gen(function* () {
      const { alone, ana, handbook, team } = yield* memories
      const text = "Caf\u00e9 freight leaves on Friday"
      yield* alone.remember(text)
      // Its importance makes the team's copy the better answer.
      yield* team.rememberMany([
        turn("a", 0, "When does the café freight leave?", { source: "assistant" }),
        { ...turn("a", 1, "Cafe\u0301 freight leaves on Friday"), importance: 1 }
      ])
      yield* handbook.remember(text)
      const query = "When does the freight leave?"
      const find = (
        found: ReadonlyArray<{ readonly memory: { readonly content: string }; readonly score: number }>
      ) => found.filter(({ memory }) => memory.content === text)
      const [own] = find(yield* alone.recall(query))
      const [best] = find(yield* team.recall(query))
      assert.isAbove(best?.score ?? 0, own?.score ?? 1)
      const found = yield* ana.recall(query)
      const copies = find(found)
      assert.lengthOf(copies, 1)
      assert.strictEqual(found.find(({ memory }) => memory.content === text)?.memory.scope.userId, "ana")
      assert.strictEqual(copies[0]?.score, best?.score)
      const scores = found.map(({ score }) => score)
      assert.deepStrictEqual(
        scores,
        scores.toSorted((a, b) => b - a)
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("folds copies of two shared scopes into the better one", () =>
    Effect.gen(function* () {
      const { ana, handbook, team } = yield* memories
      yield* team.remember("freight leaves on Friday")
      yield* handbook.remember({ content: "freight leaves on Friday", importance: 1 })
      assert.deepStrictEqual(shown(yield* ana.recall("freight")), ["all: freight leaves on Friday"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("keeps apart what another says, another type, and keyed twins of one scope", () =>
    Effect.gen(function* () {
      const { ana, handbook, team } = yield* memories
      const content = "freight leaves on Friday"
      yield* ana.rememberMany([
        { content, key: "one" },
        { content, key: "two" }
      ])
      yield* team.remember({ content, speaker: "Bo" })
      yield* handbook.remember({ content, type: "semantic" })
      assert.deepStrictEqual(shown(yield* ana.recall("freight")).toSorted(), [
        "all: freight leaves on Friday",
        "ana: freight leaves on Friday",
        "ana: freight leaves on Friday",
        "team:blue: freight leaves on Friday"
      ])
      yield* team.remember(content)
      assert.lengthOf(yield* ana.recall("freight"), 4)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("counts no access of what is shared", () =>
    Effect.gen(function* () {
      const { ana, team } = yield* memories
      const own = yield* ana.remember("I like freight")
      assert.isNotNull(own.id)
      const shared = yield* team.remember("freight leaves on Friday")
      assert.isNotNull(shared.id)
      yield* ana.recall("freight")
      yield* ana.context("freight")
      yield* passTime("10 seconds")
      assert.isAbove((yield* ana.get(own.id))?.accessCount ?? 0, 0)
      assert.strictEqual((yield* ana.get(shared.id))?.accessCount, 0)
      yield* team.recall("freight")
      yield* passTime("10 seconds")
      assert.strictEqual((yield* ana.get(shared.id))?.accessCount, 1)
    }).pipe(Effect.provide(layer()))
  )
})
