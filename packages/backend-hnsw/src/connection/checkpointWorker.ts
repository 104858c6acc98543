import { DatabaseSync } from "node:sqlite"
import { parentPort, workerData } from "node:worker_threads"

const db = new DatabaseSync(String(workerData))
db.exec("PRAGMA wal_autocheckpoint = 0")
const checkpoint = db.prepare("PRAGMA wal_checkpoint(PASSIVE)")

parentPort?.on("message", () => {
  try {
    // Never waits: pages that readers still need are checkpointed next time.
    checkpoint.get()
  } finally {
    parentPort?.postMessage("done", [])
  }
})
