/** Text for a terminal: widths, cuts, wraps. A memory's text must not control the terminal. */
import { DAY_MS, stripHidden } from "@keepsake/core/driver"
import { styled, withoutStyles } from "./style.ts"

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

let segmenter: Intl.Segmenter | undefined

/** `Intl` takes half as long to load as Node, and most text is narrow. */
const graphemes = (text: string): ReadonlyArray<string> => {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" })
  return Array.from(segmenter.segment(text), (part) => part.segment)
}

const graphemeWidth = (grapheme: string): number => (WIDE.test(grapheme) ? 2 : 1)

/** Printable ASCII, which needs no segmenter. */
const NARROW = /^[ -~]*$/

/** Terminal columns of a text; styles take none. */
export const width = (text: string): number =>
  NARROW.test(text)
    ? text.length
    : graphemes(withoutStyles(text)).reduce((sum, part) => sum + graphemeWidth(part), 0)

export const padEnd = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(0, columns - width(text)))

const padStart = (text: string, columns: number): string =>
  " ".repeat(Math.max(0, columns - width(text))) + text

/** A word in parts of at most `columns`, each of at least one character. */
const splitWord = (word: string, columns: number): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let part = ""
  let used = 0
  for (const grapheme of graphemes(word)) {
    const next = graphemeWidth(grapheme)
    if (part !== "" && used + next > columns) {
      parts.push(part)
      part = ""
      used = 0
    }
    part += grapheme
    used += next
  }
  return [...parts, part]
}

/** Breaks between words into lines of at most `columns`; a longer word is broken too. */
export const wrap = (text: string, columns: number): ReadonlyArray<string> => {
  if (columns === Number.POSITIVE_INFINITY) return [text]
  const lines: Array<string> = []
  let lastWidth = Number.POSITIVE_INFINITY
  for (const word of text.split(" ")) {
    const wordWidth = width(word)
    if (lastWidth + 1 + wordWidth <= columns) {
      lines[lines.length - 1] += ` ${word}`
      lastWidth += 1 + wordWidth
      continue
    }
    const parts = wordWidth > columns ? splitWord(word, columns) : [word]
    lines.push(...parts)
    lastWidth = parts.length === 1 ? wordWidth : width(parts.at(-1) ?? "")
  }
  return lines
}

/** Wraps sentences to `columns`. */
export const prose = (text: string, columns: number): string => wrap(text, columns).join("\n")

export interface Column {
  readonly title: string
  readonly align?: "right" | undefined
}

/** A narrower column of text is hard to read: the text goes below the other cells. */
const TEXT_COLUMNS_MIN = 24

const INDENT = "  "

/** Rows of cells and a text, which is shown whole: beside its cells, or below them where there is no room. */
export interface TextTable {
  readonly columns: ReadonlyArray<Column>
  readonly textTitle: string
  readonly rows: ReadonlyArray<{
    readonly cells: ReadonlyArray<string>
    readonly text: string
    /** Lines below the text, such as an explanation. */
    readonly details?: ReadonlyArray<string> | undefined
  }>
}

/** A table that fits `total` columns. */
export const textTable = ({ columns, rows, textTitle }: TextTable, total: number): string => {
  const widths = columns.map((column, i) =>
    rows.reduce((widest, { cells }) => Math.max(widest, width(cells[i] ?? "")), width(column.title))
  )
  const toLine = (cells: ReadonlyArray<string>): string =>
    columns
      .map((column, i) => (column.align === "right" ? padStart : padEnd)(cells[i] ?? "", widths[i] ?? 0))
      .join("  ")
  const head = toLine(columns.map(({ title }) => title))
  const textStart = width(head) + 2
  const isBeside = total - textStart >= TEXT_COLUMNS_MIN
  const indent = isBeside ? " ".repeat(textStart) : INDENT
  const body = rows.flatMap(({ cells, details = [], text }) => {
    const lines = [
      ...wrap(text, total - indent.length),
      ...details.flatMap((detail) => wrap(detail, total - indent.length))
    ].map((line) => `${indent}${line}`)
    const first = toLine(cells)
    return isBeside
      ? [`${first}  ${lines[0]?.slice(indent.length) ?? ""}`, ...lines.slice(1)]
      : [first.trimEnd(), ...lines]
  })
  const title = isBeside ? `${head}  ${textTitle}` : head.trimEnd()
  return [styled("dim", title), ...body.map((line) => line.trimEnd())].join("\n")
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
