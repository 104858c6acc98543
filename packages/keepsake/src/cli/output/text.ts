/** Text for a terminal: widths, cuts, wraps. A memory's text must not control the terminal. */
import { DAY_MS, stripHidden } from "@keepsake/core/driver"

/** Whitespace that is no space, and line ends as any terminal knows them. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu

/** One line of foreign text: line ends become spaces, and what hides or steers a terminal goes. */
export const oneLine = (text: string): string =>
  stripHidden(text.replaceAll(BREAKS, " ")).replaceAll(/ {2,}/gu, " ").trim()

/** Foreign text in its lines, without what hides or steers a terminal. */
export const manyLines = (text: string): string =>
  stripHidden(text.replaceAll(/\r\n?|[\v\f\u0085\u2028\u2029]/gu, "\n").replaceAll("\t", "  "))

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" })

const graphemes = (text: string): ReadonlyArray<string> =>
  Array.from(segmenter.segment(text), (part) => part.segment)

const graphemeWidth = (grapheme: string): number => (WIDE.test(grapheme) ? 2 : 1)

/** Terminal columns of a text. */
export const width = (text: string): number =>
  graphemes(text).reduce((sum, part) => sum + graphemeWidth(part), 0)

/** Cuts to `columns`, with an ellipsis. */
const cut = (text: string, columns: number): string => {
  if (width(text) <= columns) return text
  let start = ""
  let used = 1
  for (const part of graphemes(text)) {
    used += graphemeWidth(part)
    if (used > columns) break
    start += part
  }
  return `${start.trimEnd()}…`
}

export const padEnd = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(0, columns - width(text)))

const padStart = (text: string, columns: number): string =>
  " ".repeat(Math.max(0, columns - width(text))) + text

/** Breaks between words into lines of at most `columns`; a longer word stands alone. */
export const wrap = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(" ")) {
    const last = lines.at(-1)
    if (last === undefined || width(last) + 1 + width(word) > columns) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

/** Wraps sentences to `columns`. */
export const prose = (text: string, columns: number): string => wrap(text, columns).join("\n")

export interface Column {
  readonly title: string
  readonly align?: "right" | undefined
  /** Takes the rest of the width; at most one column of a table. */
  readonly grow?: boolean | undefined
}

/** A table that fits `columns`: the growing column is cut, the others keep their widths. */
export const table = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  total: number
): string => {
  const natural = columns.map((column, i) =>
    rows.reduce((widest, row) => Math.max(widest, width(row[i] ?? "")), width(column.title))
  )
  const others = columns.reduce((sum, column, i) => sum + (column.grow === true ? 0 : (natural[i] ?? 0)), 0)
  const room = Math.max(12, total - others - 2 * (columns.length - 1))
  const widths = columns.map((column, i) =>
    column.grow === true ? Math.min(natural[i] ?? 0, room) : (natural[i] ?? 0)
  )
  const line = (cells: ReadonlyArray<string>): string =>
    columns
      .map((column, i) => {
        const cell = cut(cells[i] ?? "", widths[i] ?? 0)
        return column.align === "right" ? padStart(cell, widths[i] ?? 0) : padEnd(cell, widths[i] ?? 0)
      })
      .join("  ")
      .trimEnd()
  return [line(columns.map((column) => column.title)), ...rows.map(line)].join("\n")
}

const SPANS: ReadonlyArray<readonly [ms: number, unit: string]> = [
  [31_536_000_000, "year"],
  [2_592_000_000, "month"],
  [DAY_MS, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"]
]

/** "3 days ago", "in 2 hours", "just now". */
export const relative = (at: number, now: number): string => {
  const distance = Math.abs(now - at)
  const span = SPANS.find(([ms]) => distance >= ms)
  if (span === undefined) return "just now"
  const count = Math.floor(distance / span[0])
  const words = `${count} ${span[1]}${count === 1 ? "" : "s"}`
  return at <= now ? `${words} ago` : `in ${words}`
}
