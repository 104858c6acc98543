import { parseDate } from "./EvaluationSet.ts"
import type { WrittenDialogue, WrittenQuestion } from "./readDialogue.ts"

const TURNS = { min: 20, max: 400 } as const
const QUESTIONS = { min: 12, max: 40 } as const
const UNKNOWN_MIN = 3
const CHANGE_OR_ORDER_MIN = 2

const count = (questions: ReadonlyArray<WrittenQuestion>, ...kinds: ReadonlyArray<string>): number =>
  questions.filter(({ cat }) => kinds.includes(cat)).length

const checkCounts = ({ docs, queries }: WrittenDialogue): ReadonlyArray<string> => {
  const problems: Array<string> = []
  if (docs.length < TURNS.min || docs.length > TURNS.max)
    problems.push(`has ${docs.length} turns; ${TURNS.min} to ${TURNS.max} are allowed`)
  if (queries.length < QUESTIONS.min || queries.length > QUESTIONS.max)
    problems.push(`has ${queries.length} questions; ${QUESTIONS.min} to ${QUESTIONS.max} are allowed`)
  if (count(queries, "unknown") < UNKNOWN_MIN) problems.push(`has fewer than ${UNKNOWN_MIN} unknown`)
  if (count(queries, "change", "order") < CHANGE_OR_ORDER_MIN)
    problems.push(`has fewer than ${CHANGE_OR_ORDER_MIN} change or order`)
  return problems
}

const checkHeader = ({ language, speakers }: WrittenDialogue): ReadonlyArray<string> => {
  const problems: Array<string> = []
  if (language === "" || Intl.DateTimeFormat.supportedLocalesOf(language).length === 0)
    problems.push(`language "${language}" is no BCP 47 tag`)
  if (speakers.length < 1 || speakers.includes("") || new Set(speakers).size < speakers.length)
    problems.push("speakers are empty or repeated")
  return problems
}

const checkTurns = ({ docs, speakers }: WrittenDialogue): ReadonlyArray<string> => {
  const problems = docs.filter(({ text }) => text === "").map(({ id }) => `${id} is empty`)
  const dates = new Map(docs.map(({ date, session }) => [session, date]))
  if (dates.size !== Number(docs.at(-1)?.session)) problems.push("a session has no turns")
  let before = -1
  for (const [session, date] of dates) {
    const at = parseDate(date)
    if (at === undefined) problems.push(`session ${session}: "${date}" is no date`)
    else if (at <= before) problems.push(`session ${session} is not later than the one before`)
    before = at ?? before
  }
  for (const name of speakers)
    if (!docs.some(({ speaker }) => speaker === name)) problems.push(`${name} never speaks`)
  return problems
}

const checkGold = ({ docs, queries }: WrittenDialogue): ReadonlyArray<string> => {
  const positions = new Map(docs.map(({ id }, index) => [id, index]))
  return queries.flatMap(({ answer, cat, gold, q }) => {
    const problems: Array<string> = []
    if (q === "" || answer === "") problems.push("lacks its text or its answer")
    const missing = gold.filter((id) => !positions.has(id))
    if (missing.length > 0) problems.push(`names turns that do not exist: ${missing.join(" ")}`)
    if (gold.some((id, index) => index > 0 && positions.get(id)! <= positions.get(gold[index - 1]!)!))
      problems.push("must list gold once, in the order of the dialogue")
    if ((cat === "unknown") !== (gold.length === 0))
      problems.push("has no gold exactly when its kind is unknown")
    if (cat === "several" && gold.length < 2) problems.push("needs two turns or more")
    return problems.map((problem) => `"${q}" ${problem}`)
  })
}

/** Problems of one conversation. */
export const checkDialogue = (dialogue: WrittenDialogue): ReadonlyArray<string> =>
  [checkHeader, checkCounts, checkTurns, checkGold].flatMap((check) => check(dialogue))

/** Languages that write capitals within a sentence for names alone. Others keep their capitalised words. */
const writesNamesAlone = (language: string): boolean => !/^(?:de|lb)\b/u.test(language)

/** Distinct words without names: without speakers and capitalised words after the first. */
const toWords = ({ q }: WrittenQuestion, { language, speakers }: WrittenDialogue): ReadonlySet<string> => {
  const words = [...new Intl.Segmenter(language, { granularity: "word" }).segment(q)]
    .filter(({ isWordLike }) => isWordLike === true)
    .map(({ segment }) => segment)
  const isName = (word: string, index: number) =>
    speakers.includes(word) ||
    (index > 0 && word.length > 1 && writesNamesAlone(language) && /^\p{Lu}/u.test(word))
  return new Set(words.filter((word, index) => !isName(word, index)).map((word) => word.toLowerCase()))
}

/** Pairs of questions of one kind that have more than half of the words of each in common. */
export const findAlike = (dialogues: ReadonlyArray<WrittenDialogue>): ReadonlyArray<string> => {
  const questions = dialogues.flatMap((dialogue) =>
    dialogue.queries.map((question) => ({ ...question, words: toWords(question, dialogue) }))
  )
  const problems: Array<string> = []
  for (const [index, first] of questions.entries())
    for (const second of questions.slice(index + 1)) {
      if (first.cat !== second.cat) continue
      const shared = [...first.words].filter((word) => second.words.has(word)).length
      if (shared > Math.max(first.words.size, second.words.size) / 2)
        problems.push(`${first.qid} "${first.q}" and ${second.qid} "${second.q}" are too alike`)
    }
  return problems
}

/** Problems of a whole folder: of each conversation, and of all together. */
export const checkDialogues = (dialogues: ReadonlyArray<WrittenDialogue>): ReadonlyArray<string> => [
  ...dialogues.flatMap((dialogue) =>
    checkDialogue(dialogue).map((problem) => `${dialogue.scope}: ${problem}`)
  ),
  ...findAlike(dialogues)
]
