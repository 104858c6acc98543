import { plural } from "../../plural.ts"
import type { Finding } from "../../doctor/Finding.ts"
import { styled } from "./style.ts"
import { oneLine, padEnd, width, wrap } from "./text.ts"

const MARKS = { ok: "ok   ", warning: "WARN ", fault: "FAULT" } as const

const STYLES = { ok: "green", warning: "yellow", fault: "red" } as const

/** The doctor's findings, one check per paragraph, within `columns`. */
export const doctorReport = (findings: ReadonlyArray<Finding>, columns: number): string => {
  const nameWidth = findings.reduce((widest, { check }) => Math.max(widest, width(check)), 0)
  const indent = MARKS.ok.length + 1 + nameWidth + 2
  const lines = findings.flatMap(({ check, detail, fix, status }) => {
    const room = columns - indent
    const text = [...wrap(oneLine(detail), room), ...(fix === "" ? [] : wrap(`fix: ${oneLine(fix)}`, room))]
    const mark = styled(STYLES[status], MARKS[status])
    return text.map((line, i) =>
      i === 0 ? `${mark} ${padEnd(check, nameWidth)}  ${line}` : " ".repeat(indent) + line
    )
  })
  const faults = findings.filter(({ status }) => status === "fault").length
  const warnings = findings.filter(({ status }) => status === "warning").length
  return [
    ...lines,
    "",
    faults + warnings === 0
      ? "Nothing is wrong."
      : `${plural(faults, "fault")}, ${plural(warnings, "warning")}.`
  ].join("\n")
}
