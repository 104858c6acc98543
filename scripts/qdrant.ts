import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const STAND_IN = fileURLToPath(new URL("../packages/backend-qdrant/test/harness/standIn.ts", import.meta.url))

export interface RunningQdrant {
  readonly url: string
  /** What it is, for people. */
  readonly what: string
  readonly stop: () => Promise<void>
}

/** The stand-in of the tests, in a process of its own. */
const startStandIn = async (): Promise<RunningQdrant> => {
  const child = spawn(process.execPath, [STAND_IN], { stdio: ["pipe", "pipe", "inherit"] })
  const exited = once(child, "exit")
  const url = await Promise.race([
    once(child.stdout, "data").then(([data]) => String(data).trim()),
    exited.then(([code]) => Promise.reject(new Error(`The Qdrant stand-in ended at once (${String(code)}).`)))
  ])
  return {
    url,
    what: `the stand-in of packages/backend-qdrant/test/server at ${url} (no real server: set KEEPSAKE_QDRANT_URL for one)`,
    stop: async () => {
      child.stdin.end()
      await exited
    }
  }
}

/** The server of `KEEPSAKE_QDRANT_URL`, else a stand-in. */
export const startQdrant = (): Promise<RunningQdrant> => {
  const url = process.env["KEEPSAKE_QDRANT_URL"]
  return url === undefined || url === ""
    ? startStandIn()
    : Promise.resolve({
        url,
        what: `the server of KEEPSAKE_QDRANT_URL (${new URL(url).host})`,
        stop: () => Promise.resolve()
      })
}
