import type { Found, Outcome } from "./evaluate.ts"

export interface Metrics {
  readonly n: number
  readonly r5: number
  readonly r10: number
  readonly r20: number
  readonly r100: number
  readonly hit10: number
  readonly all10: number
  readonly ndcg10: number
  readonly mrr: number
}

export const METRIC_NAMES = ["r5", "r10", "r20", "r100", "hit10", "all10", "ndcg10", "mrr"] as const

const goldWithin = (found: ReadonlyArray<Found>, k: number): number =>
  found.slice(0, k).filter(({ gold }) => gold).length

const discount = (rank: number): number => 1 / Math.log2(rank + 2)

/** Share of a question's evidence among the first `k`. */
export const recallAt = ({ found, goldCount }: Pick<Outcome, "found" | "goldCount">, k: number): number =>
  goldCount === 0 ? 0 : goldWithin(found, k) / goldCount

const measureOutcome = (outcome: Outcome): Omit<Metrics, "n"> => {
  const { found, goldCount } = outcome
  const first = found.findIndex(({ gold }) => gold)
  const gain = found.slice(0, 10).reduce((sum, { gold }, rank) => sum + (gold ? discount(rank) : 0), 0)
  const ideal = Array.from({ length: Math.min(goldCount, 10) }, (_, rank) => discount(rank)).reduce(
    (a, b) => a + b,
    0
  )
  return {
    r5: recallAt(outcome, 5),
    r10: recallAt(outcome, 10),
    r20: recallAt(outcome, 20),
    r100: recallAt(outcome, 100),
    hit10: goldWithin(found, 10) > 0 ? 1 : 0,
    all10: goldWithin(found, 10) === goldCount ? 1 : 0,
    ndcg10: gain / ideal,
    mrr: first === -1 ? 0 : 1 / (first + 1)
  }
}

export const mean = (values: ReadonlyArray<number>): number =>
  values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length

/** The `p`th percentile, 0 to 100. */
export const percentile = (values: ReadonlyArray<number>, p: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))] ?? 0
}

export const summarise = (outcomes: ReadonlyArray<Outcome>): Metrics => {
  const each = outcomes.map(measureOutcome)
  const averaged = Object.fromEntries(
    METRIC_NAMES.map((name) => [name, mean(each.map((metrics) => metrics[name]))])
  )
  return { n: outcomes.length, ...averaged } as Metrics
}

export const byCategory = (outcomes: ReadonlyArray<Outcome>): { readonly [cat: string]: Metrics } =>
  Object.fromEntries(
    Array.from(new Set(outcomes.map(({ cat }) => cat)))
      .sort()
      .map((cat) => [cat, summarise(outcomes.filter((outcome) => outcome.cat === cat))])
  )

/** R@10 if a part is left out of each score: ranks the recalled hundred again, to show the feature's worth. */
export const withoutPart = (outcomes: ReadonlyArray<Outcome>, part: string): number =>
  mean(
    outcomes.map(({ found, goldCount }) => {
      const logit = ({ parts }: Found) =>
        Object.entries(parts).reduce((sum, [name, value]) => sum + (name === part ? 0 : value), 0)
      const ranked = found.map((row) => ({ ...row, logit: logit(row) })).sort((a, b) => b.logit - a.logit)
      return recallAt({ found: ranked, goldCount }, 10)
    })
  )

/** The parts that occur in any score. */
export const partNames = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> =>
  Array.from(new Set(outcomes.flatMap(({ found }) => found.flatMap(({ parts }) => Object.keys(parts)))))
