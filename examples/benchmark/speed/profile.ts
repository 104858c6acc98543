/**
 * Profiles recall in the embedded store: prints its median, the bytes that it allocates, and the functions with the
 * most self time.
 *
 *     node examples/benchmark/speed/profile.ts [--memories 1000] [--verb recall|context] [--words]
 *
 * `--words` recalls without vectors. The questions differ, and the texts have been read before: a first read takes
 * longer.
 */
import { join } from "node:path"
import { type HeapProfiler, type Profiler, type Runtime, Session } from "node:inspector/promises"
import { parseArgs } from "node:util"
import { AgentMemory, Embedder, promiseClient, StoreFingerprint } from "@keepsake/core"
import { HnswStore } from "@keepsake/backend-hnsw"
import { Layer } from "effect"
import { makeQuery, makeScope, stubEmbedder } from "./data.ts"
import { withFolder } from "./folder.ts"
import { timed, timing } from "./measure.ts"
import { fill } from "./opened.ts"
import { workspaceFolder } from "./paths.ts"

const { values: flags } = parseArgs({
  options: {
    memories: { type: "string", default: "1000" },
    verb: { type: "string", default: "recall" },
    words: { type: "boolean", default: false }
  }
})

const CALLS = 1_000
const SHOWN = 10
/** Microseconds between two samples of the profiler. */
const EVERY_US = 200

const describeFrame = ({ functionName, lineNumber, url }: Runtime.CallFrame): string => {
  const file = url.replace(/^.*node_modules\//u, "").replace(`file://${workspaceFolder}`, "")
  return `${functionName === "" ? "(anonymous)" : functionName} ${file}${file === "" ? "" : `:${lineNumber + 1}`}`
}

/** Milliseconds of self time by function. */
const selfTimes = ({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> => {
  const frames = new Map(nodes.map(({ callFrame, id }) => [id, describeFrame(callFrame)]))
  const times = new Map<string, number>()
  for (const [i, id] of samples.entries()) {
    const frame = frames.get(id) ?? ""
    // Leaves out the profiler itself.
    if (!frame.startsWith("post ")) times.set(frame, (times.get(frame) ?? 0) + (timeDeltas[i] ?? 0) / 1_000)
  }
  return times
}

const sumBytes = ({ children, selfSize }: HeapProfiler.SamplingHeapProfileNode): number =>
  children.reduce((sum, child) => sum + sumBytes(child), selfSize)

await withFolder(async (folder) => {
  const memories = Number(flags.memories)
  const space = flags.words ? StoreFingerprint.wordsOnly : Embedder.layer(stubEmbedder)
  const store = HnswStore.layer({ path: join(folder, "keepsake.db"), synchronous: "normal" })
  await using client = await promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(Layer.provideMerge(store), Layer.provide(space))
  )
  await fill({ client }, 0, 0, memories)
  const memory = client.for(makeScope(0))
  let round = 0
  const call = async (): Promise<unknown> =>
    flags.verb === "context"
      ? memory.context(makeQuery(0, round++))
      : memory.recall(makeQuery(0, round++), { minScore: 0 })
  const repeat = async (times: number) => {
    for (let i = 0; i < times; i++) await call()
  }
  await repeat(CALLS / 2)

  const samples: Array<number> = []
  for (let i = 0; i < CALLS; i++) samples.push(await timed(call))
  const session = new Session()
  session.connect()
  await session.post("Profiler.enable")
  await session.post("Profiler.setSamplingInterval", { interval: EVERY_US })
  await session.post("Profiler.start")
  await repeat(CALLS)
  const { profile } = await session.post("Profiler.stop")
  await session.post("HeapProfiler.startSampling", {
    samplingInterval: 4_096,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true
  })
  await repeat(CALLS / 4)
  const heap = await session.post("HeapProfiler.stopSampling")

  const times = selfTimes(profile)
  const total = times.values().reduce((a, b) => a + b, 0)
  const allocated = sumBytes(heap.profile.head) / (CALLS / 4) / 1_024
  const median = timing(samples).median.toFixed(2)
  const head =
    `${flags.verb}, ${memories.toLocaleString("en-US")} memories, ${flags.words ? "words" : "words and vectors"}: ` +
    `median ${median} ms, ${allocated.toFixed(0)} KiB allocated per call`
  const lines = Array.from(times)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([frame, ms]) => {
      const share = ((100 * ms) / total).toFixed(1).padStart(5)
      return `${share} %  ${((1_000 * ms) / CALLS).toFixed(0).padStart(4)} µs  ${frame}`
    })
  process.stdout.write(`${[head, ...lines].join("\n")}\n`)
})
