/**
 * Where the command line and the MCP server find what they run on: flags, then the environment, then a
 * JSON file, then the defaults.
 */
import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { DEFAULT_AGENT, type MemoryError, type Scope } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import { Effect } from "effect"
import { checkKeys, isRecord } from "./check.ts"
import type { KeepsakeConfig } from "./KeepsakeConfig.ts"
import { readText } from "./readText.ts"

export interface CliSettings {
  readonly config: KeepsakeConfig
  readonly scope: Scope
  /** Where `config.store` was said, for messages. */
  readonly from: string
}

/** What flags may say; the environment and the file say the same under their own names. */
export interface Given {
  readonly store?: string | undefined
  readonly embedder?: string | undefined
  readonly config?: string | undefined
  readonly user?: string | undefined
  readonly agent?: string | undefined
}

const CONFIG_FILE = "keepsake.json"

/** The user whose memories a person's own command line keeps. */
const DEFAULT_USER = "me"

const FILE_KEYS = ["store", "embedder", "user", "agent"] as const

type FileSettings = { readonly [key in (typeof FILE_KEYS)[number]]?: unknown }

const readFileSettings = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<FileSettings, MemoryError> {
  const text = yield* readText(path)
  const parsed = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (cause) =>
      invalidInput(path, `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  })
  if (!isRecord(parsed))
    return yield* invalidInput(path, 'is not an object; write { "store": "file:./memory.db" }')
  yield* checkKeys(path, parsed, FILE_KEYS)
  return parsed
})

const textOf = (field: string, value: unknown): Effect.Effect<string | undefined, MemoryError> =>
  value === undefined || typeof value === "string"
    ? Effect.succeed(value)
    : Effect.fail(invalidInput(field, "give a text"))

type Environment = Readonly<Record<string, string | undefined>>

const nonEmpty = (value: string | undefined): string | undefined => (value === "" ? undefined : value)

/** Kept in the home folder, so that every working directory sees the same memories. */
const defaultStore = (env: Environment): string =>
  `file:${join(nonEmpty(env["HOME"]) ?? homedir(), ".keepsake", "memory.db")}`

export const readSettings = Effect.fnUntraced(function* (
  given: Given,
  env: Environment
): Effect.fn.Return<CliSettings, MemoryError> {
  const named = given.config ?? nonEmpty(env["KEEPSAKE_CONFIG"])
  const path = named ?? (existsSync(CONFIG_FILE) ? CONFIG_FILE : undefined)
  const file = path === undefined ? {} : yield* readFileSettings(path)
  const pick = (flag: string | undefined, variable: string, inFile: unknown): readonly [unknown, string] => {
    const fromEnv = nonEmpty(env[variable])
    if (flag !== undefined) return [flag, "the command line"]
    return fromEnv === undefined ? [inFile, path ?? "the default"] : [fromEnv, variable]
  }
  const [store, from] = pick(given.store, "KEEPSAKE_STORE", file.store)
  const [embedder] = pick(given.embedder, "KEEPSAKE_EMBEDDER", file.embedder)
  const [user] = pick(given.user, "KEEPSAKE_USER", file.user)
  const [agent] = pick(given.agent, "KEEPSAKE_AGENT", file.agent)
  return {
    // Anything else than what these may be is refused where the config is resolved.
    config: {
      store: (store as KeepsakeConfig["store"] | undefined) ?? defaultStore(env),
      embedder: embedder as KeepsakeConfig["embedder"]
    },
    scope: {
      userId: (yield* textOf("user", user)) ?? DEFAULT_USER,
      agentId: (yield* textOf("agent", agent)) ?? DEFAULT_AGENT
    },
    from: store === undefined ? "the default" : from
  }
})
