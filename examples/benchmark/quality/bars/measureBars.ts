/** What recall must do with messages and memories as people have them: measured on what nothing was fitted to. */
import { readDialogues } from "../readDialogue.ts"
import { calibrationError, calibrationTable, separation } from "../calibration.ts"
import { type Evaluation, evaluate } from "../evaluate.ts"
import { summarise } from "../metrics.ts"
import { withMemory } from "../opened.ts"
import { type Embedder, rememberAll } from "./held.ts"
import { type ForeignResult, measureForeign } from "./foreign.ts"
import { type LoneWordResult, measureLoneWords } from "./loneWord.ts"
import { measurePaste, type PasteResult } from "./paste.ts"
import { measureShortFacts } from "./shortFacts.ts"
import { measureStatements, type StatementsResult } from "./statements.ts"

export interface Bars {
  readonly embedder: string
  /** On the half of the dialogues that is never fitted to. */
  readonly heldOut: {
    readonly questions: number
    readonly r10: number
    readonly calibration: number
    readonly unknown: number
    readonly auroc: number | null
  }
  readonly foreign: ReadonlyArray<ForeignResult>
  readonly statements: StatementsResult
  readonly paste: ReadonlyArray<PasteResult>
  readonly loneWords: ReadonlyArray<LoneWordResult>
  readonly shortFacts: { readonly sessions: number; readonly first: number }
}

export interface BarFiles {
  readonly dialogues: string
  readonly shortFacts: string
  readonly smallTalk: string
}

const SIZES = [100, 1_000, 10_000] as const
const LARGE = [100_000, 1_000_000] as const

const asOutcomes = ({ outcomes }: Evaluation, kinds: ReadonlyMap<string, string>): Evaluation["outcomes"] =>
  outcomes.map((outcome) => ({ ...outcome, answerable: kinds.get(outcome.qid) !== "unknown" }))

export const measureBars = async (
  embedder: Embedder,
  name: string,
  files: BarFiles,
  isLarge: boolean
): Promise<Bars> => {
  const dialogues = (await readDialogues(files.dialogues)).filter(({ half }) => half === "held-out")
  const kinds = new Map(
    dialogues.flatMap(({ queries }) => queries.map(({ cat, qid }) => [qid, cat] as const))
  )
  return withMemory("hnsw", embedder, async (memory) => {
    const evaluation = await evaluate(memory, { name: "held-out", scopes: dialogues })
    const outcomes = asOutcomes(evaluation, kinds)
    const answerable = outcomes.filter((outcome) => outcome.answerable)
    const scopes = await rememberAll(memory, dialogues)
    const sizes = embedder === null ? [...SIZES, ...(isLarge ? LARGE : [])] : [100, 1_000]
    return {
      embedder: name,
      heldOut: {
        questions: answerable.length,
        r10: summarise(answerable).r10,
        calibration: calibrationError(calibrationTable(outcomes)),
        unknown: outcomes.length - answerable.length,
        auroc: separation(outcomes)
      },
      foreign: await measureForeign(memory, scopes, files.smallTalk),
      statements: await measureStatements(memory, dialogues),
      paste: await measurePaste(memory, scopes),
      loneWords: await measureLoneWords(memory, dialogues, sizes),
      shortFacts: await measureShortFacts(memory, files.shortFacts)
    }
  })
}
