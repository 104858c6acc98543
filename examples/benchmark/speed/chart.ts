/** Draws the table as an SVG, and as a page with the SVG and the notes. */
import { describe, type Environment } from "./environment.ts"
import type { Row } from "./Row.ts"
import { figure, quantity } from "./table.ts"

const WIDTH = 1_080
const LEFT = 24
/** Leaves space to the right of a full bar for the baseline's name and the verdict. */
const BAR = 470
const LINE = 50
/** Distance from a row's name down to its bars. */
const NAME = 8
const HEAD = 108

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

const COLOURS = { ours: "#0f766e", theirs: "#cbd5e1", missed: "#c2410c", text: "#0f172a", faint: "#64748b" }

const text = (x: number, y: number, content: string, style: string): string =>
  `<text x="${x}" y="${y}" ${style}>${escape(content)}</text>`

const rect = (x: number, y: number, width: number, height: number, fill: string): string =>
  `<rect x="${x}" y="${y}" width="${Math.max(1.5, width).toFixed(1)}" height="${height}" rx="2" fill="${fill}"/>`

/** Each row has its own scale: the longer bar takes the full width. */
const bars = (row: Row, y: number): string => {
  if (row.value === null) return text(LEFT, y + 14, "not measured", `fill="${COLOURS.faint}" font-size="12"`)
  const max = Math.max(row.value, row.baseline ?? row.value)
  const width = (value: number) => (value / max) * BAR
  const colour = row.holds === false ? COLOURS.missed : COLOURS.ours
  const label = (at: number, value: number, name: string, dy: number) =>
    text(
      LEFT + width(at) + 6,
      y + dy,
      `${quantity(value, row.unit)}${name}`,
      `fill="${COLOURS.faint}" font-size="10.5"`
    )
  const ours = rect(LEFT, y, width(row.value), 10, colour) + label(row.value, row.value, "", 9)
  if (row.baseline === undefined) return ours
  return (
    ours +
    rect(LEFT, y + 12, width(row.baseline), 10, COLOURS.theirs) +
    label(row.baseline, row.baseline, ` ${row.against}`, 21)
  )
}

const describeVerdict = (row: Row): string => {
  const ratio = row.ratio === null ? "" : `${figure(row.ratio)}×`
  const bar = row.bar === "" ? "" : `bar ${row.bar}`
  return [ratio, bar].filter((part) => part !== "").join("  ")
}

const line = (row: Row, i: number): string => {
  const y = HEAD + i * LINE
  const mark = row.holds === null ? "" : row.holds ? "✓" : "✗"
  const colour = row.holds === false ? COLOURS.missed : COLOURS.ours
  return [
    text(LEFT, y, row.name, `fill="${COLOURS.text}" font-size="12"`),
    bars(row, y + NAME),
    text(
      WIDTH - 34,
      y + NAME + 14,
      describeVerdict(row),
      `text-anchor="end" fill="${COLOURS.faint}" font-size="11"`
    ),
    text(WIDTH - 24, y + NAME + 15, mark, `fill="${colour}" font-size="15" font-weight="700"`)
  ].join("")
}

export const svg = (rows: ReadonlyArray<Row>, environment: Environment): string => {
  const height = HEAD + rows.length * LINE + 24
  const judged = rows.filter(({ holds }) => holds !== null)
  const held = judged.filter(({ holds }) => holds === true).length
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${text(LEFT, 34, "Keepsake compared with bare tools and a peer", `fill="${COLOURS.text}" font-size="19" font-weight="700"`)}
${text(LEFT, 56, `${held} of ${judged.length} bars hold. Upper bar: keepsake. Lower bar: the baseline, measured in the same run. Each pair has its own scale.`, `fill="${COLOURS.faint}" font-size="12"`)}
${text(LEFT, 74, describe(environment), `fill="${COLOURS.faint}" font-size="10.5"`)}
${rows.map(line).join("\n")}
</svg>
`
}

export const page = (rows: ReadonlyArray<Row>, environment: Environment): string => {
  const notes = rows.flatMap(({ name, note }) =>
    note === undefined ? [] : [`<dt>${escape(name)}</dt><dd>${escape(note)}</dd>`]
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Keepsake: speed</title>
<style>
  body { max-width: 1080px; margin: 2rem auto; padding: 0 1rem; font: 14px/1.5 system-ui, sans-serif; color: #0f172a }
  svg { width: 100%; height: auto }
  dt { font-weight: 600; margin-top: .6rem }
  dd { margin: 0; color: #475569 }
</style>
${svg(rows, environment)}
<h2>Notes</h2>
<dl>${notes.join("\n")}</dl>
</html>
`
}
