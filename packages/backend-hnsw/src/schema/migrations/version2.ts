/** Version 2: what sessions keep beside memories, long texts, owed vectors, and an index over what a row superseded. */
import type { DatabaseSync } from "node:sqlite"
import { addVersion2, bodyTable } from "../schema.ts"

const readMeta = (db: DatabaseSync, key: string): string | null => {
  const value = db.prepare("SELECT value FROM meta WHERE key = ?").get(key)?.["value"]
  return typeof value === "string" ? value : null
}

const rename = (db: DatabaseSync, from: number, to: number): void =>
  db.exec(`ALTER TABLE ${bodyTable(from)} RENAME TO ${bodyTable(to)}`)

/**
 * Inside a transaction. Moves the generation on: an open handle of version 1 compares it in each of its transactions
 * and before each read, and is closed when it differs.
 */
export const migrateToVersion2 = (db: DatabaseSync): void => {
  const generation = Number(readMeta(db, "generation"))
  const isStaged = readMeta(db, "staged") !== null
  if (isStaged) rename(db, generation + 1, generation + 2)
  rename(db, generation, generation + 1)
  const put = db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)")
  put.run("generation", String(generation + 1))
  put.run("space", String(generation))
  const generations = [generation + 1, ...(isStaged ? [generation + 2] : [])]
  db.exec(`${addVersion2(generations)}\nPRAGMA user_version = 2`)
}
