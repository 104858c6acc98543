/** A file of two users, what it answers, and ways to damage it. For tests and for `pnpm attack`. */
import { HnswStore } from "@keepsake/backend-hnsw"
import {
  AgentMemory,
  Embedder,
  type Memory,
  type MemoryClient,
  MemoryError,
  promiseClient
} from "@keepsake/core"
import { Layer, Logger } from "effect"
import { closeSync, openSync, readFileSync, readSync, statSync, writeSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { DIMENSIONS, direction } from "./rows.ts"

const USERS = ["ana", "bo"] as const
const QUESTIONS = ["who likes the number 7?", "what did the captain say about the harbour?", "numbers"]

const seedOf = (text: string): number => {
  let seed = 7
  for (const letter of text.slice(0, 40)) seed = (seed * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003
  return seed
}

const embedder = Embedder.layer({
  model: "test",
  dimensions: DIMENSIONS,
  embed: (texts) => texts.map((text) => direction(seedOf(text), DIMENSIONS))
})

const open = async (path: string, warnings: Array<string>): Promise<MemoryClient> =>
  promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provideMerge(HnswStore.layer({ path, accessCounts: false })),
      Layer.provide(embedder),
      Layer.provideMerge(Logger.layer([Logger.make(({ message }) => warnings.push(String(message)))]))
    )
  )

const LONG = Array.from(
  { length: 60 },
  (_, i) => `Chapter ${i}. The captain said on day ${i} that the harbour of town ${i % 7} was closed.`
).join("\n\n")

/** Fills a new file. */
export const makeFile = async (path: string): Promise<void> => {
  await using memory = await open(path, [])
  for (const userId of USERS) {
    const user = memory.for({ userId })
    await user.rememberMany(
      Array.from({ length: 40 }, (_, i) => ({
        content: `${userId} likes the number ${i} of ${userId}'s own list`,
        speaker: userId,
        saidAt: 1_700_000_000_000 + i,
        ...(i % 2 === 0 ? { sessionId: `talk ${i % 3}` } : {}),
        metadata: { place: i }
      }))
    )
    await user.remember(`${userId} wrote a book. ${LONG}`)
    await user.appendEntries([{ sessionId: "talk 1", kind: "notes", number: 0, content: `of ${userId}` }])
  }
}

/** Accesses are counted in place, without a sum. */
const withoutCounts = (memory: Memory): object => ({ ...memory, accessCount: 0, lastAccessedAt: null })

interface Answer {
  readonly name: string
  readonly userId: string
  readonly memories: ReadonlyArray<Memory>
  /** All that the answer says, as JSON. */
  readonly shown: string
  /** It says itself that something is missing. */
  readonly isDegraded: boolean
}

/** What a file says: answers, and questions that failed. */
export interface Heard {
  readonly answers: ReadonlyArray<Answer>
  readonly failed: ReadonlyMap<string, unknown>
  readonly warnings: ReadonlyArray<string>
}

const toAnswer = (
  name: string,
  userId: string,
  memories: ReadonlyArray<Memory>,
  more: unknown = null,
  isDegraded = false
): Answer => ({
  name: `${name} of ${userId}`,
  userId,
  memories,
  shown: JSON.stringify([memories.map(withoutCounts), more]),
  isDegraded
})

/** Asks everything that a file can be asked. @param ids of each user's memories, from the intact file */
export const ask = async (path: string, ids: ReadonlyMap<string, ReadonlyArray<string>>): Promise<Heard> => {
  const warnings: Array<string> = []
  const answers: Array<Answer> = []
  const failed = new Map<string, unknown>()
  const attempt = async (name: string, userId: string, run: () => Promise<Answer>) => {
    try {
      answers.push(await run())
    } catch (error) {
      failed.set(`${name} of ${userId}`, error)
    }
  }
  let memory: MemoryClient
  try {
    memory = await open(path, warnings)
  } catch (error) {
    return { answers, failed: new Map([["open", error]]), warnings }
  }
  for (const userId of USERS) {
    const user = memory.for({ userId })
    for (const question of QUESTIONS) {
      await attempt(question, userId, async () => {
        const found = await user.recall(question, { limit: 20 })
        // Scores change with the time of day in their last digits.
        const passages = found.map(({ passage, score }) => [score.toFixed(3), passage?.text])
        return toAnswer(
          question,
          userId,
          found.map((item) => item.memory),
          passages,
          (found.degraded ?? null) !== null
        )
      })
    }
    await attempt("list", userId, async () => {
      const listed: Array<Memory> = []
      for await (const one of user.export()) listed.push(one)
      return toAnswer("list", userId, listed)
    })
    await attempt("entries", userId, async () => {
      const entries = await user.entries({ sessionId: "talk 1", kind: "notes" })
      return toAnswer(
        "entries",
        userId,
        [],
        entries.map(({ content, number }) => [content, number])
      )
    })
    for (const id of ids.get(userId) ?? []) {
      await attempt(id, userId, async () => {
        const one = await user.get(id)
        return toAnswer(id, userId, one === null ? [] : [one])
      })
    }
  }
  await memory.close().catch((error: unknown) => failed.set("close", error))
  return { answers, failed, warnings }
}

/** The ids of each user's memories. */
export const readIds = (heard: Heard): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(
    heard.answers.flatMap(({ memories, name, userId }) =>
      name.startsWith("list") ? [[userId, memories.map(({ id }) => id)]] : []
    )
  )

/**
 * What a damaged file says that is wrong without a word about it: another's memory, one that was never said, or less
 * than there was. Failures that are no `MemoryError` are wrong too.
 */
export const findWrong = (truth: Heard, heard: Heard): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const known = new Map(
    truth.answers.flatMap(({ memories, userId }) =>
      memories.map((memory) => [`${userId} ${memory.id}`, JSON.stringify(withoutCounts(memory))])
    )
  )
  const truthByName = new Map(truth.answers.map((answer) => [answer.name, answer.shown]))
  for (const { isDegraded, memories, name, shown, userId } of heard.answers) {
    for (const memory of memories) {
      const said = known.get(`${userId} ${memory.id}`)
      if (said === undefined || said !== JSON.stringify(withoutCounts(memory)))
        wrong.push(`${name}: a memory that was never said: ${JSON.stringify(memory).slice(0, 200)}`)
    }
    const isQuiet = !isDegraded && heard.warnings.length === 0
    if (isQuiet && shown !== truthByName.get(name)) wrong.push(`${name}: less, in silence`)
  }
  for (const [name, error] of heard.failed)
    if (!(error instanceof MemoryError)) wrong.push(`${name}: ${String(error)}`)
  return wrong
}

/** Random numbers that a seed repeats. */
export const makeRandom = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

export type Random = ReturnType<typeof makeRandom>

/** Changes bytes of the file itself: one, some, a page zeroed, or a page in another's place. Says what it did. */
export const damageBytes = (path: string, random: Random): string => {
  const { size } = statSync(path)
  const pageSize = readFileSync(path).readUInt16BE(16)
  const file = openSync(path, "r+")
  try {
    const kind = random(4)
    // The first page's header names the file: a file that is no store is another matter.
    const at = 100 + random(size - 200)
    if (kind < 2) {
      const bytes = Buffer.alloc(kind === 0 ? 1 : 16)
      readSync(file, bytes, 0, bytes.length, at)
      bytes[0] = (bytes[0] ?? 0) ^ (1 << random(8))
      for (let i = 1; i < bytes.length; i++) bytes[i] = random(256)
      writeSync(file, bytes, 0, bytes.length, at)
      return `${bytes.length} bytes at ${at}`
    }
    const page = 1 + random(size / pageSize - 1)
    const bytes = Buffer.alloc(pageSize)
    const from = 1 + random(size / pageSize - 1)
    if (kind === 3) readSync(file, bytes, 0, pageSize, from * pageSize)
    writeSync(file, bytes, 0, pageSize, page * pageSize)
    return kind === 2 ? `page ${page} zeroed` : `page ${from} over page ${page}`
  } finally {
    closeSync(file)
  }
}

/** Changes a byte of one value through SQL, as a program or a bad memory chip would. Says what it did. */
export const damageValue = (path: string, random: Random): string => {
  const db = new DatabaseSync(path)
  try {
    const body = String(
      db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'body_%' ORDER BY name DESC").get()?.["name"]
    )
    const targets = [
      [body, "data"],
      [body, "data"],
      [body, "data"],
      ["entry_body", "data"],
      ["scope_name", "data"],
      ...["flags", "said_at", "created_at", "importance", "expires_at", "valid_to", "turn", "id"].map(
        (column) => ["memory", column] as const
      )
    ] as const
    const [table, column] = targets[random(targets.length)] ?? [body, "data"]
    const rows = db.prepare(`SELECT rowid AS number, ${column} AS value FROM ${table}`).all()
    const { number = null, value = null } = rows[random(rows.length)] ?? {}
    const set = db.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`)
    if (value instanceof Uint8Array) {
      // The beginning of a blob is empty.
      const used = Array.from(value, (byte, i) => (byte === 0 ? -1 : i)).filter((i) => i >= 0)
      const at = used[random(used.length)] ?? 0
      const bytes = Uint8Array.from(value)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8))
      set.run(bytes, number)
      return `${table} ${String(number)} byte ${at}`
    }
    if (typeof value === "string") set.run(value.replace(/^./u, value.startsWith("a") ? "b" : "a"), number)
    else set.run(typeof value === "number" ? value + 1 + random(50) : 1_600_000_000_000, number)
    return `${table}.${column} ${String(number)}`
  } finally {
    db.close()
  }
}
