/** One process of several over one file: opens it, waits to be started, reads and writes, and tells its times. */
import { once } from "node:events"
import { availableParallelism } from "node:os"
import { setTimeout as pause } from "node:timers/promises"
import { makeQuery, makeScope, makeStatement, sequence } from "../data.ts"
import { timed } from "../measure.ts"
import { openEmbedded } from "../opened.ts"
import { answer } from "../ownProcess.ts"
import { openBare } from "./bareWork.ts"
import { MEMORIES, type Times, USERS, type Work } from "./Times.ts"

/** One call in four is a write, as in a chat that stores what is said and recalls for each answer. */
const WRITES = 1 / 4
/** Reads of each user before the first call that counts: a server in use has compiled its code. */
const WARM_ROUNDS = 10

const openOurs = async (path: string): Promise<Work> => {
  const { client, close } = await openEmbedded(path)
  return {
    read: (user, round) => client.for(makeScope(user)).recall(makeQuery(user, round)),
    write: (user, index) => client.for(makeScope(user)).remember(makeStatement({ user, index })),
    close
  }
}

const [, , side = "ours", path = "", number = "0", count = "100", processes = "1"] = process.argv
/** Between two calls, on average: a server whose processors have time left, however few it has. */
const pauseMs = 20 * Math.max(1, Number(processes) / availableParallelism())
const { close, read, write } = side === "ours" ? await openOurs(path) : openBare(path)
const random = sequence(7 + Number(number))
const reads: Array<number> = []
const writes: Array<number> = []
for (let i = 0; i < WARM_ROUNDS * USERS; i++) await read(i % USERS, i)
// A parent that has ended has no use for the rest.
process.once("disconnect", () => process.exit())
process.send?.("ready")
await once(process, "message")
const before = process.cpuUsage()
for (let i = 0; i < Number(count); i++) {
  await pause(2 * pauseMs * random())
  const user = Math.floor(USERS * random())
  if (random() < WRITES) {
    const index = MEMORIES + Number(count) * Number(number) + i
    writes.push(await timed(() => write(user, index)))
  } else reads.push(await timed(() => read(user, i)))
}
const { system, user } = process.cpuUsage(before)
await close()
process.removeAllListeners("disconnect")
const cpuMs = (system + user) / 1_000
answer({ reads, writes, cpuMs, written: writes.length } satisfies Times)
