/** Writing, durable, against node:sqlite by hand with the same columns, indexes, vector and terms. */
import { documentTerms, type Terms } from "@keepsake/core"
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import { scopeOf, statementOf, textOf, vectorOf } from "./data.ts"
import { withFolder } from "./folder.ts"
import { interleaved } from "./measure.ts"
import { openEmbedded } from "./opened.ts"
import { atLeast, type Row } from "./Row.ts"
import type { Settings } from "./Settings.ts"

const BATCH = 100

interface BareRow {
  readonly content: string
  readonly vector: Float32Array
  readonly terms: Terms
}

const textAndVector = (index: number) => ({
  content: textOf({ user: 1, index }),
  vector: vectorOf({ user: 1, index })
})

const withTerms = (row: Omit<BareRow, "terms">): BareRow => ({ ...row, terms: documentTerms(row.content) })

const bytesOf = ({ buffer, byteLength, byteOffset }: Float32Array | Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** Rows whose ids, vectors and terms are there already, put into a file in one transaction a call. */
const bareSqlite = (path: string) => {
  const db = new DatabaseSync(path)
  db.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE memory (
      rid INTEGER PRIMARY KEY, sid INTEGER NOT NULL, id TEXT NOT NULL, flags INTEGER NOT NULL, session_key INTEGER,
      turn INTEGER, said_at INTEGER NOT NULL, importance REAL NOT NULL, created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL, expires_at INTEGER, valid_from INTEGER NOT NULL, valid_to INTEGER, history TEXT,
      superseded_by TEXT, access_count INTEGER NOT NULL, accessed_at INTEGER, changed INTEGER
    );
    CREATE UNIQUE INDEX memory_id ON memory (sid, id);
    CREATE INDEX memory_created ON memory (sid, created_at, id);
    CREATE INDEX memory_said ON memory (sid, said_at);
    CREATE INDEX memory_place ON memory (sid, session_key, turn) WHERE session_key IS NOT NULL;
    CREATE INDEX memory_expiry ON memory (expires_at) WHERE expires_at IS NOT NULL;
    CREATE TABLE body (rid INTEGER PRIMARY KEY, data BLOB NOT NULL);
  `)
  const insert = db.prepare(
    "INSERT INTO memory VALUES (NULL, ?, ?, 0, ?, ?, ?, 0.5, ?, ?, NULL, ?, NULL, NULL, NULL, 0, NULL, NULL) ON CONFLICT DO NOTHING"
  )
  const insertBody = db.prepare("INSERT INTO body VALUES (?, ?)")
  let turn = 0
  return {
    put: (rows: ReadonlyArray<BareRow>): number => {
      db.exec("BEGIN IMMEDIATE")
      for (const { content, terms, vector } of rows) {
        const now = Date.now()
        const { lastInsertRowid } = insert.run(1, randomUUID(), 1, turn++, now, now, now, now)
        const parts = [bytesOf(vector), bytesOf(terms.ids), bytesOf(terms.weights), Buffer.from(content)]
        insertBody.run(lastInsertRowid, Buffer.concat(parts))
      }
      db.exec("COMMIT")
      return rows.length
    },
    close: () => db.close()
  }
}

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const opened = await openEmbedded(join(folder, "keepsake.db"))
    const bare = bareSqlite(join(folder, "bare.db"))
    const memory = await Effect.runPromise(opened.memory.for(scopeOf(0)))
    const measured = async (size: number, rounds: number, first: number): Promise<Row> => {
      const at = (round: number) => first + round * size
      const texts = Array.from({ length: 2 * rounds }, (_, round) =>
        Array.from({ length: size }, (_, i) => textAndVector(at(round) + i))
      )
      const finished = texts.map((batch) => batch.map(withTerms))
      const { insertion, keepsake, sqlite } = await interleaved(
        {
          keepsake: async (round) => {
            const statements = Array.from({ length: size }, (_, i) =>
              statementOf({ user: 0, index: at(round) + i })
            )
            const [only] = statements
            if (size === 1 && only !== undefined) await Effect.runPromise(memory.remember(only))
            else await Effect.runPromise(memory.rememberMany(statements))
          },
          sqlite: (round) => bare.put((texts[round] ?? []).map(withTerms)),
          insertion: (round) => bare.put(finished[round] ?? [])
        },
        { rounds }
      )
      return atLeast(
        {
          name: size === 1 ? "remember, durable, one by one" : `remember, durable, batches of ${size}`,
          value: (1_000 * size) / keepsake.median,
          unit: "rows/s",
          against: "bare node:sqlite",
          baseline: (1_000 * size) / sqlite.median,
          note:
            `${keepsake.median.toFixed(2)} ms a call against ${sqlite.median.toFixed(2)} ms, p99 ${keepsake.p99.toFixed(1)} against ` +
            `${sqlite.p99.toFixed(1)} ms; synchronous = FULL on both sides. The bare side is given vectors, makes the terms, and inserts ` +
            `blindly (with terms ready-made too, ${insertion.median.toFixed(2)} ms); ours also checks, embeds by stub, derives ids and looks for what is known`
        },
        0.7
      )
    }
    const single = await measured(1, quick ? 60 : 300, 0)
    const batch = await measured(BATCH, quick ? 10 : 50, 10_000)
    await opened.close()
    bare.close()
    return [single, batch]
  })
