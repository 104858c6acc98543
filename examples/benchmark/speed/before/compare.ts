/**
 * Compares the embedded store with that of another checkout, side by side: `node compare.ts CHECKOUT [--quick] [--rows 100000] [--vectors]`, where
 * CHECKOUT is a folder with the sources of an earlier commit and its dependencies (`git worktree add`, `pnpm install`).
 * Each side is a process; they take turns. Prints bytes a row, writes, recalls, removals and purges, each with its ratio to the other side.
 */
import { parseArgs } from "node:util"
import { withFolder } from "../folder.ts"
import { percentile, timing } from "../measure.ts"
import type { Taken, Task } from "./side.ts"
import { Sides } from "./sides.ts"

/** Rows of one write. */
const BATCH = 100
/** Questions that one side is asked before the other takes its turn. */
const BLOCK = 10
/** Rows of one purge. */
const PURGED = 1_000
const PURGES = 3

/** Runs tasks on both sides in turn, and prints medians, of the processor's time the lower quartile, and their ratios. */
const compare = async (
  what: string,
  sides: Sides<Task, Taken>,
  tasks: ReadonlyArray<Task>
): Promise<void> => {
  const taken = await sides.askInTurn(tasks)
  const summary = (all: ReadonlyArray<Taken>) => {
    return {
      ms: timing(all.flatMap(({ ms }) => ms)).median,
      // Other work on the machine adds to it, and takes nothing away.
      cpuMs: percentile(timing(all.map(({ cpuMs, ms }) => cpuMs / Math.max(1, ms.length))).samples, 0.25),
      bytes: all.at(-1)?.bytes ?? 0
    }
  }
  const [before, now] = [summary(taken.before), summary(taken.now)]
  const line =
    now.bytes > 0
      ? `${now.bytes} bytes against ${before.bytes}: ${(now.bytes / before.bytes).toFixed(3)}×`
      : `${now.ms.toFixed(2)} ms against ${before.ms.toFixed(2)}: ${(now.ms / before.ms).toFixed(2)}×; ` +
        `processor ${now.cpuMs.toFixed(2)} against ${before.cpuMs.toFixed(2)}: ${(now.cpuMs / before.cpuMs).toFixed(2)}×`
  process.stdout.write(`${what.padEnd(48)} ${line}\n`)
}

const compareFile = async (
  sides: Sides<Task, Taken>,
  rows: number,
  withVectors: boolean,
  questions: number
): Promise<void> => {
  const file = `${rows}-${withVectors ? "vectors" : "words"}.db`
  const name = `${rows.toLocaleString("en-US")} rows, ${withVectors ? "384 dimensions" : "words alone"}`
  const task = (call: Task["call"], from: number, to: number): Task => ({ call, file, withVectors, from, to })
  const blocks = (call: Task["call"], from: number, size: number, count: number) =>
    Array.from({ length: count }, (_, i) => task(call, from + i * size, from + (i + 1) * size))
  await compare(`${name}: put of ${BATCH}`, sides, blocks("put", 0, BATCH, rows / BATCH))
  await compare(`${name}: size`, sides, [task("size", 0, 0)])
  await compare(`${name}: opening and first recall`, sides, blocks("first", 0, 1, 5))
  // Compiles the code, and has every page of the file in the system's cache.
  await sides.askInTurn([task("recall", 10_000, 10_000 + 3 * BLOCK)])
  const blocksOfQuestions = questions / BLOCK
  await compare(
    `${name}: questions for the first time`,
    sides,
    blocks("recall", 20_000, BLOCK, blocksOfQuestions)
  )
  const again = blocks("recall", 20_000, BLOCK, Math.min(4, blocksOfQuestions))
  await compare(`${name}: questions asked before`, sides, [...again, ...again, ...again, ...again])
  await compare(`${name}: forgetting one`, sides, blocks("forget", 0, BLOCK, 4))
  await sides.askInTurn(blocks("expire", rows, PURGED, PURGES))
  await compare(`${name}: a purge of ${PURGED}`, sides, blocks("purge", 0, PURGED, PURGES))
}

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean" }, rows: { type: "string" }, vectors: { type: "boolean" } }
})
const [checkout] = positionals
if (checkout === undefined) throw new Error("name the folder of the other checkout")
await withFolder(async (folder) => {
  const script = new URL("./side.ts", import.meta.url)
  const sides = await Sides.start<Task, Taken>(script, checkout, (name) => [`${folder}/${name}`])
  const sizes =
    flags.rows !== undefined ? [Number(flags.rows)] : flags.quick === true ? [1_000] : [1_000, 100_000]
  for (const rows of sizes) {
    for (const withVectors of flags.vectors === true ? [true] : [false, true])
      await compareFile(sides, rows, withVectors, 200)
  }
  sides.end()
})
