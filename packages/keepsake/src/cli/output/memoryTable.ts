import type { Memory, Recollection } from "@keepsake/core"
import { columns } from "./print.ts"
import { type Column, oneLine, relative, table, wrap } from "./text.ts"

const ID_SHOWN = 8

const COLUMNS: ReadonlyArray<Column> = [
  { title: "ID" },
  { title: "SAID" },
  { title: "TYPE" },
  { title: "MEMORY", grow: true }
]

const marks = (memory: Memory, now: number): string => {
  const said: Array<string> = []
  if (memory.pinned) said.push("pinned")
  if (memory.source !== "user") said.push(memory.source)
  if (memory.speaker !== null) said.push(oneLine(memory.speaker))
  if (memory.validity.at(-1)?.to !== null) said.push("superseded")
  if (memory.expiresAt !== null) said.push(`ends ${relative(memory.expiresAt, now)}`)
  return said.length === 0 ? "" : `(${said.join(", ")}) `
}

const cells = (memory: Memory, now: number): ReadonlyArray<string> => [
  memory.id.slice(0, ID_SHOWN),
  relative(memory.saidAt, now),
  memory.type,
  marks(memory, now) + oneLine(memory.content)
]

/** One line a memory; ids are shortened to what `forget` and `list` accept. */
export const memoryTable = (memories: ReadonlyArray<Memory>, now: number): string =>
  memories.length === 0
    ? "Nothing is remembered here."
    : table(
        COLUMNS,
        memories.map((memory) => cells(memory, now)),
        columns()
      )

const explained = ({ explain }: Recollection): ReadonlyArray<string> => {
  const parts = Object.entries(explain.parts)
    .filter(([, part]) => Math.abs(part) >= 0.005)
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([name, part]) => `${name} ${part >= 0 ? "+" : ""}${part.toFixed(2)}`)
  return wrap(`logit ${explain.logit.toFixed(2)} = ${parts.join(", ")}`, columns() - 6).map(
    (line) => `      ${line}`
  )
}

/** What was recalled, best first; with `explain`, each score's parts beneath it. */
export const recollectionTable = (
  found: ReadonlyArray<Recollection>,
  now: number,
  explain: boolean
): string => {
  if (found.length === 0) return "Nothing comes to mind. A lower --threshold shows weaker matches."
  const lines = table(
    [{ title: "SCORE", align: "right" }, ...COLUMNS],
    found.map(({ memory, score }) => [score.toFixed(2), ...cells(memory, now)]),
    columns()
  ).split("\n")
  return lines
    .flatMap((line, i) => {
      const one = found[i - 1]
      return explain && one !== undefined ? [line, ...explained(one)] : [line]
    })
    .join("\n")
}
