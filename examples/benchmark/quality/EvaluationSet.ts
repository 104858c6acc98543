import { readFile } from "node:fs/promises"
import type { Statement } from "@keepsake/keepsake"

export interface Doc {
  readonly id: string
  readonly session: number | string
  readonly speaker: string
  readonly date: string
  readonly text: string
  readonly caption?: string
}

export interface Question {
  readonly qid: string
  readonly q: string
  readonly answer: string
  readonly cat: number | string
  readonly gold: ReadonlyArray<string>
}

/** One conversation, remembered as one user, and the questions about it. */
export interface Dialogue {
  readonly scope: string
  readonly docs: ReadonlyArray<Doc>
  readonly queries: ReadonlyArray<Question>
}

export interface EvaluationSet {
  readonly name: string
  readonly scopes: ReadonlyArray<Dialogue>
}

export const readSet = async (file: string): Promise<EvaluationSet> => {
  const set = JSON.parse(await readFile(file, "utf8")) as EvaluationSet
  if (typeof set.name !== "string" || !Array.isArray(set.scopes))
    throw new Error(`${file} is not an evaluation set; examples/benchmark/data/README.md has the schema`)
  return set
}

/** The dialogue does not answer questions of category 5, even if LoCoMo lists evidence in `gold`. */
export const isAnswerable = ({ cat, gold }: Question): boolean => cat !== 5 && gold.length > 0

/** Longest content that Keepsake accepts. */
const CONTENT_MAX = 100_000

/** The text of a turn and the caption of its image, without the speaker, who is a field. */
export const toContent = ({ caption = "", text }: Doc): string => {
  const content = `${text}${caption === "" ? "" : ` [shared image: ${caption}]`}`.slice(0, CONTENT_MAX)
  return (content.trim() === "" ? "(nothing)" : content)
    .toWellFormed()
    .replaceAll("\u0000", " ")
    .normalize("NFC")
}

const CLOCK = /(\d{1,2}):(\d{2})\s*(am|pm)/iu
const DAY_FIRST = /(\d{1,2})\s+([A-Za-z]+),?\s+(\d{4})/u
const MONTH_FIRST = /([A-Za-z]+)[-\s](\d{1,2}),?[-\s](\d{4})/u

/** Parses a date as people write it, in UTC, to epoch milliseconds; `undefined` if it cannot. */
export const parseDate = (written: string): number | undefined => {
  const [, day, month, year] = DAY_FIRST.exec(written) ?? []
  const [, month2, day2, year2] = MONTH_FIRST.exec(written) ?? []
  const at = Date.parse(
    day !== undefined
      ? `${day} ${month} ${year} UTC`
      : month2 !== undefined
        ? `${day2} ${month2} ${year2} UTC`
        : written
  )
  if (!Number.isFinite(at) || at < 0) return undefined
  const clock = CLOCK.exec(written)
  if (clock === null) return at
  const hour = (Number(clock[1]) % 12) + (clock[3]?.toLowerCase() === "pm" ? 12 : 0)
  return at + (hour * 60 + Number(clock[2])) * 60_000
}

const SOURCES = { user: "user", assistant: "assistant", system: "system", tool: "tool" } as const

/** A dialogue's turns as statements. */
export const toStatements = (docs: ReadonlyArray<Doc>): ReadonlyArray<Statement> => {
  const turns = new Map<string, number>()
  return docs.map((doc): Statement => {
    const sessionId = String(doc.session)
    const turn = turns.get(sessionId) ?? 0
    turns.set(sessionId, turn + 1)
    const source = Object.hasOwn(SOURCES, doc.speaker)
      ? SOURCES[doc.speaker as keyof typeof SOURCES]
      : undefined
    const saidAt = parseDate(doc.date)
    return {
      content: toContent(doc),
      ...(source === undefined ? { speaker: doc.speaker } : { source }),
      sessionId,
      turn,
      ...(saidAt === undefined ? {} : { saidAt }),
      key: doc.id
    }
  })
}
