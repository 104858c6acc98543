import { SLICE_MS } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { buildGraph, type BuildResult, type BuildTask } from "./buildGraph.ts"
import type { Hnswlib } from "./hnswlib.ts"
import type { Pause } from "./readPassages.ts"
import { StopSign } from "./StopSign.ts"

/**
 * The thread's file beside this one, in sources and build output alike. Null in a bundle, where a `worker.js`
 * beside the output would be another program's.
 */
const findWorker = (): URL | null => {
  // A bundle in CommonJS has no `import.meta.url`.
  const own = import.meta.url as string | undefined
  const extension = own === undefined ? undefined : /\/graph\/runBuild\.(js|ts)$/u.exec(own)?.[1]
  return extension === undefined ? null : new URL(`./worker.${extension}`, own)
}

const toError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)))

/** What the builder's thread is given. */
export interface ThreadData {
  readonly task: BuildTask
  /** Of its `StopSign`. */
  readonly stop: SharedArrayBuffer
}

/** How long a process that ends waits for the thread: it stops after the row, or the file, under way. */
const STOP_MS = 1_000

/** What a thread that never ran reports. */
const NOT_STARTED = "not started"

/** Succeeds with `NOT_STARTED` if there is no such file, or the runtime lends no thread. */
const buildInThread = (entry: URL, task: BuildTask): Effect.Effect<BuildResult | typeof NOT_STARTED, Error> =>
  Effect.callback((resume) => {
    const sign = new StopSign()
    let worker: Worker
    try {
      worker = new Worker(entry, { workerData: { task, stop: sign.shared } satisfies ThreadData })
    } catch {
      resume(Effect.succeed(NOT_STARTED))
      return undefined
    }
    const stopAtExit = () => {
      sign.ask()
      if (last === "started") sign.wait(STOP_MS)
    }
    process.once("exit", stopAtExit)
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()))
    worker.unref()
    let last: BuildResult | "started" | typeof NOT_STARTED = NOT_STARTED
    worker.on("message", (message: BuildResult | "started") => {
      last = message
    })
    worker.on("error", (error) =>
      resume(last === NOT_STARTED ? Effect.succeed(last) : Effect.fail(toError(error)))
    )
    worker.on("exit", (code) => {
      process.removeListener("exit", stopAtExit)
      resume(
        last === "started"
          ? Effect.fail(new Error(`The builder ended with code ${code}`))
          : Effect.succeed(last)
      )
    })
    return Effect.promise(() => {
      sign.ask()
      worker.ref()
      return ended
    })
  })

/** Lets the event loop run once a slice is spent. */
export const pauseBySlices = (): Pause => {
  let deadline = performance.now() + SLICE_MS
  return () => {
    if (performance.now() < deadline) return undefined
    return new Promise((resolve) => {
      setImmediate(() => {
        deadline = performance.now() + SLICE_MS
        resolve()
      })
    })
  }
}

const buildHere = (hnswlib: Hnswlib, task: BuildTask): Effect.Effect<BuildResult, Error> =>
  Effect.tryPromise({ try: () => buildGraph(hnswlib, task, pauseBySlices()), catch: toError })

/**
 * Builds in a thread; where none can be started, by slices of the event loop.
 * @param entry the thread's file; null to start none
 */
export const runBuild = (
  hnswlib: Hnswlib,
  task: BuildTask,
  entry: URL | null = findWorker()
): Effect.Effect<BuildResult, Error> =>
  entry === null
    ? buildHere(hnswlib, task)
    : Effect.flatMap(buildInThread(entry, task), (result) =>
        result === NOT_STARTED ? buildHere(hnswlib, task) : Effect.succeed(result)
      )
