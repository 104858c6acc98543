import type { Memory, Recollection, Scope } from "@keepsake/core"
import { formatOrigin, sameScope } from "@keepsake/core/driver"
import { plural } from "../../plural.ts"
import { textColumns } from "./print.ts"
import { styled } from "./style.ts"
import { type Column, manyLines, oneLine, padEnd, relative, textTable } from "./text.ts"

const ID_SHOWN = 8

const COLUMNS: ReadonlyArray<Column> = [{ title: "ID" }, { title: "SAID" }, { title: "TYPE" }]
const TEXT_TITLE = "MEMORY"

/** `own` is the scope whose memories need no mark of their origin. */
const describeMarks = (memory: Memory, now: number, own: Scope): string => {
  const marks: Array<string> = []
  if (!sameScope(memory.scope, own)) marks.push(`from ${oneLine(formatOrigin(memory.scope, own))}`)
  if (memory.pinned) marks.push("pinned")
  if (memory.source !== "user") marks.push(memory.source)
  if (memory.speaker !== null) marks.push(oneLine(memory.speaker))
  if (memory.validity.at(-1)?.to !== null) marks.push("superseded")
  if (memory.expiresAt !== null) marks.push(`ends ${relative(memory.expiresAt, now)}`)
  return marks.length === 0 ? "" : `(${marks.join(", ")}) `
}

const toCells = (memory: Memory, now: number): ReadonlyArray<string> => [
  memory.id.slice(0, ID_SHOWN),
  relative(memory.saidAt, now),
  memory.type
]

const toText = (memory: Memory, now: number, own: Scope = memory.scope): string =>
  describeMarks(memory, now, own) + oneLine(memory.content)

/** Each memory with its whole text; commands accept the shortened ids. */
export const memoryTable = (memories: ReadonlyArray<Memory>, now: number): string =>
  memories.length === 0
    ? "Nothing is remembered here."
    : textTable(
        {
          columns: COLUMNS,
          textTitle: TEXT_TITLE,
          rows: memories.map((memory) => ({ cells: toCells(memory, now), text: toText(memory, now) }))
        },
        textColumns()
      )

const explainScore = ({ explain }: Recollection): string => {
  const parts = Object.entries(explain.parts)
    .filter(([, part]) => Math.abs(part) >= 0.005)
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([name, part]) => `${name} ${part >= 0 ? "+" : ""}${part.toFixed(2)}`)
  return `logit ${explain.logit.toFixed(2)} = ${parts.join(", ")}`
}

/** What the step after scoring did: each a line. */
const explainOrder = ({
  explain: { copies = [], followedBy = [], order }
}: Recollection): ReadonlyArray<string> => [
  ...(followedBy.length === 0 ? [] : [`said otherwise later by ${followedBy.join(", ")}`]),
  ...(copies.length === 0
    ? []
    : [`${plural(copies.length, "near-copy", "near-copies")}: ${copies.join(", ")}`]),
  ...(order === undefined ? [] : [`place by score alone: ${order + 1}`])
]

/** Recollections with their whole texts, in the order of the answer; with `explain`, the parts of each score and what the order did. */
export const recollectionTable = (
  recollections: ReadonlyArray<Recollection>,
  now: number,
  explain: boolean,
  own: Scope
): string =>
  recollections.length === 0
    ? "Nothing matches. A lower --threshold shows weaker matches."
    : textTable(
        {
          columns: [{ title: "SCORE", align: "right" }, ...COLUMNS],
          textTitle: TEXT_TITLE,
          rows: recollections.map((recollection) => ({
            cells: [recollection.score.toFixed(2), ...toCells(recollection.memory, now)],
            text: toText(recollection.memory, now, own),
            details: explain ? [explainScore(recollection), ...explainOrder(recollection)] : []
          }))
        },
        textColumns()
      )

const day = (at: number): string => new Date(at).toISOString().replace(/\.000Z$/u, "Z")

/** One memory with all that is kept about it, its text last and in its own lines. */
export const memoryDetails = (memory: Memory): string => {
  const { agentId, userId } = memory.scope
  const held = memory.validity.map(({ from, to }) => `${day(from)} to ${to === null ? "now" : day(to)}`)
  const fields: ReadonlyArray<readonly [name: string, value: string | null]> = [
    ["id", memory.id],
    ["user", oneLine(userId)],
    ["agent", oneLine(agentId)],
    ["type", memory.type],
    ["source", memory.source],
    ["speaker", memory.speaker === null ? null : oneLine(memory.speaker)],
    [
      "session",
      memory.sessionId === null ? null : `${oneLine(memory.sessionId)}, turn ${memory.turn ?? "–"}`
    ],
    ["key", memory.key === null ? null : oneLine(memory.key)],
    ["said", day(memory.saidAt)],
    ["held", held.join("; ")],
    ["ends", memory.expiresAt === null ? null : day(memory.expiresAt)],
    ["importance", `${memory.importance}${memory.pinned ? ", pinned" : ""}`],
    ["metadata", Object.keys(memory.metadata).length === 0 ? null : oneLine(JSON.stringify(memory.metadata))],
    ["replaced by", memory.supersededBy]
  ]
  const shown = fields.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
  const nameWidth = shown.reduce((widest, [name]) => Math.max(widest, name.length), 0)
  return [
    ...shown.map(([name, value]) => `${styled("dim", padEnd(name, nameWidth))}  ${value}`),
    "",
    manyLines(memory.content)
  ].join("\n")
}
