import type { Outcome } from "./evaluate.ts"
import { mean, recallAt } from "./metrics.ts"

/** R@10 of each answerable question, for comparison with a later run. */
export interface Answers {
  readonly [set: string]: { readonly [question: string]: { readonly scope: string; readonly r10: number } }
}

export const toAnswers = (outcomes: ReadonlyArray<Outcome>): Answers[string] =>
  Object.fromEntries(
    outcomes
      .filter(({ answerable }) => answerable)
      .map((outcome) => [
        `${outcome.scope}/${outcome.qid}`,
        { scope: outcome.scope, r10: recallAt(outcome, 10) }
      ])
  )

/** mulberry32: draws the same numbers on every machine. */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

export interface Difference {
  readonly mean: number
  readonly low: number
  readonly high: number
}

const ROUNDS = 2_000

/**
 * The mean difference over the same questions with its 95 % interval. Resamples dialogues, because the questions of
 * one dialogue are not independent.
 */
export const pairedDifference = (before: Answers[string], after: Answers[string]): Difference | null => {
  const byScope = new Map<string, Array<number>>()
  for (const [question, { r10, scope }] of Object.entries(after)) {
    const earlier = before[question]
    if (earlier === undefined) continue
    const differences = byScope.get(scope) ?? []
    differences.push(r10 - earlier.r10)
    byScope.set(scope, differences)
  }
  const scopes = Array.from(byScope.values())
  if (scopes.length === 0) return null
  const draw = random(1)
  const means = Array.from({ length: ROUNDS }, () =>
    mean(scopes.flatMap(() => scopes[Math.floor(draw() * scopes.length)] ?? []))
  ).sort((a, b) => a - b)
  return {
    mean: mean(scopes.flat()),
    low: means[Math.floor(ROUNDS * 0.025)] ?? 0,
    high: means[Math.floor(ROUNDS * 0.975)] ?? 0
  }
}
