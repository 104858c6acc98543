import { assert, describe, it } from "@effect/vitest"
import { kronvexConfidence } from "../../src/recall/kronvexConfidence.ts"
import type { MemoryType } from "../../src/memory/Memory.ts"

const DAY_MS = 86_400_000

describe("kronvexConfidence", () => {
  const cases: ReadonlyArray<
    readonly [similarity: number, days: number, type: MemoryType, count: number, confidence: number]
  > = [
    [0.9, 0, "episodic", 0, 0.6736],
    [0.9, 0, "semantic", 0, 0.74],
    [0.9, 90, "episodic", 0, 0.5444],
    [0.5, 0, "semantic", 10, 0.7]
  ]
  for (const [similarity, days, type, accessCount, confidence] of cases) {
    it(`is ${confidence} for ${type} of ${days} days, recalled ${accessCount} times`, () => {
      const memory = { accessCount, type, saidAt: 0 }
      assert.closeTo(kronvexConfidence(similarity, memory, days * DAY_MS), confidence, 1e-4)
    })
  }
})
