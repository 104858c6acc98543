import { Worker } from "node:worker_threads"

/**
 * The thread's program as text: a bundle has no file beside it to start, and a file of that name would be another
 * program's. It opens the file without creating it.
 */
const PROGRAM = `
const { DatabaseSync } = process.getBuiltinModule("node:sqlite")
const { pathToFileURL } = process.getBuiltinModule("node:url")
const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads")

const url = pathToFileURL(workerData)
url.searchParams.set("mode", "rw")
const db = new DatabaseSync(url)
db.exec("PRAGMA wal_autocheckpoint = 0")
const checkpoint = db.prepare("PRAGMA wal_checkpoint(PASSIVE)")

parentPort.on("message", () => {
  try {
    // Never waits: pages that readers still need are checkpointed next time.
    checkpoint.get()
  } finally {
    parentPort.postMessage("done")
  }
})
`

export interface CheckpointListeners {
  readonly onDone: () => void
  /** The thread could not start, or has ended. */
  readonly onEnd: () => void
}

/** Starts the thread, which does not hold the process; null where the runtime lends no thread. */
export const startCheckpointThread = (
  path: string,
  { onDone, onEnd }: CheckpointListeners
): Worker | null => {
  try {
    const worker = new Worker(PROGRAM, {
      eval: true,
      workerData: path,
      // The application's preloaded modules are none of this thread's business.
      execArgv: ["--no-warnings"]
    })
    worker.on("message", onDone)
    worker.on("error", onEnd)
    worker.on("exit", onEnd)
    worker.unref()
    return worker
  } catch {
    return null
  }
}
