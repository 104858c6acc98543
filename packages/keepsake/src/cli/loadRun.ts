/** Imports nothing of Effect, so that it can decide what to load. */
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { runScript } from "./runScript.ts"

type Run = (args: ReadonlyArray<string>) => void

/** The command in one file, with Effect and the file store inside. Absent where the sources run. */
const WHOLE = new URL("../command/run.cjs", import.meta.url)

/** What names a store that comes as a package of its own. */
const OTHER_STORE = /(?:postgres(?:ql)?|qdrant\+https?):|"(?:pgvector|qdrant)"/iu

const readOr = (path: string, otherwise: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return otherwise
  }
}

/** Everything that can choose a store: arguments, environment and files. */
const listChoices = (
  args: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv,
  home: string
): ReadonlyArray<string> => {
  const named = args.flatMap((argument, at) =>
    argument === "--config" ? (args[at + 1] ?? []) : (/^--config=(.*)$/su.exec(argument)?.[1] ?? [])
  )
  const files = [...named, env["KEEPSAKE_CONFIG"] ?? "", "keepsake.json", join(home, ".keepsake/config.json")]
  return [...args, env["KEEPSAKE_STORE"] ?? "", ...files.map((path) => readOr(path, ""))]
}

/**
 * Whether the command needs packages of its own: another store, the agent of `chat` or the server of `mcp`. Those bring an Effect and a core
 * with them, which only the command's modules share. A text that says as much for no reason costs time alone.
 */
export const needsPackages = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv, home: string): boolean =>
  args.includes("chat") ||
  args.includes("mcp") ||
  listChoices(args, env, home).some((text) => OTHER_STORE.test(text))

/** For compiled code, of this account alone: a folder for all could hold code of another's. `null`: none is kept. */
const makeCacheFolder = (home: string): string | null => {
  if (process.env["NODE_DISABLE_COMPILE_CACHE"] === "1") return null
  const folder = join(process.env["XDG_CACHE_HOME"] || join(home, ".cache"), "keepsake")
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return folder
  } catch {
    return null
  }
}

/** Commands that run often, each of which runs parts of its own: others share what the first of them compiled. */
const OFTEN = new Set(["recall", "context", "remember", "list", "get"])

const findManner = (args: ReadonlyArray<string>): string =>
  args.find((argument) => OFTEN.has(argument)) ?? "other"

const findHome = (): string => {
  try {
    return homedir()
  } catch {
    return "/"
  }
}

/** The command line's program, from one file where that serves these arguments. */
export const loadRun = async (args: ReadonlyArray<string>): Promise<Run> => {
  const home = process.env["HOME"] || findHome()
  if (existsSync(WHOLE) && !needsPackages(args, process.env, home)) {
    const exported = runScript(WHOLE, makeCacheFolder(home), findManner(args))
    return (exported as { readonly run: Run }).run
  }
  return (await import("./run.ts")).run
}
