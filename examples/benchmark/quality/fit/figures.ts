import { calibrationError } from "../calibration.ts"
import { mean } from "../metrics.ts"
import { percent } from "../report.ts"
import type { Sample } from "./extract.ts"

const BINS = 10

/** Candidates by score, highest first. */
const rank = ({ features, gold }: Sample, weights: ReadonlyArray<number>) =>
  gold
    .map((isGold, c) => {
      const logit = weights.reduce(
        (sum, weight, k) => sum + weight * (features[c * weights.length + k] ?? 0),
        0
      )
      return { score: 1 / (1 + Math.exp(-logit)), gold: isGold }
    })
    .sort((a, b) => b.score - a.score)

const errorOf = (rows: ReadonlyArray<{ readonly score: number; readonly gold: boolean }>): number => {
  const sorted = rows.toSorted((a, b) => a.score - b.score)
  const bins = Array.from({ length: BINS }, (_, i) =>
    sorted.slice(Math.floor((i * sorted.length) / BINS), Math.floor(((i + 1) * sorted.length) / BINS))
  ).filter(({ length }) => length > 0)
  return calibrationError(
    bins.map((bin) => ({
      count: bin.length,
      meanScore: mean(bin.map(({ score }) => score)),
      right: mean(bin.map(({ gold }) => (gold ? 1 : 0)))
    }))
  )
}

/** By kind of message: what is found and how calibrated it is, or how certain a score is where nothing is right. */
export const printFigures = (samples: ReadonlyArray<Sample>, weights: ReadonlyArray<number>): void => {
  for (const [kind, group] of Map.groupBy(samples, (sample) => sample.kind)) {
    const ranked = group.map((sample) => ({ sample, rows: rank(sample, weights) }))
    const best = ranked.map(({ rows }) => rows[0]?.score ?? 0).toSorted((a, b) => a - b)
    const top = ranked.flatMap(({ rows }) => rows.slice(0, 10))
    const found = ranked.filter(({ sample }) => sample.goldCount > 0)
    const r10 = mean(
      found.map(({ rows, sample }) => rows.slice(0, 10).filter(({ gold }) => gold).length / sample.goldCount)
    )
    const first = mean(found.map(({ rows }) => (rows[0]?.gold === true ? 1 : 0)))
    console.log(
      `  ${kind.padEnd(16)}${String(group.length).padStart(6)}  ${
        found.length === 0
          ? `best score ${(best[best.length >> 1] ?? 0).toFixed(2)} (median), .5 or more in ${percent(mean(best.map((score) => (score >= 0.5 ? 1 : 0))))} %`
          : `R@10 ${percent(r10)}, first ${percent(first)}, calibration error ${errorOf(top).toFixed(3)}`
      }`
    )
  }
}
