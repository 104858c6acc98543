import type { Body } from "../../codec/bodyBlob.ts"
import { type IndexedRow, localFromRid } from "../../codec/memoryRow.ts"
import type { RowNumbers } from "./RowColumns.ts"
import type { RowNames } from "./RowNames.ts"

/** A row that is in no list of its session yet. @param names that were read last: the row's */
export const numberRow = (
  row: IndexedRow,
  { session, speaker }: Pick<RowNames, "session" | "speaker">,
  hasVector: boolean
): RowNumbers => ({
  id: row.id,
  local: localFromRid(row.rid),
  flags: row.flags,
  expiresAt: row.expires_at ?? Number.POSITIVE_INFINITY,
  importance: row.importance,
  bytes: row.bytes,
  saidAt: row.said_at,
  session,
  speaker,
  turn: row.turn,
  hasVector,
  previous: -1
})

/** As `numberRow`. @param body of its first passage */
export const toRowNumbers = (row: IndexedRow, body: Body, names: RowNames): RowNumbers => {
  names.read(body)
  return numberRow(row, names, body.dimensions > 0)
}
