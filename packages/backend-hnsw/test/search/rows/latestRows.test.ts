import { assert, describe, it } from "@effect/vitest"
import { findLatestSlots } from "../../../src/search/rows/latestRows.ts"

describe("findLatestSlots", () => {
  // Few times and few turns make many ties.
  for (const times of [1, 3, 40, 10_000]) {
    it(`finds the same as sorting, and ties with the last: ${times} times`, () => {
      let seed = times
      const random = (below: number) => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
        return Math.floor((seed / 2 ** 32) * below)
      }
      for (let round = 0; round < 60; round++) {
        const count = random(120)
        const saidAt = Float64Array.from({ length: count }, () => random(times))
        const turns = Float64Array.from({ length: count }, () => random(5) - 1)
        const passing = new Set(Array.from({ length: count }, (_, slot) => slot).filter(() => random(3) > 0))
        const limit = 1 + random(30)
        const key = (slot: number) => 10 * (saidAt[slot] ?? 0) + (turns[slot] ?? 0)
        const all = Array.from(passing).toSorted((a, b) => key(b) - key(a))
        const last = all[limit - 1]
        const expected = last === undefined ? all : all.filter((slot) => key(slot) >= key(last))
        const rows = {
          saidAt: (slot: number) => saidAt[slot] ?? 0,
          turn: (slot: number) => turns[slot] ?? -1
        }
        const slots = findLatestSlots(rows, count, limit, (slot) => passing.has(slot))
        assert.deepStrictEqual(slots.map(key), expected.map(key))
        assert.deepStrictEqual(new Set(slots), new Set(expected))
      }
    })
  }
})
