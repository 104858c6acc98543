import type { Difference } from "./bootstrap.ts"
import { calibrationError, calibrationTable, separation, thresholdTable } from "./calibration.ts"
import type { ColdStart } from "./coldStart.ts"
import type { IdentifierResult, LanguageResult } from "./languages.ts"
import type { BudgetResult } from "./contextBudget.ts"
import type { Evaluation } from "./evaluate.ts"
import {
  byCategory,
  METRIC_NAMES,
  type Metrics,
  partNames,
  percentile,
  summarise,
  withoutPart
} from "./metrics.ts"
import { macroR10 } from "./result.ts"
import type { SizeResult } from "./scopeSizes.ts"
import type { UpdateOutcome, UpdateReport } from "./updates.ts"

export interface SetReport {
  readonly evaluation: Evaluation
  readonly embedder: string
  readonly budgets: ReadonlyArray<BudgetResult>
  readonly sizes: ReadonlyArray<SizeResult>
  /** In R@10, from the earlier run. */
  readonly difference: Difference | null
}

export const THRESHOLDS = [0.03, 0.05, 0.1, 0.2] as const

const HEADS: { readonly [name in (typeof METRIC_NAMES)[number]]: string } = {
  r5: "R@5",
  r10: "R@10",
  r20: "R@20",
  r100: "R@100",
  hit10: "hit@10",
  all10: "all@10",
  ndcg10: "NDCG@10",
  mrr: "MRR"
}

export const percent = (share: number, digits = 1): string => (share * 100).toFixed(digits)

const line = (label: string, n: number | string, values: ReadonlyArray<string>): string =>
  `  ${label.padEnd(26)}${String(n).padStart(6)}${values.map((value) => value.padStart(9)).join("")}`

const metricsLine = (label: string, metrics: Metrics): string =>
  line(
    label,
    metrics.n,
    METRIC_NAMES.map((name) => percent(metrics[name]))
  )

export const printSet = ({ budgets, difference, embedder, evaluation, sizes }: SetReport): void => {
  const { foreignIds, name, outcomes, writeMs } = evaluation
  const answerable = outcomes.filter((outcome) => outcome.answerable)
  const times = outcomes.map(({ ms }) => ms)
  const total = summarise(answerable)
  const print = (text = "") => console.log(text)

  print(`\n${name}, ${embedder}`)
  print(
    line(
      "",
      "n",
      METRIC_NAMES.map((metric) => HEADS[metric])
    )
  )
  for (const [cat, metrics] of Object.entries(byCategory(answerable))) print(metricsLine(cat, metrics))
  print(metricsLine("all", total))
  print(
    `  per query ${percentile(times, 50).toFixed(2)} ms (p95 ${percentile(times, 95).toFixed(2)}), per write ${writeMs.toFixed(2)} ms with its embedding; memories of other users recalled: ${foreignIds}`
  )
  if (difference !== null) {
    print(
      `  R@10 against the earlier run: ${percent(difference.mean, 2)} points, 95 % interval ${percent(difference.low, 2)} to ${percent(difference.high, 2)}`
    )
  }

  const table = calibrationTable(outcomes)
  print(`\n  calibration of the top ten (expected error ${calibrationError(table).toFixed(3)})`)
  print(`    score ${table.map(({ meanScore }) => meanScore.toFixed(2).padStart(6)).join("")}`)
  print(`    right ${table.map(({ right }) => right.toFixed(2).padStart(6)).join("")}`)
  print("    scope size (questions): score / right")
  print(
    `    ${sizes.map(({ questions, right, meanScore, size }) => `${size} (${questions}): ${meanScore.toFixed(3)} / ${right.toFixed(3)}`).join("   ")}`
  )

  print("\n  threshold     R@10   items   empty: answerable / not")
  for (const row of thresholdTable(outcomes, THRESHOLDS)) {
    print(
      `    ${row.threshold.toFixed(2).padEnd(6)}${percent(row.r10).padStart(10)}${row.items.toFixed(1).padStart(8)}${percent(row.emptyAnswerable).padStart(12)} / ${percent(row.emptyUnanswerable)}`
    )
  }
  const auroc = separation(outcomes)
  if (auroc !== null) print(`  best score, answerable against not: AUROC ${auroc.toFixed(2)}`)

  print("\n  context block, tokens allowed: tokens used, share of the evidence in it")
  print(
    `    ${budgets.map(({ budget, recall, tokens }) => `${budget ?? "default"}: ${tokens.toFixed(0)}, ${percent(recall)} %`).join("   ")}`
  )

  print("\n  change in R@10 without a part of the score (points)")
  const changes = partNames(answerable)
    .map((part) => ({ part, change: withoutPart(answerable, part) - total.r10 }))
    .filter(({ change }) => Math.abs(change) >= 0.0005)
    .sort((a, b) => a.change - b.change)
  print(`    ${changes.map(({ change, part }) => `${part} ${percent(change)}`).join(", ")}`)
}

export const printMacro = (evaluations: ReadonlyArray<Evaluation>): void => {
  if (evaluations.length > 1) console.log(`\nR@10 averaged over the sets: ${percent(macroR10(evaluations))}`)
}

export const printLanguages = (embedder: string, results: ReadonlyArray<LanguageResult>): void => {
  console.log(`\nlanguages, ${embedder}: R@5 / first`)
  for (const { facts, language, r1, r5 } of results)
    console.log(`  ${language} (${facts})  ${percent(r5)} / ${percent(r1)}`)
}

export const printIdentifiers = (embedder: string, { missed, pairs }: IdentifierResult): void => {
  console.log(
    `\nidentifiers, ${embedder}: ${pairs - missed.length} of ${pairs} found among 30 other memories`
  )
  for (const { kind, memory, question } of missed)
    console.log(`  ${kind}: ${question} does not find ${memory}`)
}

export const printColdStart = (embedder: string, { cases, missed, tokens }: ColdStart): void => {
  console.log(
    `\ncold start, ${embedder}: for ${cases - missed.length} of ${cases} new users the context block has what the next question needs, ${tokens.toFixed(0)} tokens on average`
  )
  for (const { id, needs } of missed)
    console.log(`  ${id} lacks ${needs.map((choice) => choice.join(" or ")).join(", ")}`)
}

/** The kinds of a set in their order, with the share of each that is right. */
const rightByKind = (outcomes: ReadonlyArray<UpdateOutcome>): string => {
  const kinds = Array.from(new Set(outcomes.map(({ kind }) => kind)))
  const share = (some: ReadonlyArray<UpdateOutcome>) => some.filter(({ isRight }) => isRight).length
  return kinds
    .map((kind) => {
      const own = outcomes.filter((outcome) => outcome.kind === kind)
      return `${kind} ${share(own)}/${own.length}`
    })
    .concat(`all ${share(outcomes)}/${outcomes.length}`)
    .join(", ")
}

export const printUpdates = (name: string, reports: ReadonlyArray<UpdateReport>): void => {
  console.log(
    `\nchanged facts, ${name}: the latest before the stale one; controls: what still holds before the other`
  )
  for (const { embedder, isAmong, outcomes } of reports) {
    for (const half of ["fit", "held-out"] as const) {
      const own = outcomes.filter((outcome) => outcome.half === half)
      if (own.length === 0) continue
      const pairs = own.filter(({ isControl }) => !isControl)
      const stale = pairs.filter(({ isStaleFirst }) => isStaleFirst).length
      console.log(`  ${embedder}, ${isAmong ? "among 8 other conversations" : "alone"}, ${half}`)
      console.log(`    pairs: ${rightByKind(pairs)}; the stale one first of all ${stale}`)
      console.log(`    controls: ${rightByKind(own.filter(({ isControl }) => isControl))}`)
    }
  }
}
