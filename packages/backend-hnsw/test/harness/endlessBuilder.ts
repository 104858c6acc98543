/** A builder's thread that never comes to an end by itself. */
import { parentPort, workerData } from "node:worker_threads"
import type { ThreadData } from "../../src/graph/runBuild.ts"
import { StopSign } from "../../src/graph/StopSign.ts"

const sign = new StopSign((workerData as ThreadData).stop)
parentPort?.postMessage("started", [])
while (!sign.isAsked);
sign.confirm()
