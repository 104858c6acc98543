/** Searches the memories of many users, and answers with speed, recall and memory use. */
import { Effect } from "effect"
import { makeQuery, makeScope, zipfSizes } from "../data.ts"
import { waitForGraphs } from "../cachedFiles.ts"
import { type Opened, openEmbedded, searchByMeaning } from "../opened.ts"
import { answer } from "../ownProcess.ts"
import { drawUsers, traffic, type Traffic } from "./traffic.ts"

export interface Warm {
  readonly weighted: Traffic
  readonly uniform: Traffic
  readonly wholeRecall: Traffic
  /** Share of the exact best 10 that is found, users drawn by size. */
  readonly recall: number
  readonly rssMB: number
}

const LIMIT = 10
/** With `graphs`, the cache holds the graphs of large scopes, and the process waits for them. */
const [, , path = "", memories = "", users = "", queries = "", cacheMB = "", graphs = ""] = process.argv
const sizes = zipfSizes(Number(memories), Number(users))

const opened = await openEmbedded(path, { cacheBytes: Number(cacheMB) * 2 ** 20 })
const { uniform, weighted } = drawUsers(sizes, Number(queries))
const channel = (user: number, round: number) =>
  Effect.runPromise(searchByMeaning(opened, user, round, LIMIT))
const clients = new Map<number, ReturnType<Opened["client"]["for"]>>()
const recall = (user: number, round: number) => {
  const client = clients.get(user) ?? opened.client.for(makeScope(user))
  clients.set(user, client)
  return client.recall(makeQuery(user, round), { minScore: 0 })
}

if (graphs === "graphs") await waitForGraphs(opened, { path, sizes })
// Warms up: a scope is read from the file on its first search.
await traffic(weighted, channel)
await traffic(uniform, channel)
const result: Warm = {
  weighted: await traffic(weighted, channel),
  uniform: await traffic(uniform, channel),
  wholeRecall: await traffic(weighted.slice(0, 200), recall),
  recall: await (async () => {
    let found = 0
    let total = 0
    for (const [round, user] of weighted.slice(0, 200).entries()) {
      const truth = await Effect.runPromise(searchByMeaning(opened, user, round, LIMIT, true))
      const result = await Effect.runPromise(searchByMeaning(opened, user, round, LIMIT))
      const ids = new Set(result.hits.map(({ facts }) => facts.id))
      total += truth.hits.length
      found += truth.hits.filter(({ facts }) => ids.has(facts.id)).length
    }
    return found / total
  })(),
  rssMB: process.memoryUsage.rss() / 1e6
}
await opened.close()
answer(result)
