/** What shared scopes cost: recall and context over one's own memory alone, and with others read beside it. */
import { join } from "node:path"
import { makeQuery, makeScope } from "./data.ts"
import { withFolder } from "./folder.ts"
import { interleaved, type Operation } from "./measure.ts"
import { fill, openEmbedded } from "./opened.ts"
import { reported, type Row } from "./Row.ts"
import type { Settings } from "./Settings.ts"

/** How many scopes are read, one's own among them. */
const SCOPES = [1, 2, 4, 8]

const VERBS = ["recall", "context"] as const

const measure = async (folder: string, { quick }: Settings): Promise<ReadonlyArray<Row>> => {
  const size = quick ? 500 : 5_000
  const opened = await openEmbedded(join(folder, "reads.db"), { synchronous: "normal" })
  for (const user of Array.from({ length: Math.max(...SCOPES) }).keys()) await fill(opened, user, 0, size)
  const operations: { [name: string]: Operation } = {}
  for (const count of SCOPES) {
    const reads = Array.from({ length: count - 1 }, (_, i) => makeScope(i + 1))
    const memory = opened.client.for(makeScope(0), { reads })
    for (const verb of VERBS) operations[`${verb} ${count}`] = (round) => memory[verb](makeQuery(0, round))
  }
  const times = await interleaved(operations, { rounds: quick ? 30 : 200 })
  await opened.close()
  return VERBS.flatMap((verb) =>
    SCOPES.slice(1).map((count) => {
      const timing = times[`${verb} ${count}`]
      return reported({
        name: `${verb} over ${count} scopes`,
        value: timing?.median ?? Number.NaN,
        unit: "ms",
        against: "one's own alone",
        baseline: times[`${verb} 1`]?.median ?? Number.NaN,
        note: `${size} memories in each; p99 ${timing?.p99.toFixed(1)} ms`
      })
    })
  )
}

export const rows = (settings: Settings): Promise<ReadonlyArray<Row>> =>
  withFolder((folder) => measure(folder, settings))
