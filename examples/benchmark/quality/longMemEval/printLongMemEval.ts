import { mean } from "../metrics.ts"
import { percent } from "../report.ts"
import type { LongMemEvalOutcome, LongMemEvalResult, Ranking } from "./evaluateLongMemEval.ts"

const CUTS = [1, 5, 10] as const

/** Some of the evidence is among the first `k`: the benchmark's recall_any. */
export const recallAny = ({ places }: Ranking, k: number): number =>
  places.some((place) => place < k) ? 1 : 0

/** All of it is: the benchmark's recall_all. */
export const recallAll = ({ evidence, places }: Ranking, k: number): number =>
  places.filter((place) => place < k).length === evidence ? 1 : 0

export const reciprocalRank = ({ places: [first] }: Ranking): number =>
  first === undefined ? 0 : 1 / (first + 1)

const line = (label: string, count: string, cells: ReadonlyArray<string>): string =>
  `    ${label.padEnd(28)}${count.padStart(5)}${cells.map((cell) => cell.padStart(8)).join("")}`

const toLine = (label: string, rankings: ReadonlyArray<Ranking>): string => {
  const share = (measure: (ranking: Ranking) => number) => percent(mean(rankings.map(measure)))
  return line(label, String(rankings.length), [
    ...CUTS.map((k) => share((ranking) => recallAny(ranking, k))),
    ...CUTS.map((k) => share((ranking) => recallAll(ranking, k))),
    share(reciprocalRank)
  ])
}

const printLevel = (
  level: string,
  outcomes: ReadonlyArray<LongMemEvalOutcome>,
  find: (outcome: LongMemEvalOutcome) => Ranking | null
): void => {
  const rankingsOf = (some: ReadonlyArray<LongMemEvalOutcome>) =>
    some.flatMap((outcome) => find(outcome) ?? [])
  console.log(
    line(`over ${level}`, "n", [...CUTS.map((k) => `any@${k}`), ...CUTS.map((k) => `all@${k}`), "MRR"])
  )
  for (const [type, group] of Map.groupBy(outcomes, (outcome) => outcome.type))
    console.log(toLine(type, rankingsOf(group)))
  console.log(toLine("all", rankingsOf(outcomes)))
}

export const printLongMemEval = (
  { abstentions, outcomes }: LongMemEvalResult,
  embedder: string,
  isPooled: boolean
): void => {
  console.log(
    `\nLongMemEval, ${embedder}, ${isPooled ? "one scope for all questions" : "a scope a question"}; ${abstentions} questions without an answer left out`
  )
  printLevel("sessions", outcomes, ({ sessions }) => sessions)
  printLevel("turns", outcomes, ({ turns }) => turns)
}
