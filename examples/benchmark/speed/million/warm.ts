/** A process that asks many users' memories in turn and says how fast, how rightly, and in how many bytes. */
import { Effect } from "effect"
import { queryOf, scopeOf, zipfSizes } from "../data.ts"
import { settled } from "../kept.ts"
import { type Opened, openEmbedded, searchByMeaning } from "../opened.ts"
import { answer } from "../ownProcess.ts"
import { drawUsers, traffic, type Traffic } from "./traffic.ts"

export interface Warm {
  readonly weighted: Traffic
  readonly uniform: Traffic
  readonly wholeRecall: Traffic
  /** Share of the exact best 10 among those found, users drawn by size. */
  readonly recall: number
  readonly rssMB: number
}

const LIMIT = 10
/** `graphs` where there is room for those of heavy scopes: they are waited for. */
const [, , path = "", memories = "", users = "", queries = "", cacheMB = "", graphs = ""] = process.argv
const sizes = zipfSizes(Number(memories), Number(users))

const opened = await openEmbedded(path, { cacheBytes: Number(cacheMB) * 2 ** 20 })
const { uniform, weighted } = drawUsers(sizes, Number(queries))
const channel = (user: number, round: number) =>
  Effect.runPromise(searchByMeaning(opened, user, round, LIMIT))
const clients = new Map<number, ReturnType<Opened["client"]["for"]>>()
const recall = (user: number, round: number) => {
  const client = clients.get(user) ?? opened.client.for(scopeOf(user))
  clients.set(user, client)
  return client.recall(queryOf(user, round), { minScore: 0 })
}

if (graphs === "graphs") await settled(opened, { path, sizes })
// Once unmeasured: scopes are read from the file when they are first asked.
await traffic(weighted, channel)
await traffic(uniform, channel)
const result: Warm = {
  weighted: await traffic(weighted, channel),
  uniform: await traffic(uniform, channel),
  wholeRecall: await traffic(weighted.slice(0, 200), recall),
  recall: await (async () => {
    let found = 0
    let wanted = 0
    for (const [round, user] of weighted.slice(0, 200).entries()) {
      const truth = await Effect.runPromise(searchByMeaning(opened, user, round, LIMIT, true))
      const given = await Effect.runPromise(searchByMeaning(opened, user, round, LIMIT))
      const ids = new Set(given.hits.map(({ memory }) => memory.id))
      wanted += truth.hits.length
      found += truth.hits.filter(({ memory }) => ids.has(memory.id)).length
    }
    return found / wanted
  })(),
  rssMB: process.memoryUsage.rss() / 1e6
}
await opened.close()
answer(result)
