/** Durable writes, compared with hand-written node:sqlite with the same columns, indexes, vector and terms. */
import { type Statement } from "@keepsake/core"
import { documentTerms } from "@keepsake/core/driver"
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import { makeScope, makeStatement, stubVector } from "./data.ts"
import { withFolder } from "./folder.ts"
import { interleaved, type Timing } from "./measure.ts"
import { openEmbedded } from "./opened.ts"
import { atLeast, type Row } from "./Row.ts"
import type { Settings } from "./Settings.ts"

const BATCH = 100
/**
 * Rows of the warm-up: by then the code is compiled, and each file's log has its full length (a growing log syncs
 * more slowly, on both sides).
 */
const WARMUP_ROWS = 1_500

const toBytes = ({ buffer, byteLength, byteOffset }: Float32Array | Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** Stores the same data by hand: embeds, makes the terms, and inserts in one transaction per call. */
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
    put: (statements: ReadonlyArray<Statement>): void => {
      db.exec("BEGIN IMMEDIATE")
      for (const { content } of statements) {
        const vector = stubVector(content)
        const terms = documentTerms(content)
        const now = Date.now()
        const { lastInsertRowid } = insert.run(1, randomUUID(), 1, turn++, now, now, now, now)
        const parts = [toBytes(vector), toBytes(terms.ids), toBytes(terms.weights), Buffer.from(content)]
        insertBody.run(lastInsertRowid, Buffer.concat(parts))
      }
      db.exec("COMMIT")
    },
    close: () => db.close()
  }
}

/** Rows per second over the whole time, checkpoints included. */
const formatTotalRate = ({ samples }: Timing, size: number): string =>
  ((1_000 * size * samples.length) / samples.reduce((a, b) => a + b)).toFixed(0)

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const opened = await openEmbedded(join(folder, "keepsake.db"))
    const bare = bareSqlite(join(folder, "bare.db"))
    const memory = await Effect.runPromise(opened.memory.for(makeScope(0)))
    const measure = async (size: number, rounds: number, first: number): Promise<Row> => {
      const warmup = Math.ceil((quick ? 0.1 : 1) * (WARMUP_ROWS / size))
      const batches = Array.from({ length: warmup + rounds }, (_, round) =>
        Array.from({ length: size }, (_, i) => makeStatement({ user: 0, index: first + round * size + i }))
      )
      const { keepsake, sqlite } = await interleaved(
        {
          keepsake: (round) => {
            const batch = batches[round] ?? []
            const [only] = batch
            return size === 1 && only !== undefined
              ? Effect.runPromise(memory.remember(only))
              : Effect.runPromise(memory.rememberMany(batch))
          },
          sqlite: (round) => bare.put(batches[round] ?? [])
        },
        { rounds, warmup }
      )
      return atLeast(
        {
          name: size === 1 ? "remember, durable, one by one" : `remember, durable, batches of ${size}`,
          value: (1_000 * size) / keepsake.median,
          unit: "rows/s",
          against: "bare node:sqlite",
          baseline: (1_000 * size) / sqlite.median,
          note:
            `${keepsake.median.toFixed(2)} ms per call against ${sqlite.median.toFixed(2)} ms, p99 ${keepsake.p99.toFixed(1)} against ` +
            `${sqlite.p99.toFixed(1)} ms; with checkpoints, which the medians leave out, ${formatTotalRate(keepsake, size)} rows/s against ` +
            `${formatTotalRate(sqlite, size)}. synchronous = FULL on both sides. Both use the stub embedder and make the terms; the bare side only ` +
            `inserts, ours also checks input, derives ids, finds existing rows, and stores texts so that they can be erased`
        },
        0.7
      )
    }
    const single = await measure(1, quick ? 60 : 1_000, 0)
    const batch = await measure(BATCH, quick ? 10 : 100, 10_000)
    await opened.close()
    bare.close()
    return [single, batch]
  })
