/** The settings of the command line and the MCP server: flags, then environment, then a JSON file, then defaults. */
import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { DEFAULT_AGENT, type MemoryError, type Scope } from "@keepsake/core"
import { invalidInput, fields } from "@keepsake/core/driver"
import { Effect } from "effect"
import { anything } from "./fields.ts"
import type { KeepsakeConfig } from "./KeepsakeConfig.ts"
import { readText } from "./readText.ts"
import { parseReads, type ReadConfig } from "./reads.ts"

const { object, optional, test, valid, within } = fields

export interface CliSettings {
  readonly config: KeepsakeConfig
  readonly scope: Scope
  /** Other scopes to recall from. */
  readonly reads: ReadonlyArray<ReadConfig>
  /** Where `config.store` comes from, for messages. */
  readonly from: string
}

/** The flags that every command shares. The environment and the file have the same settings. */
export interface SettingFlags {
  readonly store?: string | undefined
  readonly embedder?: string | undefined
  readonly config?: string | undefined
  readonly user?: string | undefined
  readonly agent?: string | undefined
  readonly reads?: string | undefined
}

const CONFIG_FILE = "keepsake.json"

/** The user of a command line that names none. */
const DEFAULT_USER = "me"

const name = optional(test((value) => typeof value === "string", "give a text"))

/** The memory checks each scope. */
const reads: fields.Field<ReadonlyArray<ReadConfig> | undefined> = optional(
  test(
    (value): value is ReadonlyArray<ReadConfig> => Array.isArray(value),
    'give a list, such as ["team:blue", "handbook/all"]'
  )
)

interface FileSettings {
  readonly store?: unknown
  readonly embedder?: unknown
  readonly user?: string | undefined
  readonly agent?: string | undefined
  readonly reads?: ReadonlyArray<ReadConfig> | undefined
}

const fileSettings: fields.Field<FileSettings> = object({
  store: anything,
  embedder: anything,
  user: name,
  agent: name,
  reads
})

const readFileSettings = Effect.fnUntraced(function* (path: string) {
  const text = yield* readText(path)
  const settings = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (cause) =>
      invalidInput(path, `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  })
  return yield* valid(() => within(path, fileSettings)(settings))
})

type Environment = Readonly<Record<string, string | undefined>>

const nonEmpty = (value: string | undefined): string | undefined => (value === "" ? undefined : value)

/** In the home folder, so that every working directory has the same memories. */
const defaultStore = (env: Environment): string =>
  `file:${join(nonEmpty(env["HOME"]) ?? homedir(), ".keepsake", "memory.db")}`

/** Where the store's setting was found. */
const describeOrigin = (
  flags: SettingFlags,
  variable: string | undefined,
  path: string | undefined
): string => {
  if (flags.store !== undefined) return "the command line"
  return variable === undefined ? (path ?? "the default") : "KEEPSAKE_STORE"
}

export const readSettings = Effect.fnUntraced(function* (
  flags: SettingFlags,
  env: Environment
): Effect.fn.Return<CliSettings, MemoryError> {
  const namedPath = flags.config ?? nonEmpty(env["KEEPSAKE_CONFIG"])
  const path = namedPath ?? (existsSync(CONFIG_FILE) ? CONFIG_FILE : undefined)
  const file: FileSettings = path === undefined ? {} : yield* readFileSettings(path)
  const fromEnv = (variable: string) => nonEmpty(env[variable])
  const store = flags.store ?? fromEnv("KEEPSAKE_STORE") ?? file.store
  const embedder = flags.embedder ?? fromEnv("KEEPSAKE_EMBEDDER") ?? file.embedder
  return {
    // `resolveConfig` checks their types.
    config: {
      store: (store as KeepsakeConfig["store"] | undefined) ?? defaultStore(env),
      embedder: embedder as KeepsakeConfig["embedder"]
    },
    scope: {
      userId: flags.user ?? fromEnv("KEEPSAKE_USER") ?? file.user ?? DEFAULT_USER,
      agentId: flags.agent ?? fromEnv("KEEPSAKE_AGENT") ?? file.agent ?? DEFAULT_AGENT
    },
    reads: parseReads(flags.reads ?? fromEnv("KEEPSAKE_READS") ?? file.reads),
    from: describeOrigin(flags, fromEnv("KEEPSAKE_STORE"), file.store === undefined ? undefined : path)
  }
})
