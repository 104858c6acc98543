import { parentPort, workerData } from "node:worker_threads"
import { buildGraph, type BuildTask } from "./buildGraph.ts"
import { loadHnswlib } from "./hnswlib.ts"

parentPort?.postMessage("started", [])
const hnswlib = await loadHnswlib()
if (hnswlib !== null) parentPort?.postMessage(await buildGraph(hnswlib, workerData as BuildTask), [])
