import type { Body } from "../../codec/bodyBlob.ts"
import { type IndexedRow, localFromRid } from "../../codec/memoryRow.ts"
import type { RowNumbers } from "./RowColumns.ts"
import type { RowNames } from "./RowNames.ts"

/** A row that is in no list of its session yet. @param body of its first passage */
export const toRowNumbers = (row: IndexedRow, body: Body, names: RowNames): RowNumbers => {
  names.read(body)
  return {
    id: row.id,
    local: localFromRid(row.rid),
    flags: row.flags,
    expiresAt: row.expires_at ?? Number.POSITIVE_INFINITY,
    importance: row.importance,
    bytes: row.bytes,
    saidAt: row.said_at,
    session: names.session,
    speaker: names.speaker,
    turn: row.turn,
    hasVector: body.dimensions > 0,
    previous: -1
  }
}
