import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const STAND_IN = fileURLToPath(new URL("../packages/backend-qdrant/test/harness/standIn.ts", import.meta.url))

export interface RunningQdrant {
  readonly url: string
  /** Names the server in messages. */
  readonly description: string
  readonly stop: () => Promise<void>
}

/** Starts the tests' stand-in in a separate process. */
const startStandIn = async (): Promise<RunningQdrant> => {
  const child = spawn(process.execPath, [STAND_IN], { stdio: ["pipe", "pipe", "inherit"] })
  const exited = once(child, "exit")
  const url = await Promise.race([
    once(child.stdout, "data").then(([data]) => String(data).trim()),
    exited.then(([code]) =>
      Promise.reject(new Error(`The Qdrant stand-in exited at once (${String(code)}).`))
    )
  ])
  return {
    url,
    description: `the stand-in of packages/backend-qdrant/test/server at ${url} (no real server: set KEEPSAKE_QDRANT_URL for one)`,
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
        description: `the server of KEEPSAKE_QDRANT_URL (${url
          .split(",")
          .map((node) => new URL(node).host)
          .join(", ")})`,
        stop: () => Promise.resolve()
      })
}
