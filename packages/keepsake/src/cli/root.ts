import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { type SettingFlags, readSettings, type CliSettings } from "../config/readSettings.ts"

const setting = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional)

/** The command itself: what every subcommand shares. */
export const root = Command.make("keepsake").pipe(
  Command.withSharedFlags({
    store: setting("store", "Where memories are: file:PATH, memory:, postgres://…, qdrant+http://…"),
    embedder: setting(
      "embedder",
      "openai:MODEL, voyage:MODEL, ollama:MODEL, transformers:MODEL, lexical, none"
    ),
    user: setting("user", 'Whose memory it is ("me" unless said)'),
    agent: setting("agent", 'Which agent\'s ("default" unless said)'),
    config: setting("config", "A JSON file with store, embedder, user, agent (./keepsake.json if there)"),
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print JSON, for programs"), Flag.withDefault(false))
  }),
  Command.withDescription(
    "A memory that lasts, on the store you already run. Without --store it is kept in ~/.keepsake/memory.db. " +
      "KEEPSAKE_STORE, KEEPSAKE_EMBEDDER, KEEPSAKE_USER, KEEPSAKE_AGENT and KEEPSAKE_CONFIG say the same as the flags."
  )
)

/** What the flags say, and whether a program is reading. */
export const givenFlags = Effect.map(root, ({ agent, config, embedder, json, store, user }) => {
  const given: SettingFlags = {
    store: Option.getOrUndefined(store),
    embedder: Option.getOrUndefined(embedder),
    user: Option.getOrUndefined(user),
    agent: Option.getOrUndefined(agent),
    config: Option.getOrUndefined(config)
  }
  return { given, json }
})

/** The settings that the flags, the environment and the file add up to. */
export const settings = Effect.gen(function* () {
  const { given, json } = yield* givenFlags
  const read: CliSettings = yield* readSettings(given, process.env)
  return { ...read, json }
})
