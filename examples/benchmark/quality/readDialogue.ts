import { readdir, readFile } from "node:fs/promises"
import { basename, join } from "node:path"
import type { Dialogue, Doc, Question } from "./EvaluationSet.ts"

export const DIALOGUE_KINDS = ["friends", "work", "support", "coding", "group", "diary"] as const
export const QUESTION_KINDS = [
  "single",
  "several",
  "time",
  "order",
  "change",
  "preference",
  "paraphrase",
  "unknown"
] as const
export const HALVES = ["fit", "held-out"] as const

export type DialogueKind = (typeof DIALOGUE_KINDS)[number]
export type QuestionKind = (typeof QUESTION_KINDS)[number]
export type Half = (typeof HALVES)[number]

export interface WrittenQuestion extends Question {
  readonly cat: QuestionKind
  readonly answer: string
}

/** A conversation of the folder `dialogues`. */
export interface WrittenDialogue extends Dialogue {
  readonly kind: DialogueKind
  /** BCP 47. */
  readonly language: string
  readonly half: Half
  readonly speakers: ReadonlyArray<string>
  readonly queries: ReadonlyArray<WrittenQuestion>
}

interface Line {
  readonly text: string
  readonly number: number
}

class DialogueFormatError extends Error {
  constructor({ number }: Line, problem: string) {
    super(`line ${number}: ${problem}`)
  }
}

const HEADER = /^(scope|kind|language|half|speakers): *(\S.*?)(?: +#.*)?$/u
const SESSION = "## "
const QUESTIONS = "# questions"

const readHeader = (lines: ReadonlyArray<Line>): ReadonlyMap<string, string> => {
  const header = new Map<string, string>()
  for (const line of lines) {
    if (line.text.trim() === "") continue
    const [, field, value] = HEADER.exec(line.text) ?? []
    if (field === undefined || value === undefined || header.has(field))
      throw new DialogueFormatError(line, `"${line.text}" is no field of the header, or its second value`)
    header.set(field, value)
  }
  return header
}

const pick = <A extends string>(names: ReadonlyArray<A>, value: string | undefined, field: string): A => {
  const name = names.find((each) => each === value)
  if (name === undefined)
    throw new Error(`${field} is "${value ?? ""}" and must be one of ${names.join(", ")}`)
  return name
}

const readTurns = (lines: ReadonlyArray<Line>, speakers: ReadonlyArray<string>): ReadonlyArray<Doc> => {
  const docs: Array<{ -readonly [Field in keyof Doc]: Doc[Field] }> = []
  let session = 0
  let turn = 0
  let date = ""
  let blankLines = 0
  for (const line of lines) {
    const last = docs.at(-1)
    if (line.text.trim() === "") {
      blankLines += 1
      continue
    }
    if (line.text.startsWith("  ")) {
      if (last === undefined || turn === 0)
        throw new DialogueFormatError(line, "continues a turn, and no turn comes before it")
      last.text += `${"\n".repeat(blankLines + 1)}${line.text.slice(2).trimEnd()}`
    } else if (line.text.startsWith(SESSION)) {
      session += 1
      turn = 0
      date = line.text.slice(SESSION.length).trim()
    } else {
      const speaker = speakers.find((name) => line.text.startsWith(`${name}:`))
      if (speaker === undefined || session === 0)
        throw new DialogueFormatError(line, `"${line.text.slice(0, 40)}" names no speaker of the header`)
      turn += 1
      docs.push({
        id: `D${session}:${turn}`,
        session,
        speaker,
        date,
        text: line.text.slice(speaker.length + 1).trim(),
        caption: ""
      })
    }
    blankLines = 0
  }
  return docs
}

const readQuestions = (lines: ReadonlyArray<Line>, scope: string): ReadonlyArray<WrittenQuestion> =>
  lines
    .filter(({ text }) => text.trim() !== "")
    .map((line, index) => {
      const [kind, q, answer, gold, ...more] = line.text.split("|").map((part) => part.trim())
      if (q === undefined || answer === undefined || gold === undefined || more.length > 0)
        throw new DialogueFormatError(line, "a question is: kind | question | answer | gold")
      return {
        qid: `${scope}-${index + 1}`,
        q,
        answer,
        cat: pick(QUESTION_KINDS, kind, `line ${line.number}: the kind`),
        gold: gold.split(/\s+/u).filter((id) => id !== "")
      }
    })

/** Parses a conversation as `data/README.md` describes it. */
export const parseDialogue = (text: string): WrittenDialogue => {
  const lines = text.split(/\r?\n/u).map((line, index) => ({ text: line, number: index + 1 }))
  const turnsAt = lines.findIndex((line) => line.text.startsWith(SESSION))
  const questionsAt = lines.findIndex((line) => line.text.trim() === QUESTIONS)
  if (turnsAt < 0 || questionsAt < turnsAt)
    throw new Error(`a dialogue has a header, sessions ("${SESSION}date") and then "${QUESTIONS}"`)
  const header = readHeader(lines.slice(0, turnsAt))
  const scope = header.get("scope") ?? ""
  const speakers = (header.get("speakers") ?? "").split(",").map((name) => name.trim())
  return {
    scope,
    kind: pick(DIALOGUE_KINDS, header.get("kind"), "kind"),
    language: header.get("language") ?? "",
    half: pick(HALVES, header.get("half"), "half"),
    speakers,
    docs: readTurns(lines.slice(turnsAt, questionsAt), speakers),
    queries: readQuestions(lines.slice(questionsAt + 1), scope)
  }
}

export const readDialogue = async (file: string): Promise<WrittenDialogue> => {
  try {
    const dialogue = parseDialogue(await readFile(file, "utf8"))
    if (`${dialogue.scope}.txt` !== basename(file))
      throw new Error(`scope is "${dialogue.scope}" and must be the file's name`)
    return dialogue
  } catch (cause) {
    throw new Error(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** All conversations of a folder, sorted by name. */
export const readDialogues = async (folder: string): Promise<ReadonlyArray<WrittenDialogue>> => {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".txt")).toSorted()
  return Promise.all(files.map((name) => readDialogue(join(folder, name))))
}
