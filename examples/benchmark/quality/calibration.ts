import type { Outcome } from "./evaluate.ts"
import { mean } from "./metrics.ts"

export interface Bucket {
  readonly count: number
  /** Mean score. */
  readonly said: number
  /** Share that is evidence. */
  readonly right: number
}

const bucketOf = (rows: ReadonlyArray<{ readonly score: number; readonly gold: boolean }>): Bucket => ({
  count: rows.length,
  said: mean(rows.map(({ score }) => score)),
  right: mean(rows.map(({ gold }) => (gold ? 1 : 0)))
})

/** The returned top ten of the answerable questions, in ten bins of equal mass by score. */
export const calibrationTable = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<Bucket> => {
  const rows = outcomes
    .filter(({ answerable }) => answerable)
    .flatMap(({ found }) => found.slice(0, 10))
    .sort((a, b) => a.score - b.score)
  return Array.from({ length: 10 }, (_, i) =>
    bucketOf(rows.slice(Math.floor((i * rows.length) / 10), Math.floor(((i + 1) * rows.length) / 10)))
  ).filter(({ count }) => count > 0)
}

/** Expected calibration error: how far the said share is from the right one, weighed by how often. */
export const calibrationError = (table: ReadonlyArray<Bucket>): number => {
  const total = table.reduce((sum, { count }) => sum + count, 0)
  return table.reduce((sum, { count, right, said }) => sum + (count / total) * Math.abs(said - right), 0)
}

/** What each threshold keeps and leaves out of the top ten. */
export const thresholdTable = (outcomes: ReadonlyArray<Outcome>, thresholds: ReadonlyArray<number>) =>
  thresholds.map((threshold) => {
    const kept = (outcome: Outcome) => outcome.found.slice(0, 10).filter(({ score }) => score >= threshold)
    const answerable = outcomes.filter((outcome) => outcome.answerable)
    const others = outcomes.filter((outcome) => !outcome.answerable)
    const emptyShare = (some: ReadonlyArray<Outcome>) =>
      mean(some.map((one) => (kept(one).length === 0 ? 1 : 0)))
    return {
      threshold,
      r10: mean(answerable.map((one) => kept(one).filter(({ gold }) => gold).length / one.goldCount)),
      items: mean(answerable.map((one) => kept(one).length)),
      emptyAnswerable: emptyShare(answerable),
      emptyUnanswerable: emptyShare(others)
    }
  })

/** Probability that an answerable question's best score is above an unanswerable one's; ½ knows nothing. */
export const separation = (outcomes: ReadonlyArray<Outcome>): number | null => {
  const best = (answerable: boolean) =>
    outcomes.filter((one) => one.answerable === answerable).map(({ found }) => found[0]?.score ?? 0)
  const [known, unknown] = [best(true), best(false)]
  if (known.length === 0 || unknown.length === 0) return null
  const above = known.reduce(
    (sum, a) => sum + unknown.reduce((inner, b) => inner + (a > b ? 1 : a === b ? 0.5 : 0), 0),
    0
  )
  return above / (known.length * unknown.length)
}
