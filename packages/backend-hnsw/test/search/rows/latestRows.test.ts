import { assert, describe, it } from "@effect/vitest"
import { latestSlots } from "../../../src/search/rows/latestRows.ts"

describe("latestSlots", () => {
  // Few moments and few turns, so that most rows tie with others.
  for (const moments of [1, 3, 40, 10_000]) {
    it(`finds what sorting all finds, and what ties with the last: ${moments} moments`, () => {
      let seed = moments
      const random = (below: number) => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
        return Math.floor((seed / 2 ** 32) * below)
      }
      for (let round = 0; round < 60; round++) {
        const count = random(120)
        const said = Float64Array.from({ length: count }, () => random(moments))
        const turns = Float64Array.from({ length: count }, () => random(5) - 1)
        const passing = new Set(Array.from({ length: count }, (_, slot) => slot).filter(() => random(3) > 0))
        const limit = 1 + random(30)
        const key = (slot: number) => 10 * (said[slot] ?? 0) + (turns[slot] ?? 0)
        const all = Array.from(passing).toSorted((a, b) => key(b) - key(a))
        const last = all[limit - 1]
        const wanted = last === undefined ? all : all.filter((slot) => key(slot) >= key(last))
        const rows = { said: (slot: number) => said[slot] ?? 0, turn: (slot: number) => turns[slot] ?? -1 }
        const found = latestSlots(rows, count, limit, (slot) => passing.has(slot))
        assert.deepStrictEqual(found.map(key), wanted.map(key))
        assert.deepStrictEqual(new Set(found), new Set(wanted))
      }
    })
  }
})
