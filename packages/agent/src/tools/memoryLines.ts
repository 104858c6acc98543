import type { Memory, PromiseMemory } from "@keepsake/core"
import { estimateTokens, formatDayIn, formatOrigin, sameScope, toVisibleJson } from "@keepsake/core/driver"
import * as Schema from "effect/Schema"

/** Tokens of an answer; its memories share them. */
export const ANSWER_TOKENS = 4_000
/** What a cut text shows at least. */
const CUT_TOKENS = 100
/** Tokens of a line beside its text. */
const LINE_TOKENS = 90

/** A memory as a model reads it. */
export const MemoryLine = Schema.Struct({
  id: Schema.String,
  content: Schema.String,
  cut: Schema.optionalKey(Schema.Boolean),
  readOnFrom: Schema.optionalKey(Schema.Int.annotate({ description: "With the id: where to read on." })),
  characters: Schema.optionalKey(Schema.Int.annotate({ description: "Of the whole text." })),
  type: Schema.String,
  saidBy: Schema.String,
  speaker: Schema.optionalKey(Schema.String),
  on: Schema.String.annotate({ description: "The day it was said." }),
  endedOn: Schema.optionalKey(
    Schema.String.annotate({ description: "From this day on it was no longer so." })
  ),
  expiresOn: Schema.optionalKey(Schema.String.annotate({ description: "From this day on it is forgotten." })),
  importance: Schema.optionalKey(Schema.Finite.annotate({ description: "0.5 when absent." })),
  pinned: Schema.optionalKey(Schema.Boolean),
  from: Schema.optionalKey(Schema.String.annotate({ description: "Another scope, read here too." }))
})

export type MemoryLine = typeof MemoryLine.Type

/** Whose memory answers, and the calendar of its days. */
export type Own = Pick<PromiseMemory, "scope" | "timeZone">

/** The longest beginning of the text that has so many tokens, without half a character. */
const cutText = (text: string, tokens: number): string => {
  let end = Math.min(text.length, tokens * 4)
  while (end > 0 && estimateTokens(text.slice(0, end)) > tokens) end = Math.floor(end * 0.8)
  const isWithinPair = end < text.length && /[\ud800-\udbff]/u.test(text.charAt(end - 1))
  return text.slice(0, isWithinPair ? end - 1 : end)
}

/** Without what a reader does not see, so that data and text say the same. */
export const withoutHidden = <A>(value: A): A => JSON.parse(toVisibleJson(value)) as A

/** A cut text says from which character to read on, with its id. What is ordinary is left out. */
export const toLine = (memory: Memory, own: Own, tokens: number, start = 0): MemoryLine => {
  const { content, expiresAt, id, importance, pinned, saidAt, scope, source, speaker, type, validity } =
    memory
  const shown = cutText(content.slice(start), Math.max(CUT_TOKENS, tokens - LINE_TOKENS))
  const end = start + shown.length
  const endedAt = validity.at(-1)?.to ?? null
  return withoutHidden({
    id,
    content: shown,
    ...(end < content.length ? { cut: true, readOnFrom: end, characters: content.length } : {}),
    type,
    saidBy: source,
    ...(speaker === null ? {} : { speaker }),
    on: formatDayIn(saidAt, own.timeZone),
    ...(endedAt === null ? {} : { endedOn: formatDayIn(endedAt, own.timeZone) }),
    ...(expiresAt === null ? {} : { expiresOn: formatDayIn(expiresAt, own.timeZone) }),
    ...(importance === 0.5 ? {} : { importance }),
    ...(pinned ? { pinned } : {}),
    ...(sameScope(scope, own.scope) ? {} : { from: formatOrigin(scope, own.scope) })
  })
}

/** The first memories that have room, at least one: a long one leaves room for those after it. */
export const fitLines = (
  memories: ReadonlyArray<Memory>,
  own: Own,
  tokens: number
): ReadonlyArray<MemoryLine> => {
  const lines: Array<MemoryLine> = []
  let left = tokens
  for (const [i, memory] of memories.entries()) {
    const line = toLine(memory, own, Math.floor(left / (memories.length - i)))
    const cost = estimateTokens(JSON.stringify(line))
    if (lines.length > 0 && cost > left) break
    lines.push(line)
    left -= cost
  }
  return lines
}

/** One JSON object a line, so that the texts stay data. */
export const toText = (lines: ReadonlyArray<object>): string =>
  lines.map((line) => JSON.stringify(line)).join("\n")

export const NO_SUCH_MEMORY = "There is no such memory."
