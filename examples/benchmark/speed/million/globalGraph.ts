/** One hnswlib graph over the memories of all users, searched with a callback that accepts one user's. */
import { bareGraph, loadHnswlib } from "../bare/graph.ts"
import { queryVector, zipfSizes } from "../data.ts"
import { answer } from "../ownProcess.ts"
import { drawUsers, traffic, type Traffic } from "./traffic.ts"

export interface GlobalGraph {
  readonly weighted: Traffic
  readonly uniform: Traffic
  readonly rssMB: number
}

const [, , memories = "", users = "", queries = ""] = process.argv
const sizes = zipfSizes(Number(memories), Number(users))
const hnswlib = await loadHnswlib()
if (hnswlib === null) answer(null)
else {
  const owner = new Uint32Array(Number(memories))
  let label = 0
  sizes.forEach((size, user) => {
    owner.fill(user, label, label + size)
    label += size
  })
  const graph = await bareGraph(hnswlib, `global-${memories}-${users}`, sizes)
  graph.setEf(64)
  const search = (user: number, round: number) =>
    graph.searchKnn(
      Array.from(queryVector(user, round)),
      Math.min(10, sizes[user] ?? 1),
      (candidate) => owner[candidate] === user
    )
  const { uniform, weighted } = drawUsers(sizes, Number(queries))
  answer({
    weighted: await traffic(weighted, search),
    uniform: await traffic(uniform, search),
    rssMB: process.memoryUsage.rss() / 1e6
  } satisfies GlobalGraph)
}
