import type { Row } from "./Row.ts"

/** Formats with three significant digits. */
export const figure = (value: number): string => {
  const size = Math.abs(value)
  if (size >= 1_000) return Math.round(value).toLocaleString("en-US")
  if (size >= 100) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  return value.toFixed(size >= 1 || size === 0 ? 2 : 3)
}

export const quantity = (value: number | null, unit: string): string =>
  value === null ? "not measured" : `${figure(value)} ${unit}`.trim()

export const against = (row: Row): string =>
  row.baseline === undefined ? row.against : `${row.against}: ${quantity(row.baseline, row.unit)}`

export const verdict = (row: Row): string => (row.holds === null ? "" : row.holds ? "holds" : "MISSED")

const cells = (row: Row): ReadonlyArray<string> => [
  row.name,
  quantity(row.value, row.unit),
  against(row),
  row.ratio === null ? "" : `${figure(row.ratio)}×`,
  row.bar,
  verdict(row)
]

const HEAD = ["", "keepsake", "against", "ratio", "bar", ""]

/** The rows as a text table, followed by their notes. */
export const table = (rows: ReadonlyArray<Row>): string => {
  const lines = [HEAD, ...rows.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()
  )
  text.splice(1, 0, widths.map((width) => "─".repeat(width)).join("  "))
  const notes = rows.flatMap(({ name, note }) => (note === undefined ? [] : [`  ${name}: ${note}`]))
  return [...text, ...(notes.length === 0 ? [] : ["", ...notes])].join("\n")
}
