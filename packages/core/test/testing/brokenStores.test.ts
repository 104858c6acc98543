import { assert, describe, expect, it } from "@effect/vitest"
import { inMemoryData, InMemoryStore } from "@keepsake/core"
import { brokenStores, runLaws } from "@keepsake/core/testing"
import { Effect } from "effect"

describe("broken stores", () => {
  it("are many, each named once", () => {
    expect(new Set(brokenStores.map(({ name }) => name)).size).toBe(brokenStores.length)
    expect(brokenStores.length).toBeGreaterThanOrEqual(8)
  })

  for (const { fresh, name, rejectedBy } of brokenStores) {
    it.live(`a store that ${name} is rejected`, () =>
      Effect.gen(function* () {
        const verdicts = yield* runLaws(fresh, { only: rejectedBy })
        const rejecting = verdicts.filter(({ cause }) => cause !== null).map(({ law }) => law)
        assert.deepStrictEqual(rejecting.toSorted(), rejectedBy.toSorted())
      })
    )
  }

  it.live("the right store is not", () =>
    Effect.gen(function* () {
      const fresh = Effect.sync(() => InMemoryStore.layerOf(inMemoryData()))
      const verdicts = yield* runLaws(fresh, { operations: 50 })
      assert.deepStrictEqual(
        verdicts.filter(({ cause }) => cause !== null),
        []
      )
    })
  )
})
