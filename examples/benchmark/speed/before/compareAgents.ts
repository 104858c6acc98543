/**
 * Compares the time that the agent adds to a turn with that of another checkout, side by side: `node compareAgents.ts
 * CHECKOUT [--quick]` (see `compare.ts`). Recall, injection, the awaited write, a tool's call and the kept history
 * are in it; both sides wait for their own local server.
 */
import { mkdirSync } from "node:fs"
import { withFolder } from "../folder.ts"
import { timing } from "../measure.ts"
import type { Turns, TurnTimes } from "./agentSide.ts"
import { Sides } from "./sides.ts"

/** Calls of one kind that one side is asked for before the other takes its turn. */
const BLOCK = 5

const PAIRS = [
  { what: "a turn", call: "turn", bare: "bare" },
  { what: "a turn with a tool, in one session", call: "toolTurn", bare: "bareTool" }
] as const

const compare = async (sides: Sides<Turns, TurnTimes>, memories: number, blocks: number): Promise<void> => {
  for (const { bare, call, what } of PAIRS) {
    // The first third compiles the code.
    const tasks = (kind: Turns["call"]): ReadonlyArray<Turns> =>
      Array.from({ length: blocks }, (_, i) => ({ call: kind, from: i * BLOCK, to: (i + 1) * BLOCK }))
    const median = (taken: ReadonlyArray<TurnTimes>): number =>
      timing(taken.slice(Math.ceil(blocks / 3)).flat()).median
    const turns = await sides.askInTurn(tasks(call))
    const bares = await sides.askInTurn(tasks(bare))
    const before = median(turns.before) - median(bares.before)
    const own = median(turns.now) - median(bares.now)
    const name = `${memories.toLocaleString("en-US")} memories: ${what}, p50 added`
    process.stdout.write(
      `${name.padEnd(64)} ${own.toFixed(2)} ms against ${before.toFixed(2)}: ${(own / before).toFixed(2)}×\n`
    )
  }
}

const [, , checkout, flag] = process.argv
if (checkout === undefined) throw new Error("name the folder of the other checkout")
for (const memories of flag === "--quick" ? [200] : [200, 5_000]) {
  await withFolder(async (folder) => {
    const script = new URL("./agentSide.ts", import.meta.url)
    for (const name of ["before", "now"]) mkdirSync(`${folder}/${name}`)
    const sides = await Sides.start<Turns, TurnTimes>(script, checkout, (name) => [
      `${folder}/${name}`,
      String(memories)
    ])
    await compare(sides, memories, flag === "--quick" ? 12 : 60)
    sides.end()
  })
}
