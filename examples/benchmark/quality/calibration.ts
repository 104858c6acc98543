import type { Outcome } from "./evaluate.ts"
import { mean } from "./metrics.ts"

export interface Bucket {
  readonly count: number
  /** Mean score. */
  readonly meanScore: number
  /** Share of the memories that are evidence. */
  readonly right: number
}

const toBucket = (rows: ReadonlyArray<{ readonly score: number; readonly gold: boolean }>): Bucket => ({
  count: rows.length,
  meanScore: mean(rows.map(({ score }) => score)),
  right: mean(rows.map(({ gold }) => (gold ? 1 : 0)))
})

/** The returned top ten of the answerable questions, in ten bins of equal mass by score. */
export const calibrationTable = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<Bucket> => {
  const rows = outcomes
    .filter(({ answerable }) => answerable)
    .flatMap(({ found }) => found.slice(0, 10))
    .sort((a, b) => a.score - b.score)
  return Array.from({ length: 10 }, (_, i) =>
    toBucket(rows.slice(Math.floor((i * rows.length) / 10), Math.floor(((i + 1) * rows.length) / 10)))
  ).filter(({ count }) => count > 0)
}

/** Expected calibration error: the distance between mean score and right share, weighted by the bucket's size. */
export const calibrationError = (table: ReadonlyArray<Bucket>): number => {
  const total = table.reduce((sum, { count }) => sum + count, 0)
  return table.reduce(
    (sum, { count, right, meanScore }) => sum + (count / total) * Math.abs(meanScore - right),
    0
  )
}

/** The effect of each threshold on the top ten. */
export const thresholdTable = (outcomes: ReadonlyArray<Outcome>, thresholds: ReadonlyArray<number>) =>
  thresholds.map((threshold) => {
    const pass = (outcome: Outcome) => outcome.found.slice(0, 10).filter(({ score }) => score >= threshold)
    const answerable = outcomes.filter((outcome) => outcome.answerable)
    const unanswerable = outcomes.filter((outcome) => !outcome.answerable)
    const emptyShare = (group: ReadonlyArray<Outcome>) =>
      mean(group.map((outcome) => (pass(outcome).length === 0 ? 1 : 0)))
    return {
      threshold,
      r10: mean(
        answerable.map((outcome) => pass(outcome).filter(({ gold }) => gold).length / outcome.goldCount)
      ),
      items: mean(answerable.map((outcome) => pass(outcome).length)),
      emptyAnswerable: emptyShare(answerable),
      emptyUnanswerable: emptyShare(unanswerable)
    }
  })

/** AUROC: the probability that an answerable question's best score exceeds an unanswerable one's; ½ is chance. */
export const separation = (outcomes: ReadonlyArray<Outcome>): number | null => {
  const bestScores = (isAnswerable: boolean) =>
    outcomes.filter(({ answerable }) => answerable === isAnswerable).map(({ found }) => found[0]?.score ?? 0)
  const [answerable, unanswerable] = [bestScores(true), bestScores(false)]
  if (answerable.length === 0 || unanswerable.length === 0) return null
  const wins = answerable.reduce(
    (sum, a) => sum + unanswerable.reduce((inner, b) => inner + (a > b ? 1 : a === b ? 0.5 : 0), 0),
    0
  )
  return wins / (answerable.length * unanswerable.length)
}
