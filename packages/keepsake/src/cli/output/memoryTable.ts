import type { Memory, Recollection, Scope } from "@keepsake/core"
import { formatOrigin, sameScope } from "@keepsake/core/driver"
import { columns } from "./print.ts"
import { type Column, oneLine, relative, table, wrap } from "./text.ts"

const ID_SHOWN = 8

const COLUMNS: ReadonlyArray<Column> = [
  { title: "ID" },
  { title: "SAID" },
  { title: "TYPE" },
  { title: "MEMORY", grow: true }
]

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

const toCells = (memory: Memory, now: number, own: Scope = memory.scope): ReadonlyArray<string> => [
  memory.id.slice(0, ID_SHOWN),
  relative(memory.saidAt, now),
  memory.type,
  describeMarks(memory, now, own) + oneLine(memory.content)
]

/** One line per memory; `forget` accepts the shortened ids. */
export const memoryTable = (memories: ReadonlyArray<Memory>, now: number): string =>
  memories.length === 0
    ? "Nothing is remembered here."
    : table(
        COLUMNS,
        memories.map((memory) => toCells(memory, now)),
        columns()
      )

const explainScore = ({ explain }: Recollection): ReadonlyArray<string> => {
  const parts = Object.entries(explain.parts)
    .filter(([, part]) => Math.abs(part) >= 0.005)
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([name, part]) => `${name} ${part >= 0 ? "+" : ""}${part.toFixed(2)}`)
  return wrap(`logit ${explain.logit.toFixed(2)} = ${parts.join(", ")}`, columns() - 6).map(
    (line) => `      ${line}`
  )
}

/** Recollections, highest score first; with `explain`, the parts of each score. */
export const recollectionTable = (
  recollections: ReadonlyArray<Recollection>,
  now: number,
  explain: boolean,
  own: Scope
): string => {
  if (recollections.length === 0) return "Nothing matches. A lower --threshold shows weaker matches."
  const lines = table(
    [{ title: "SCORE", align: "right" }, ...COLUMNS],
    recollections.map(({ memory, score }) => [score.toFixed(2), ...toCells(memory, now, own)]),
    columns()
  ).split("\n")
  return lines
    .flatMap((line, i) => {
      const recollection = recollections[i - 1]
      return explain && recollection !== undefined ? [line, ...explainScore(recollection)] : [line]
    })
    .join("\n")
}
