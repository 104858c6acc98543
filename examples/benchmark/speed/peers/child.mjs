// Runs one peer in a separate process: `child.mjs NAME PACKAGES FILE`. Takes one message at a time, { fill: [user, from, vectors] }
// or { search: user, vector }, and answers with its milliseconds. The first message is about opening.
import { createRequire } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const [, , name, packages, file] = process.argv
const require = createRequire(join(packages, "package.json"))
const load = (specifier) => import(pathToFileURL(require.resolve(specifier)).href)

const DIMENSIONS = 384
const LIMIT = 10

/** Vectors alone, a partition for each user. */
const sqliteVec = async () => {
  const { DatabaseSync } = await import("node:sqlite")
  const { getLoadablePath } = await load("sqlite-vec")
  const db = new DatabaseSync(file, { allowExtension: true })
  db.loadExtension(getLoadablePath())
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  db.exec(
    `CREATE VIRTUAL TABLE IF NOT EXISTS memory USING vec0 (user INTEGER PARTITION KEY, vector FLOAT[${DIMENSIONS}] distance_metric=cosine)`
  )
  const insert = db.prepare("INSERT INTO memory (user, vector) VALUES (?, ?)")
  const select = db.prepare(
    "SELECT rowid, distance FROM memory WHERE user = ? AND vector MATCH ? AND k = ? ORDER BY distance"
  )
  return {
    fill: (user, vectors) => {
      db.exec("BEGIN")
      for (const vector of vectors) insert.run(BigInt(user), new Uint8Array(vector.buffer))
      db.exec("COMMIT")
    },
    search: (user, vector) => select.all(BigInt(user), new Uint8Array(vector.buffer), LIMIT).length
  }
}

/** In memory: a new process has nothing. */
const langgraph = async () => {
  const { InMemoryStore } = await load("@langchain/langgraph-checkpoint")
  const known = new Map()
  const embeddings = {
    embedQuery: async (text) => known.get(text),
    embedDocuments: async (texts) => texts.map((text) => known.get(text))
  }
  const store = new InMemoryStore({ index: { dims: DIMENSIONS, embeddings, fields: ["text"] } })
  let count = 0
  return {
    fill: async (user, vectors) => {
      for (const vector of vectors) {
        const text = `text ${count++}`
        known.set(text, Array.from(vector))
        await store.put([`user-${user}`], text, { text })
        known.delete(text)
      }
    },
    search: async (user, vector) => {
      known.set("question", Array.from(vector))
      return (await store.search([`user-${user}`], { query: "question", limit: LIMIT })).length
    }
  }
}

/** A scan with a filter: its index pays for far larger tables. */
const lancedb = async () => {
  const { connect } = await load("@lancedb/lancedb")
  const db = await connect(file)
  const names = await db.tableNames()
  let table = names.includes("memory") ? await db.openTable("memory") : null
  return {
    fill: async (user, vectors) => {
      const rows = vectors.map((vector) => ({ user, vector: Array.from(vector) }))
      if (table === null) table = await db.createTable("memory", rows)
      else await table.add(rows)
    },
    search: async (user, vector) =>
      (
        await table
          .search(Array.from(vector))
          .distanceType("cosine")
          .where(`user = ${user}`)
          .limit(LIMIT)
          .toArray()
      ).length
  }
}

/** A scan of the user's rows, by an index on the user. */
const libsql = async () => {
  const { default: Database } = await load("libsql")
  const db = new Database(file)
  db.exec("PRAGMA journal_mode = WAL")
  db.exec(
    `CREATE TABLE IF NOT EXISTS memory (id INTEGER PRIMARY KEY, user INTEGER, vector F32_BLOB(${DIMENSIONS}))`
  )
  db.exec("CREATE INDEX IF NOT EXISTS memory_user ON memory (user)")
  const insert = db.prepare("INSERT INTO memory (user, vector) VALUES (?, ?)")
  const select = db.prepare(
    "SELECT id, vector_distance_cos(vector, ?) AS distance FROM memory WHERE user = ? ORDER BY distance LIMIT ?"
  )
  return {
    fill: (user, vectors) => {
      db.exec("BEGIN")
      for (const vector of vectors) insert.run(user, Buffer.from(vector.buffer))
      db.exec("COMMIT")
    },
    search: (user, vector) => select.all(Buffer.from(vector.buffer), user, LIMIT).length
  }
}

// Imports are not opening, on either side.
const module = {
  "sqlite-vec": "sqlite-vec",
  langgraph: "@langchain/langgraph-checkpoint",
  lancedb: "@lancedb/lancedb",
  libsql: "libsql"
}[name]
await load(module)
const start = performance.now()
const peer = await { "sqlite-vec": sqliteVec, langgraph, lancedb, libsql }[name]()
process.send({ ms: performance.now() - start, found: 0 })

const answer = async ({ fill, user, vectors }) => {
  const floats = vectors.map((bytes) => new Float32Array(new Uint8Array(bytes).buffer))
  const before = performance.now()
  try {
    const found = fill ? await peer.fill(user, floats) : await peer.search(user, floats[0])
    process.send({ ms: performance.now() - before, found: found ?? 0 })
  } catch (error) {
    process.send({ error: String(error) })
  }
}

process.on("message", (message) => void answer(message))
