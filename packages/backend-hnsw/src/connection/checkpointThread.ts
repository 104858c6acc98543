import { Worker } from "node:worker_threads"

/**
 * The thread's program as text: a bundle has no file beside it to start, and a file of that name would be another
 * program's. It opens the file without creating it.
 */
const PROGRAM = `
const { statSync } = process.getBuiltinModule("node:fs")
const { DatabaseSync } = process.getBuiltinModule("node:sqlite")
const { pathToFileURL } = process.getBuiltinModule("node:url")
const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads")

const { identity, path } = workerData
const url = pathToFileURL(path)
url.searchParams.set("mode", "rw")
const db = new DatabaseSync(url)
const { dev, ino } = statSync(path, { bigint: true })
// Reading another file beside this one's log would empty the shared memory that the store has mapped.
if (\`\${dev}:\${ino}\` !== identity) throw new Error("The file was replaced")
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

/** The file to checkpoint. */
export interface CheckpointedFile {
  readonly path: string
  /** Device and inode. */
  readonly identity: string | null
}

/** Starts the thread, which does not hold the process; null where the runtime lends no thread. */
export const startCheckpointThread = (
  { identity, path }: CheckpointedFile,
  { onDone, onEnd }: CheckpointListeners
): Worker | null => {
  try {
    const worker = new Worker(PROGRAM, {
      eval: true,
      workerData: { identity, path },
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
