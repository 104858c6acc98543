import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { vi } from "vitest"
import { toExitCode } from "../../src/cli/exitCodes.ts"
import { program } from "../../src/cli/program.ts"

export const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))

/** How a run of the command line ended. */
export interface RunResult {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A folder for one test, removed with it. */
export const temporaryFolder = async (): Promise<{ readonly path: string } & AsyncDisposable> => {
  const path = await mkdtemp(join(tmpdir(), "keepsake-test-"))
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true }) }
}

/** An environment without any setting. */
export const cleanEnv = (home: string): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
  HOME: home,
  NO_COLOR: "1"
})

/** Runs the command line in this process, as if started in `home`. Changes process state: no two at a time. */
export const keepsake = async (home: string, args: ReadonlyArray<string>): Promise<RunResult> => {
  const out: Array<string> = []
  const err: Array<string> = []
  const writeTo = (parts: Array<string>) => (part: unknown) => {
    parts.push(String(part))
    return true
  }
  const writeLineTo = (parts: Array<string>) => (part: unknown) => void parts.push(`${String(part)}\n`)
  const original = { cwd: process.cwd(), env: process.env, exitCode: process.exitCode }
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(writeTo(out)),
    vi.spyOn(process.stderr, "write").mockImplementation(writeTo(err)),
    vi.spyOn(console, "log").mockImplementation(writeLineTo(out)),
    vi.spyOn(console, "error").mockImplementation(writeLineTo(err))
  ]
  process.chdir(home)
  process.env = cleanEnv(home)
  process.exitCode = undefined
  try {
    const exit = await Effect.runPromiseExit(program(args))
    return { code: toExitCode(exit), out: out.join(""), err: err.join("") }
  } finally {
    process.chdir(original.cwd)
    process.env = original.env
    process.exitCode = original.exitCode
    for (const spy of spies) spy.mockRestore()
  }
}

/** Runs the command line in a process of its own: for tests of standard input and of the exit. */
export const keepsakeProcess = async (
  home: string,
  args: ReadonlyArray<string>,
  options: { readonly input?: string | Uint8Array; readonly env?: NodeJS.ProcessEnv } = {}
): Promise<RunResult> => {
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
