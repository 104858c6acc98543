/** One process of several over one file: opens it, waits to be started, reads and writes, and tells its times. */
import { once } from "node:events"
import { setTimeout as pause } from "node:timers/promises"
import { makeQuery, makeScope, makeStatement, sequence } from "../data.ts"
import { timed } from "../measure.ts"
import { openEmbedded } from "../opened.ts"
import { answer } from "../ownProcess.ts"
import { openBare } from "./bareWork.ts"
import { MEMORIES, type Times, USERS, type Work } from "./Times.ts"

/** One call in four is a write, as in a chat that stores what is said and recalls for each answer. */
const WRITES = 1 / 4
/** Between two calls of a process, on average: a server with free time left. */
const PAUSE_MS = 20

const openOurs = async (path: string): Promise<Work> => {
  const { client, close } = await openEmbedded(path)
  return {
    read: (user, round) => client.for(makeScope(user)).recall(makeQuery(user, round)),
    write: (user, index) => client.for(makeScope(user)).remember(makeStatement({ user, index })),
    close
  }
}

const [, , side = "ours", path = "", number = "0", count = "100"] = process.argv
const { close, read, write } = side === "ours" ? await openOurs(path) : openBare(path)
const random = sequence(7 + Number(number))
const reads: Array<number> = []
const writes: Array<number> = []
// Every user is in memory before the first call that counts.
for (let user = 0; user < USERS; user++) await read(user, user)
// A parent that has ended has no use for the rest.
process.once("disconnect", () => process.exit())
process.send?.("ready")
await once(process, "message")
for (let i = 0; i < Number(count); i++) {
  await pause(2 * PAUSE_MS * random())
  const user = Math.floor(USERS * random())
  if (random() < WRITES) {
    const index = MEMORIES + Number(count) * Number(number) + i
    writes.push(await timed(() => write(user, index)))
  } else reads.push(await timed(() => read(user, i)))
}
await close()
process.removeAllListeners("disconnect")
answer({ reads, writes, written: writes.length } satisfies Times)
