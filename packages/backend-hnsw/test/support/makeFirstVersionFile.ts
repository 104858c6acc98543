import { DatabaseSync } from "node:sqlite"
import { payloadStart } from "../../src/codec/erasableBlob.ts"

const HEADER_BYTES = 12
const MEASURES_BYTES = 8

/** The body of a short text without flags, measures and sums, which the first version did not write. */
const toFirstVersion = (data: Uint8Array): Uint8Array => {
  const body = Buffer.from(data)
  const start = payloadStart(body.length)
  const dimensions = body.readUIntLE(start, 3)
  const parts = 4 * dimensions + 8 * body.readUInt32LE(start + 4) + body.readUInt32LE(start + 8)
  body.writeUInt8(0, start + 3)
  const from = start + HEADER_BYTES + MEASURES_BYTES
  body.copy(body, start + HEADER_BYTES, from, from + parts)
  return body.fill(0, start + HEADER_BYTES + parts)
}

/** Turns a closed file of short texts back into one of the first version. */
export const makeFirstVersionFile = (path: string): void => {
  const db = new DatabaseSync(path)
  const replace = db.prepare("UPDATE body_1 SET data = ? WHERE rid = ?")
  for (const { data, rid } of db.prepare("SELECT rid, data FROM body_1").all()) {
    if (data instanceof Uint8Array) replace.run(toFirstVersion(data), rid ?? null)
  }
  db.exec(`
    DROP TABLE session; DROP TABLE entry_list; DROP TABLE entry_list_name; DROP TABLE entry; DROP TABLE entry_body;
    DROP TABLE long_1; DROP TABLE owed_1;
    DROP INDEX memory_superseded;
    ALTER TABLE memory DROP COLUMN bytes; ALTER TABLE memory DROP COLUMN sum; ALTER TABLE scope DROP COLUMN bytes;
    PRAGMA user_version = 1;
  `)
  db.close()
}
