// Runs the peer in a separate process and under another Node, which may be too old for TypeScript.
// Takes one message at a time, { add, user } or { search, user }, and answers with its milliseconds.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const [, , packageFolder, dataFolder] = process.argv
mkdirSync(dataFolder, { recursive: true })
process.env.MEM0_TELEMETRY = "false"
process.env.MEM0_DIR = dataFolder
process.env.HOME = dataFolder

/** Each message carries its vectors: the peer only looks them up. */
let vectors = new Map()
const embed = (text) => vectors.get(text) ?? [1, ...Array.from({ length: 383 }, () => 0)]

const { Memory } = await import(pathToFileURL(join(packageFolder, "dist", "oss", "index.mjs")).href)
const memory = new Memory({
  embedder: {
    provider: "langchain",
    config: {
      model: { embedQuery: async (text) => embed(text), embedDocuments: async (texts) => texts.map(embed) }
    }
  },
  // Never called, because memories are added verbatim; the constructor requires a key.
  llm: { provider: "openai", config: { apiKey: "unused", model: "unused" } },
  vectorStore: { provider: "memory", config: { dimension: 384, dbPath: join(dataFolder, "vectors.db") } },
  historyDbPath: join(dataFolder, "history.db")
})

const run = async ({ add, search, user }) => {
  if (add) {
    const messages = add.map((content) => ({ role: "user", content }))
    return memory.add(messages, { userId: user, infer: false })
  }
  return memory.search(search, { topK: 10, filters: { user_id: user } })
}

const answer = async (message) => {
  vectors = new Map(message.vectors)
  const start = performance.now()
  try {
    const { results } = await run(message)
    process.send({ ms: performance.now() - start, results: results.length })
  } catch (error) {
    process.send({ error: String(error) })
  }
}
process.on("message", (message) => void answer(message))
process.send({ ms: 0, results: 0 })
