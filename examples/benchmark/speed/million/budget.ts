/** Whole recalls of many users in a memory of a given size: their times, and what the process grows by. */
import { makeQuery, makeScope } from "../data.ts"
import { openEmbedded } from "../opened.ts"
import { answer } from "../ownProcess.ts"
import { drawUsers, traffic, type Traffic } from "./traffic.ts"

export interface Budget {
  /** Users drawn in proportion to their memories. */
  readonly weighted: Traffic
  readonly uniform: Traffic
  /** The most resident memory above that of the process before it opened the file, 10^6 bytes. */
  readonly grownMB: number
}

/** Recalls between two looks at the process's memory. */
const BLOCK = 20

const [, , path = "", sizes = "[]", count = "", cacheMB = ""] = process.argv
const startRss = process.memoryUsage.rss()
let grown = 0
const look = () => (grown = Math.max(grown, process.memoryUsage.rss() - startRss))
const { client, close } = await openEmbedded(path, { cacheBytes: Number(cacheMB) * 2 ** 20 })
const ask = async (user: number, round: number): Promise<void> => {
  await client.for(makeScope(user)).recall(makeQuery(user, round), { minScore: 0 })
  if (round % BLOCK === 0) look()
}
const { uniform, weighted } = drawUsers(JSON.parse(sizes) as ReadonlyArray<number>, Number(count))
/** A question is new each time: the same users are asked another one before those that count. */
const measure = async (users: ReadonlyArray<number>): Promise<Traffic> => {
  await traffic(users, (user, round) => ask(user, round + users.length))
  return traffic(users, ask)
}
const result = { uniform: await measure(uniform), weighted: await measure(weighted) }
look()
await close()
answer({ ...result, grownMB: grown / 1e6 } satisfies Budget)
