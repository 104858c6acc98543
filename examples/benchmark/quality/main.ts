/** `pnpm bench:quality` measures how much of the evidence recall finds. `--help` lists the options. */
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { EmbedderProvider } from "@keepsake/keepsake"
import { resultsFolder } from "../speed/paths.ts"
import { type Answers, toAnswers, pairedDifference } from "./bootstrap.ts"
import { measureBars } from "./bars/measureBars.ts"
import { printBars } from "./bars/printBars.ts"
import { coldStart } from "./coldStart.ts"
import { contextBudgets } from "./contextBudget.ts"
import { type Evaluation, evaluate } from "./evaluate.ts"
import { readSet } from "./EvaluationSet.ts"
import { evaluateIdentifiers, evaluateLanguages } from "./languages.ts"
import { evaluateLongMemEval } from "./longMemEval/evaluateLongMemEval.ts"
import { printLongMemEval } from "./longMemEval/printLongMemEval.ts"
import { withMemory } from "./opened.ts"
import { recordedVectors } from "./recordedVectors.ts"
import { page } from "./page.ts"
import {
  printColdStart,
  printIdentifiers,
  printLanguages,
  printMacro,
  printSet,
  printUpdates,
  type SetReport
} from "./report.ts"
import { toResult } from "./result.ts"
import { readSettings, type Settings, type Source, USAGE, UsageError } from "./Settings.ts"
import { scopeSizes } from "./scopeSizes.ts"
import { reportUpdates } from "./updates.ts"

const dataFile = (name: string) => fileURLToPath(new URL(`../data/${name}`, import.meta.url))

const readAnswers = async (file: string): Promise<Answers> =>
  JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as Answers

const nameEmbedder = (embedder: string | EmbedderProvider | null): string => {
  if (embedder === null) return "no model"
  return typeof embedder === "string" ? embedder : "recorded vectors"
}

const measure = async (settings: Settings, source: Source, earlier: Answers) => {
  const set = await readSet(source.data)
  const embedder: string | EmbedderProvider | null =
    source.vectors === null ? settings.embedder : await recordedVectors(source.vectors, set)
  const { reranker } = settings
  const { budgets, evaluation } = await withMemory(
    settings.backend,
    embedder,
    async (memory) => ({
      // Which rows are judged depends on how many are wanted: as many as by default.
      evaluation: await evaluate(memory, set, reranker === null ? undefined : 10),
      budgets: await contextBudgets(memory, set)
    }),
    reranker
  )
  const sizes = reranker === null ? await scopeSizes(embedder, set) : []
  const before = earlier[set.name]
  const difference = before === undefined ? null : pairedDifference(before, toAnswers(evaluation.outcomes))
  const report: SetReport = {
    evaluation,
    budgets,
    sizes,
    difference,
    embedder: `${nameEmbedder(embedder)}${reranker === null ? "" : ` and ${reranker}`}`
  }
  printSet(report)
  return report
}

/** Words alone, the table that a new store has, and the one that is asked for. */
const listEmbedders = ({ embedder }: Settings): ReadonlyArray<string | null> =>
  Array.from(new Set([null, "static", embedder]))

const measureLongMemEval = async (file: string, settings: Settings): Promise<void> => {
  for (const embedder of listEmbedders(settings)) {
    const result = await evaluateLongMemEval({ ...settings, file }, embedder)
    printLongMemEval(result, embedder ?? "no model", settings.isPooled)
  }
}

const main = async (settings: Settings): Promise<void> => {
  const hasVectors = settings.embedder !== null || settings.sources.some(({ vectors }) => vectors !== null)
  const kind = `${hasVectors ? "vectors" : "words"}${settings.reranker === null ? "" : "-reranked"}`
  const answersFile = join(resultsFolder, `quality-${settings.backend}-${kind}.questions.json`)
  const earlier = await readAnswers(settings.against ?? answersFile)
  const reports: Array<SetReport> = []
  for (const source of settings.sources) reports.push(await measure(settings, source, earlier))
  const evaluations: ReadonlyArray<Evaluation> = reports.map(({ evaluation }) => evaluation)

  printMacro(evaluations)
  const young = [dataFile("cold-start.json"), dataFile("cold-start-long.json")]
  const embedders = listEmbedders(settings)
  for (const embedder of embedders) {
    const name = embedder ?? "no model"
    printColdStart(name, await coldStart(embedder, young))
    printLanguages(name, await evaluateLanguages(embedder, dataFile("languages.json")))
    printIdentifiers(name, await evaluateIdentifiers(embedder, dataFile("identifiers.json")))
  }
  for (const name of ["updates.json", "updates-more.json", "updates-languages.json"])
    printUpdates(name, await reportUpdates(embedders, dataFile(name)))

  const files = {
    dialogues: dataFile("dialogues"),
    shortFacts: dataFile("short-facts.json"),
    smallTalk: dataFile("small-talk.json")
  }
  for (const embedder of embedders)
    printBars(
      await measureBars(embedder, embedder ?? "no model", files, settings.isLarge && embedder === null)
    )

  const result = toResult(settings, evaluations)
  await mkdir(resultsFolder, { recursive: true })
  const answers = Object.fromEntries(evaluations.map(({ name, outcomes }) => [name, toAnswers(outcomes)]))
  await writeFile(answersFile, JSON.stringify({ ...(await readAnswers(answersFile)), ...answers }))
  const json = `${JSON.stringify(result, null, 2)}\n`
  await writeFile(join(resultsFolder, `quality-${settings.backend}-${kind}.json`), json)
  const chart = join(resultsFolder, `quality-${settings.backend}-${kind}.html`)
  await writeFile(chart, page(reports, settings.backend))
  if (settings.json !== null) {
    await mkdir(dirname(settings.json), { recursive: true })
    await writeFile(settings.json, json)
  }
  console.log(`\nChart: ${chart}`)
}

try {
  const settings = readSettings(process.argv.slice(2), dataFile("keepsake-dialogues.json"))
  if (settings === null) console.log(USAGE)
  else if (settings.longMemEval === null) await main(settings)
  else await measureLongMemEval(settings.longMemEval, settings)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${USAGE}`)
  process.exitCode = 2
}
