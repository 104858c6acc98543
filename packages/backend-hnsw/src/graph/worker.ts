import { parentPort, workerData } from "node:worker_threads"
import { buildGraph } from "./buildGraph.ts"
import { loadHnswlib } from "./hnswlib.ts"
import type { ThreadData } from "./runBuild.ts"
import { StopSign } from "./StopSign.ts"

const { stop, task } = workerData as ThreadData
const sign = new StopSign(stop)
const stopped = new Error("stopped")

parentPort?.postMessage("started", [])
try {
  const hnswlib = await loadHnswlib()
  const pause = () => {
    if (sign.isAsked) throw stopped
    return undefined
  }
  if (hnswlib !== null) parentPort?.postMessage(await buildGraph(hnswlib, task, pause), [])
} catch (error) {
  if (error !== stopped) throw error
} finally {
  sign.confirm()
}
