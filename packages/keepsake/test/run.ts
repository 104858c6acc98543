import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"

export const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A folder of its own for a test, gone with it. */
export const temporaryFolder = async (): Promise<{ readonly path: string } & AsyncDisposable> => {
  const path = await mkdtemp(join(tmpdir(), "keepsake-test-"))
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true }) }
}

/** The environment of a person who has set nothing. */
export const cleanEnv = (home: string): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: home,
  NO_COLOR: "1"
})

/** Runs the real command line in a process of its own. */
export const keepsake = async (
  home: string,
  args: ReadonlyArray<string>,
  options: { readonly input?: string | Uint8Array; readonly env?: NodeJS.ProcessEnv } = {}
): Promise<Ran> => {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: home,
    env: { ...cleanEnv(home), ...options.env }
  })
  child.stdin.on("error", () => undefined)
  child.stdin.end(options.input ?? "")
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  return { code, out, err }
}
