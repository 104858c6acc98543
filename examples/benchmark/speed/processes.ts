/**
 * Eight processes over one file, as a web server's workers: recalls and writes of the embedded store beside eight
 * processes of bare `node:sqlite` with the same transactions, taking turns.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { fill, openEmbedded } from "./opened.ts"
import { withFolder } from "./folder.ts"
import { percentile } from "./measure.ts"
import { fillBare } from "./processes/bareWork.ts"
import { MEMORIES, type Side, type Times, USERS } from "./processes/Times.ts"
import { atMost, reported, type Row, within } from "./Row.ts"
import type { Settings } from "./Settings.ts"

const PROCESSES = 8
const WORKER = fileURLToPath(new URL("processes/worker.ts", import.meta.url))

interface Run {
  readonly processes: number
  /** Calls of each process in a round. */
  readonly calls: number
}

const runSide = async (side: Side, path: string, first: number, { calls, processes }: Run) => {
  const children = Array.from({ length: processes }, (_, i) =>
    fork(WORKER, [side, path, ...[first + i, calls, processes].map(String)], {
      stdio: ["ignore", "ignore", "inherit", "ipc"]
    })
  )
  const ended = children.map(async (child): Promise<Times> => {
    let times: Times | undefined
    child.on("message", (message: unknown) => {
      if (typeof message === "object" && message !== null && "value" in message)
        times = message.value as Times
    })
    const [code] = await once(child, "exit")
    if (times === undefined) throw new Error(`a process ended with ${String(code)}`)
    return times
  })
  await Promise.all(children.map((child) => once(child, "message")))
  for (const child of children) child.send("go")
  return Promise.all(ended)
}

const fillOurs = async (path: string): Promise<void> => {
  const opened = await openEmbedded(path)
  for (let user = 0; user < USERS; user++) await fill(opened, user, 0, MEMORIES)
  await opened.close()
}

const countOurs = async (path: string): Promise<number> => {
  const { client, close } = await openEmbedded(path)
  const scopes = await client.admin.scopes({ limit: USERS })
  await close()
  return scopes.reduce((sum, { rows }) => sum + rows, 0)
}

const toP99 = (times: ReadonlyArray<number>): number =>
  percentile(
    times.toSorted((a, b) => a - b),
    0.99
  )

/** Times of both sides, and how many memories of the store are missing. */
export const measureProcesses = (run: Run, rounds: number) =>
  withFolder(async (folder) => {
    const paths = { ours: join(folder, "ours.db"), bare: join(folder, "bare.db") }
    await fillOurs(paths.ours)
    fillBare(paths.bare)
    const times: Record<Side, Array<Times>> = { ours: [], bare: [] }
    for (let round = 0; round < rounds; round++) {
      for (const side of ["ours", "bare"] as const)
        times[side].push(...(await runSide(side, paths[side], round * run.processes, run)))
    }
    const written = times.ours.reduce((sum, one) => sum + one.written, 0)
    const missing = USERS * MEMORIES + written - (await countOurs(paths.ours))
    return { times, written, missing }
  })

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> => {
  const run = { processes: PROCESSES, calls: quick ? 20 : 120 }
  const { missing, times, written } = await measureProcesses(run, quick ? 1 : 3)
  const compare = (name: string, pick: (times: Times) => ReadonlyArray<number>) => {
    const [ours, bare] = [times.ours.flatMap(pick), times.bare.flatMap(pick)]
    const median = (all: ReadonlyArray<number>) =>
      percentile(
        all.toSorted((a, b) => a - b),
        0.5
      ).toFixed(2)
    return {
      name: `${PROCESSES} processes over one file: ${name}, p99`,
      value: toP99(ours),
      unit: "ms",
      against: "bare node:sqlite, the same transactions",
      baseline: toP99(bare),
      note: `medians: ${median(ours)} ms against ${median(bare)} ms, of ${ours.length.toLocaleString("en")} calls`
    }
  }
  const toCpu = (side: Side): number =>
    times[side].reduce((sum, { cpuMs }) => sum + cpuMs, 0) / (times[side].length * run.calls)
  return [
    atMost(
      compare("all calls", ({ reads, writes }) => [...reads, ...writes]),
      2
    ),
    atMost(
      compare("writes", ({ writes }) => writes),
      2
    ),
    // The bare read searches nothing.
    reported(compare("recalls", ({ reads }) => reads)),
    reported({
      name: `${PROCESSES} processes over one file: processors' time of a call`,
      value: toCpu("ours"),
      unit: "ms",
      against: "bare node:sqlite, the same transactions",
      baseline: toCpu("bare"),
      note: `${availableParallelism()} processors`
    }),
    within(
      {
        name: `${PROCESSES} processes over one file: memories missing of ${written.toLocaleString("en")}`,
        value: missing,
        unit: ""
      },
      "0",
      missing === 0
    )
  ]
}
