/** One hnswlib graph over everybody's memories, asked with a callback that lets one user's through. */
import { bareGraph, loadHnswlib } from "../bare/graph.ts"
import { queryVector, sequence, zipfSizes } from "../data.ts"
import { timed, timing } from "../measure.ts"
import { answer } from "../ownProcess.ts"

export interface GlobalGraph {
  readonly p50: number
  readonly p99: number
  readonly perSecond: number
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
  const random = sequence(7)
  const samples: Array<number> = []
  for (let round = 0; round < Number(queries); round++) {
    // By size: a memory drawn evenly belongs to a user drawn by size.
    const user = owner[Math.floor(random() * label)] ?? 0
    const query = Array.from(queryVector(user, round))
    samples.push(
      await timed(() => graph.searchKnn(query, Math.min(10, sizes[user] ?? 1), (one) => owner[one] === user))
    )
  }
  const { median, p99 } = timing(samples)
  answer({
    p50: median,
    p99,
    perSecond: 1_000 / (samples.reduce((a, b) => a + b, 0) / samples.length),
    rssMB: process.memoryUsage.rss() / 1e6
  } satisfies GlobalGraph)
}
