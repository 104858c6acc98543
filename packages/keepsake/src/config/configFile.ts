/** The JSON files that hold settings: the user's own, a project's, or one that the user names. */
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import type { MemoryError } from "@keepsake/core"
import { fields, invalidInput, makePrivateFolder, replacePrivateFile } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { anything } from "./fields.ts"
import { readText } from "./readText.ts"
import type { ReadConfig } from "./scope/reads.ts"

const { object, optional, test, valid, within } = fields

export type Environment = Readonly<Record<string, string | undefined>>

/** An empty variable counts as absent. */
export const nonEmpty = (value: string | undefined): string | undefined => (value === "" ? undefined : value)

/** Undefined for an account without one, as in a container whose user has no passwd entry. */
export const findHomeFolder = (home: string | undefined): string | undefined => {
  if (home !== undefined && home !== "") return home
  try {
    return homedir()
  } catch {
    return undefined
  }
}

/** A file of the user's own, in the folder of config, trusted names and default store; undefined without a home. */
export const ownFile = (env: Environment, name: string): string | undefined => {
  const home = findHomeFolder(env["HOME"])
  return home === undefined ? undefined : join(home, ".keepsake", name)
}

/** The user's own config, which applies in every working folder. */
export const ownConfigPath = (env: Environment): string | undefined => ownFile(env, "config.json")

/** A project's config, in the working folder: it may come with a cloned repository. */
export const PROJECT_CONFIG = "keepsake.json"

export interface FileSettings {
  readonly store?: unknown
  readonly embedder?: unknown
  readonly reranker?: unknown
  readonly user?: string | undefined
  readonly agent?: string | undefined
  readonly reads?: ReadonlyArray<ReadConfig> | undefined
  readonly project?: string | undefined
  readonly timeZone?: string | undefined
  readonly deadlineMs?: unknown
  readonly whenEmbedderFails?: unknown
  readonly limits?: unknown
}

const name = optional(test((value) => typeof value === "string", "give a text"))

/** The memory checks each scope. */
const reads: fields.Field<ReadonlyArray<ReadConfig> | undefined> = optional(
  test(
    (value): value is ReadonlyArray<ReadConfig> => Array.isArray(value),
    'give a list, such as ["team:blue", "handbook/all"]'
  )
)

/** `resolveConfig` checks store, embedder and reranker, `AgentMemory` its own options. */
const fileSettings: fields.Field<FileSettings> = object({
  store: anything,
  embedder: anything,
  reranker: anything,
  user: name,
  agent: name,
  reads,
  project: name,
  timeZone: name,
  deadlineMs: anything,
  whenEmbedderFails: anything,
  limits: anything
})

export const readFileSettings = Effect.fnUntraced(function* (path: string) {
  const text = yield* readText(path)
  const settings = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    // The parser's message quotes the file, which may hold a key.
    catch: () => invalidInput(path, "is not JSON; check its commas, quotes and brackets")
  })
  return yield* valid(() => within(path, fileSettings)(settings))
})

/** Writes a file for this account alone, at once: a reader sees the old or the new one. */
export const writePrivately = (path: string, text: string): Effect.Effect<void, MemoryError> =>
  Effect.tryPromise({
    try: async () => {
      makePrivateFolder(dirname(path))
      await replacePrivateFile(path, async (file) => file.writeFile(text))
    },
    catch: (cause) => invalidInput(path, `could not be written: ${String(cause)}`)
  })
