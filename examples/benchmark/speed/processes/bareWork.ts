/** Bare `node:sqlite`, with the settings of the embedded store and the same bytes in each transaction. */
import { DatabaseSync } from "node:sqlite"
import { documentTerms } from "@keepsake/core/driver"
import { makeText, makeVector } from "../data.ts"
import { MEMORIES, USERS, type Work } from "./Times.ts"

/** How long SQLite waits for another process, as the store does. */
const BUSY_MS = 10_000

const openFile = (path: string): DatabaseSync => {
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`)
  return db
}

const makeInsert = (db: DatabaseSync) => {
  const insert = db.prepare("INSERT INTO memory (user, id, content, terms, vector) VALUES (?, ?, ?, ?, ?)")
  const count = db.prepare("UPDATE user SET rows = rows + 1 WHERE user = ?")
  return (user: number, index: number): void => {
    const content = makeText({ user, index })
    const { ids, weights } = documentTerms(content)
    const vector = makeVector({ user, index })
    const terms = Buffer.concat([Buffer.from(ids.buffer), Buffer.from(weights.buffer)])
    insert.run(user, `${user}-${index}`, content, terms, new Uint8Array(vector.buffer))
    count.run(user)
  }
}

export const fillBare = (path: string): void => {
  const db = openFile(path)
  db.exec(`CREATE TABLE memory (rid INTEGER PRIMARY KEY, user INTEGER, id TEXT UNIQUE, content TEXT, terms BLOB, vector BLOB);
    CREATE INDEX memory_user ON memory (user, rid);
    CREATE TABLE user (user INTEGER PRIMARY KEY, rows INTEGER)`)
  const insert = makeInsert(db)
  db.exec("BEGIN")
  for (let user = 0; user < USERS; user++) {
    db.prepare("INSERT INTO user VALUES (?, 0)").run(user)
    for (let index = 0; index < MEMORIES; index++) insert(user, index)
  }
  db.exec("COMMIT")
  db.close()
}

/** A read looks whether the user has changed, and reads the rows that are new and the ten that are shown. */
export const openBare = (path: string): Work => {
  const db = openFile(path)
  const version = db.prepare("PRAGMA data_version")
  const later = db.prepare("SELECT rid, terms, vector FROM memory WHERE user = ? AND rid > ?")
  const shown = db.prepare("SELECT content FROM memory WHERE user = ? ORDER BY rid DESC LIMIT 10")
  const insert = makeInsert(db)
  const seen = new Map<number, number>()
  return {
    read: (user) => {
      version.get()
      const rows = later.all(user, seen.get(user) ?? 0)
      const last = rows.at(-1)?.["rid"]
      if (typeof last === "number") seen.set(user, last)
      return shown.all(user)
    },
    write: (user, index) => {
      db.exec("BEGIN IMMEDIATE")
      insert(user, index)
      db.exec("COMMIT")
    },
    close: () => db.close()
  }
}
