import { Effect } from "effect"
import { expect, it } from "vitest"
import { countCosts, expectedSkew, placeUsers, type Plan, userSizes } from "./scale.ts"

const PLAN: Plan = { memories: 1e6, users: 20_000, shards: 64, limit: 5_000 }

it("sizes of users have the sum, the order and the limit of the plan", () => {
  const sizes = userSizes(PLAN)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeCloseTo(PLAN.memories, -1)
  expect(sizes[0]).toBe(PLAN.limit)
  expect(sizes.every((size, i) => i === 0 || size <= (sizes[i - 1] ?? 0))).toBe(true)
})

it("a placement loses no memory, and is as even as expected", () => {
  const sizes = userSizes(PLAN)
  const shards = placeUsers(PLAN, sizes)
  expect(shards.reduce((sum, size) => sum + size, 0)).toBeCloseTo(PLAN.memories, -1)
  expect(Math.max(...shards) / (PLAN.memories / PLAN.shards)).toBeLessThan(expectedSkew(PLAN, sizes))
})

it("a promoted user leaves the shared shards", () => {
  const sizes = userSizes(PLAN)
  const left = placeUsers(PLAN, sizes, 3).reduce((sum, size) => sum + size, 0)
  expect(left).toBeCloseTo(PLAN.memories - 3 * PLAN.limit, -1)
})

it("a recall and a put take the requests that docs/scale.md says", async () => {
  const costs = await Effect.runPromise(Effect.scoped(countCosts()))
  const requests = Object.fromEntries(Array.from(costs, ([name, cost]) => [name, cost.requests]))
  expect(requests).toEqual({
    "put of 64": 3,
    "search, 60 hits a channel": 3,
    "touch of 10": 3,
    "recall of 10": 12
  })
})
