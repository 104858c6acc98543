/** The settings of the command line and the MCP server: flags, environment, the project's file, the user's own, defaults. */
import { existsSync } from "node:fs"
import { DEFAULT_AGENT, type MemoryError, type Scope } from "@keepsake/core"
import { invalidInput, isTimeZone } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import {
  type Environment,
  type FileSettings,
  nonEmpty,
  ownConfigPath,
  ownFile,
  PROJECT_CONFIG,
  readFileSettings
} from "./configFile.ts"
import type { KeepsakeConfig } from "./KeepsakeConfig.ts"
import { scopeOfProject } from "./scope/project.ts"
import { parseReads, type ReadConfig } from "./scope/reads.ts"
import { type Choice, findUntrusted, refuseUntrusted } from "./trusted.ts"

export interface CliSettings {
  /** Its time zone is the machine's where none is set: a command line serves one person. */
  readonly config: KeepsakeConfig
  /** The time zone that is set. */
  readonly timeZone: string | undefined
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
  readonly reranker?: string | undefined
  readonly config?: string | undefined
  readonly user?: string | undefined
  readonly agent?: string | undefined
  readonly reads?: string | undefined
  readonly project?: string | undefined
}

/** The user of a command line that names none. */
const DEFAULT_USER = "me"

/** In the home folder, so that every working directory has the same memories. */
const defaultStore = (env: Environment): Effect.Effect<string, MemoryError> => {
  const path = ownFile(env, "memory.db")
  return path === undefined
    ? Effect.fail(
        invalidInput(
          "store",
          "is missing, and this account has no home folder for the default: give --store or KEEPSAKE_STORE"
        )
      )
    : Effect.succeed(`file:${path}`)
}

/** The years whose months `isUtc` looks at: clocks of the past are history. */
const CLOCK_YEARS = [1970, 2040] as const

/** Whether this machine's clock goes by UTC. Asking `Intl`, which has to be loaded, takes half as long as starting Node. */
const isUtc = (): boolean => {
  for (let year = CLOCK_YEARS[0]; year < CLOCK_YEARS[1]; year++) {
    for (let month = 0; month < 12; month++) {
      if (new Date(Date.UTC(year, month)).getTimezoneOffset() !== 0) return false
    }
  }
  return true
}

/** Undefined where the machine has an offset alone, which knows no summer time. */
const machineTimeZone = (): string | undefined => {
  if (isUtc()) return "UTC"
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  return isTimeZone(timeZone) ? timeZone : undefined
}

/** Settings in a file, and whose they are. */
interface FoundSettings {
  /** From the project, with its path; a file that the user names is the user's own. */
  readonly project: FileSettings
  readonly projectPath: string | undefined
  readonly own: FileSettings
  readonly ownPath: string | undefined
}

const findSettings = Effect.fnUntraced(function* (flags: SettingFlags, env: Environment) {
  const named = flags.config ?? nonEmpty(env["KEEPSAKE_CONFIG"])
  const ownPath = named ?? ownConfigPath(env)
  const hasOwn = ownPath !== undefined && (named !== undefined || existsSync(ownPath))
  const own = hasOwn ? yield* readFileSettings(ownPath) : {}
  const hasProject = named === undefined && existsSync(PROJECT_CONFIG)
  const found: FoundSettings = {
    project: hasProject ? yield* readFileSettings(PROJECT_CONFIG) : {},
    projectPath: hasProject ? PROJECT_CONFIG : undefined,
    own,
    ownPath
  }
  return found
})

/** Where the store's setting was found. */
const describeOrigin = (
  flags: SettingFlags,
  variable: string | undefined,
  { own, ownPath, project, projectPath }: FoundSettings
): string => {
  if (flags.store !== undefined) return "the command line"
  if (variable !== undefined) return "KEEPSAKE_STORE"
  if (project.store !== undefined) return projectPath ?? PROJECT_CONFIG
  return own.store === undefined ? "the default" : (ownPath ?? "the default")
}

/** What the command line and the environment choose: the user's own words. */
const chooseByUser = (flags: SettingFlags, env: Environment): Choice => ({
  store: flags.store ?? nonEmpty(env["KEEPSAKE_STORE"]),
  embedder: flags.embedder ?? nonEmpty(env["KEEPSAKE_EMBEDDER"]),
  reranker: flags.reranker ?? nonEmpty(env["KEEPSAKE_RERANKER"])
})

/** What the project's file decides where the user has chosen nothing. */
const toProjectChoice = (project: FileSettings, chosen: Choice): Choice => ({
  store: chosen.store === undefined ? project.store : undefined,
  embedder: chosen.embedder === undefined ? project.embedder : undefined,
  reranker: chosen.reranker === undefined ? project.reranker : undefined
})

/** What the project's config names and the user has not trusted. */
export const readUntrusted = Effect.fnUntraced(function* (flags: SettingFlags, env: Environment) {
  const { own, project } = yield* findSettings(flags, env)
  const chosen = chooseByUser(flags, env)
  return yield* findUntrusted(toProjectChoice(project, chosen), [own, chosen], env)
})

/** Options of the memory; one that no file gives is absent. */
const readMemoryOptions = (
  project: FileSettings,
  own: FileSettings
): Pick<KeepsakeConfig, "deadlineMs" | "whenEmbedderFails" | "limits"> => {
  const limits = project.limits ?? own.limits
  const deadlineMs = project.deadlineMs ?? own.deadlineMs
  const whenEmbedderFails = project.whenEmbedderFails ?? own.whenEmbedderFails
  return {
    ...(limits === undefined ? {} : { limits: limits as NonNullable<KeepsakeConfig["limits"]> }),
    ...(deadlineMs === undefined ? {} : { deadlineMs: deadlineMs as number }),
    ...(whenEmbedderFails === undefined
      ? {}
      : { whenEmbedderFails: whenEmbedderFails as NonNullable<KeepsakeConfig["whenEmbedderFails"]> })
  }
}

export const readSettings = Effect.fnUntraced(function* (
  flags: SettingFlags,
  env: Environment
): Effect.fn.Return<CliSettings, MemoryError> {
  const fromEnv = (variable: string) => nonEmpty(env[variable])
  const found = yield* findSettings(flags, env)
  const { own, project } = found
  const chosen = chooseByUser(flags, env)
  const untrusted = yield* findUntrusted(toProjectChoice(project, chosen), [own, chosen], env)
  if (untrusted.length > 0) return yield* refuseUntrusted(untrusted)
  const store = chosen.store ?? project.store ?? own.store
  const embedder = chosen.embedder ?? project.embedder ?? own.embedder
  const reranker = chosen.reranker ?? project.reranker ?? own.reranker
  const timeZone = fromEnv("KEEPSAKE_TIME_ZONE") ?? project.timeZone ?? own.timeZone
  return {
    // `resolveConfig` checks their types.
    config: {
      store: (store as KeepsakeConfig["store"] | undefined) ?? (yield* defaultStore(env)),
      embedder: embedder as KeepsakeConfig["embedder"],
      reranker: reranker as KeepsakeConfig["reranker"],
      timeZone: timeZone ?? machineTimeZone(),
      ...readMemoryOptions(project, own)
    },
    timeZone,
    ...(yield* scopeOfProject(
      {
        userId: flags.user ?? fromEnv("KEEPSAKE_USER") ?? project.user ?? own.user ?? DEFAULT_USER,
        agentId: flags.agent ?? fromEnv("KEEPSAKE_AGENT") ?? project.agent ?? own.agent ?? DEFAULT_AGENT
      },
      parseReads(flags.reads ?? fromEnv("KEEPSAKE_READS") ?? project.reads ?? own.reads),
      flags.project ?? fromEnv("KEEPSAKE_PROJECT") ?? project.project ?? own.project
    )),
    from: describeOrigin(flags, fromEnv("KEEPSAKE_STORE"), found)
  }
})
