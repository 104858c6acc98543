import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { type CliSettings, readSettings, type SettingFlags } from "../config/readSettings.ts"

const setting = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional)

/** The command itself, with the flags that every subcommand shares. */
export const root = Command.make("keepsake").pipe(
  Command.withSharedFlags({
    store: setting("store", "The store: file:PATH, memory:, postgres://…, qdrant+http://…"),
    embedder: setting(
      "embedder",
      "openai:MODEL, voyage:MODEL, ollama:MODEL, transformers:MODEL, lexical, none"
    ),
    reranker: setting(
      "reranker",
      "Judges what is found: cohere:MODEL, voyage:MODEL, tei:URL, transformers:MODEL, none"
    ),
    user: setting("user", 'The user whose memory it is; "me" by default'),
    agent: setting("agent", 'The agent whose memory it is; "default" by default'),
    reads: setting("reads", "Users to recall from as well, never written to: team:blue,OTHER-AGENT/USER"),
    project: setting(
      "project",
      "A memory of its own for a project, with the user's own recalled too: a name, or a folder (. for this one)"
    ),
    config: setting(
      "config",
      "A JSON file with store, embedder, reranker, user, agent, reads, project, timeZone; by default ./keepsake.json over ~/.keepsake/config.json"
    ),
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print JSON, for programs"), Flag.withDefault(false))
  }),
  Command.withDescription(
    "A memory that lasts, on the store you already run. Without --store it is ~/.keepsake/memory.db. " +
      "KEEPSAKE_STORE, KEEPSAKE_EMBEDDER, KEEPSAKE_RERANKER, KEEPSAKE_USER, KEEPSAKE_AGENT, KEEPSAKE_READS, KEEPSAKE_PROJECT and KEEPSAKE_CONFIG set the same as the flags; " +
      "KEEPSAKE_TIME_ZONE says where you are, such as America/Los_Angeles (this machine's time zone by default)."
  )
)

/** The shared flags, and whether to print JSON. */
export const sharedFlags = Effect.map(
  root,
  ({ agent, config, embedder, json, project, reads, reranker, store, user }) => {
    const flags: SettingFlags = {
      store: Option.getOrUndefined(store),
      embedder: Option.getOrUndefined(embedder),
      reranker: Option.getOrUndefined(reranker),
      user: Option.getOrUndefined(user),
      agent: Option.getOrUndefined(agent),
      reads: Option.getOrUndefined(reads),
      project: Option.getOrUndefined(project),
      config: Option.getOrUndefined(config)
    }
    return { flags, json }
  }
)

/** The settings of flags, environment and file together. */
export const settings = Effect.gen(function* () {
  const { flags, json } = yield* sharedFlags
  const merged: CliSettings = yield* readSettings(flags, process.env)
  return { ...merged, json }
})
