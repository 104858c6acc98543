import * as CliOutput from "effect/cli/CliOutput"
import { wrap } from "./output/text.ts"

const HANG_MAX = 44

/** The column at which a help line continues: where its second column begins, or its indent. */
const findHang = (line: string): number => {
  const second = /^\s+\S.*?\s{2,}(?=\S)/u.exec(line)?.[0]
  const hang = second?.length ?? /^\s*/u.exec(line)?.[0].length ?? 0
  // A second column too far to the right leaves no room: continue below the first.
  return hang > HANG_MAX ? 6 : hang
}

const fold = (line: string, columns: number): string => {
  if (line.length <= columns) return line
  const hang = findHang(line)
  const indent = /^\s*/u.exec(line)?.[0] ?? ""
  const gap = hang > indent.length && hang <= HANG_MAX ? line.slice(0, hang) : indent
  const rest = wrap(line.slice(gap.length).replaceAll("|", "| "), columns - Math.max(hang, indent.length))
  return rest.map((part, i) => (i === 0 ? gap : " ".repeat(hang)) + part.replaceAll("| ", "|")).join("\n")
}

const foldLines =
  <A>(format: (value: A) => string, columns: number) =>
  (value: A): string =>
    format(value)
      .split("\n")
      .map((line) => fold(line, columns))
      .join("\n")

/** Effect's help, folded to the terminal's width. */
export const helpFormatter = (columns: number, colours: boolean): CliOutput.Formatter => {
  const plain = CliOutput.defaultFormatter({
    colors: colours,
    inheritedFlags: "full",
    globalFlags: "summary"
  })
  return { ...plain, formatHelpDoc: foldLines(plain.formatHelpDoc, columns) }
}
