/** Mixed traffic for minutes: memory use must stay flat, and no handle may leak. */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { MemoryError } from "@keepsake/core"
import { makeQuery, makeScope, sequence, makeStatement } from "./data.ts"
import { withFolder } from "./folder.ts"
import { percentile, timing } from "./measure.ts"
import { type Opened, openEmbedded } from "./opened.ts"
import { answer } from "./ownProcess.ts"
import { type Row, within } from "./Row.ts"

const USERS = 200
/** A user with this many memories is forgotten and starts again, so that the data stays the same size. */
const MEMORIES_MAX = 300
/** An estimate for an assistant with a few hundred users. */
const CALLS_AN_HOUR = 36_000
const SAMPLES = 60
const GROWTH_MAX = 1.1

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

interface Sample {
  readonly heapMB: number
  readonly rssMB: number
  readonly handles: number
  readonly files: number
}

const openFiles = (): number => {
  try {
    return readdirSync("/proc/self/fd").length
  } catch {
    return 0
  }
}

const sample = (): Sample => {
  collect()
  const { external, heapUsed, rss } = process.memoryUsage()
  return {
    heapMB: (heapUsed + external) / 1e6,
    rssMB: rss / 1e6,
    handles: process.getActiveResourcesInfo().length,
    files: openFiles()
  }
}

/** Calls overlap: another call may have forgotten the memory, and a write during `forgetAll` is refused. */
const isGone = (error: unknown): boolean =>
  error instanceof MemoryError && (error.reason._tag === "NotFound" || error.reason._tag === "Conflict")

/** Makes one random call of a user, in the proportions of an assistant's traffic. */
const makeCall = async (
  opened: Opened,
  counts: Array<number>,
  random: () => number,
  round: number
): Promise<void> => {
  const user = Math.floor(random() ** 2 * USERS)
  const memory = opened.client.for(makeScope(user))
  const dice = random()
  const index = counts[user] ?? 0
  if (index >= MEMORIES_MAX) {
    counts[user] = 0
    await memory.forgetAll()
  } else if (dice < 0.45) await memory.recall(makeQuery(user, round), { minScore: 0 })
  else if (dice < 0.55) await memory.context(makeQuery(user, round))
  else if (dice < 0.8) {
    counts[user] = index + 1
    await memory.remember(makeStatement({ user, index }))
  } else if (dice < 0.88) {
    const { content } = makeStatement({ user, index })
    counts[user] = index + 2
    await memory.rememberExchange({
      user: content,
      assistant: content.toUpperCase(),
      sessionId: `chat-${round % 7}`
    })
  } else if (dice < 0.92) await memory.list({ limit: 50 })
  else {
    const [first] = (await memory.list({ limit: 1 })).rows
    if (first === undefined) return
    if (dice < 0.95) await memory.update(first.id, { importance: random() })
    else if (dice < 0.97) await memory.supersede(first.id, makeStatement({ user, index: 1_000_000 + round }))
    else await memory.forget(first.id)
  }
}

const mean = (values: ReadonlyArray<number>): number => values.reduce((a, b) => a + b, 0) / values.length

const flatRow = (
  samples: ReadonlyArray<Sample>,
  field: "heapMB" | "rssMB",
  name: string,
  note: string
): Row => {
  const values = samples.map((sample) => sample[field])
  // Skips the first quarter, in which the caches fill.
  const early = mean(values.slice(Math.floor(SAMPLES / 4), Math.floor(SAMPLES / 2)))
  const late = mean(values.slice(-Math.floor(SAMPLES / 4)))
  return {
    ...within({ name, value: late, unit: "MB", note }, `flat: ≤ ${GROWTH_MAX}×`, late / early <= GROWTH_MAX),
    against: "the second quarter",
    baseline: early,
    ratio: late / early
  }
}

const soak = async (minutes: number): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const opened = await openEmbedded(join(folder, "keepsake.db"), { cacheBytes: 32 * 2 ** 20 })
    const counts = Array.from({ length: USERS }, () => 0)
    const random = sequence(11)
    const samples: Array<Sample> = []
    const times: Array<number> = []
    const start = performance.now()
    const end = start + minutes * 60_000
    let round = 0
    while (performance.now() < end) {
      const before = performance.now()
      // Makes four calls at a time, because real requests overlap.
      await Promise.all(
        [0, 1, 2, 3].map(() =>
          makeCall(opened, counts, random, round++).catch((error: unknown) => {
            if (!isGone(error)) throw error
          })
        )
      )
      times.push((performance.now() - before) / 4)
      if (performance.now() - start > (samples.length + 1) * ((end - start) / SAMPLES)) samples.push(sample())
    }
    samples.push(sample())
    await opened.close()
    const [first, last] = [samples[Math.floor(SAMPLES / 4)], samples.at(-1)]
    const hours = round / CALLS_AN_HOUR
    const early = timing(times.slice(0, Math.floor(times.length / 4)))
    const late = timing(times.slice(-Math.floor(times.length / 4)))
    const note =
      `${round.toLocaleString("en-US")} calls of ${USERS} users in ${minutes} minutes, ${hours.toFixed(1)} hours' worth; ` +
      `a call took ${percentile(early.samples, 0.5).toFixed(2)} ms in the first quarter, ${percentile(late.samples, 0.5).toFixed(2)} ms in the last`
    const grown = Math.max(
      (last?.handles ?? 0) - (first?.handles ?? 0),
      (last?.files ?? 0) - (first?.files ?? 0)
    )
    return [
      flatRow(samples, "heapMB", "soak, heap and buffers after collection", note),
      flatRow(samples, "rssMB", "soak, resident memory", "includes freed memory that the allocator keeps"),
      within(
        {
          name: "soak, handles and open files",
          value: Math.max(last?.handles ?? 0, last?.files ?? 0),
          unit: "",
          note: `${first?.handles} handles and ${first?.files} files after the first quarter, ${last?.handles} and ${last?.files} at the end`
        },
        "no increase",
        grown <= 0
      )
    ]
  })

answer(await soak(Number(process.argv[2] ?? "10")))
