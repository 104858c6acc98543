import { CliOutput } from "effect/cli"
import { wrap } from "./output/text.ts"

/** Where the second column of a help line begins, or its indent. */
const hangOf = (line: string): number => {
  const second = /^\s+\S.*?\s{2,}(?=\S)/u.exec(line)?.[0]
  const hang = second?.length ?? /^\s*/u.exec(line)?.[0].length ?? 0
  // A second column that begins too far to the right leaves no room: continue under the first.
  return hang > 44 ? 6 : hang
}

const fold = (line: string, columns: number): string => {
  if (line.length <= columns) return line
  const hang = hangOf(line)
  const indent = /^\s*/u.exec(line)?.[0] ?? ""
  const gap = hang > indent.length && hang <= 44 ? line.slice(0, hang) : indent
  const rest = wrap(line.slice(gap.length).replaceAll("|", "| "), columns - Math.max(hang, indent.length))
  return rest.map((part, i) => (i === 0 ? gap : " ".repeat(hang)) + part.replaceAll("| ", "|")).join("\n")
}

const folded =
  <A>(format: (value: A) => string, columns: number) =>
  (value: A): string =>
    format(value)
      .split("\n")
      .map((line) => fold(line, columns))
      .join("\n")

/** The standard help, folded to the terminal's width. */
export const helpFormatter = (columns: number): CliOutput.Formatter => {
  const plain = CliOutput.defaultFormatter({ colors: false, inheritedFlags: "full", globalFlags: "summary" })
  return { ...plain, formatHelpDoc: folded(plain.formatHelpDoc, columns) }
}
