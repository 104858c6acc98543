import type { SessionSummary } from "@keepsake/core/driver"
import type { RowColumns } from "./RowColumns.ts"

/** What the slots that pass tell of each session. @param names by a session's number @param bytesOf what a row counts for */
export const summariseSessions = (
  rows: RowColumns,
  names: ReadonlyArray<string>,
  passes: (slot: number) => boolean,
  bytesOf: (slot: number) => number
): ReadonlyArray<SessionSummary> => {
  const turns = new Int32Array(names.length)
  const bytes = new Float64Array(names.length)
  const first = new Float64Array(names.length).fill(Number.POSITIVE_INFINITY)
  const last = new Float64Array(names.length).fill(Number.NEGATIVE_INFINITY)
  for (let slot = 0; slot < rows.count; slot++) {
    const session = rows.session(slot)
    if (session < 0 || !passes(slot)) continue
    const saidAt = rows.saidAt(slot)
    turns[session] = (turns[session] ?? 0) + 1
    bytes[session] = (bytes[session] ?? 0) + bytesOf(slot)
    first[session] = Math.min(first[session] ?? saidAt, saidAt)
    last[session] = Math.max(last[session] ?? saidAt, saidAt)
  }
  return names.flatMap((sessionId, i) =>
    turns[i] === 0
      ? []
      : [
          {
            sessionId,
            firstSaidAt: first[i] ?? 0,
            lastSaidAt: last[i] ?? 0,
            turns: turns[i] ?? 0,
            bytes: bytes[i] ?? 0
          }
        ]
  )
}
