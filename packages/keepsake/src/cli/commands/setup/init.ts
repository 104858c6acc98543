import { existsSync } from "node:fs"
import type { MemoryError } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { ownConfigPath, ownFile, writePrivately } from "../../../config/configFile.ts"
import { hideUrlSecrets } from "../../../config/hideSecrets.ts"
import type { SettingFlags } from "../../../config/readSettings.ts"
import { resolveConfig } from "../../../config/resolveConfig.ts"
import { diagnose } from "../../../doctor/diagnose.ts"
import { ask } from "../../input/ask.ts"
import { EXIT } from "../../exitCodes.ts"
import { doctorReport } from "../../output/doctorReport.ts"
import { columns, note, print } from "../../output/print.ts"
import { sharedFlags } from "../../root.ts"

interface Question {
  readonly name: "store" | "embedder" | "user"
  readonly text: string
  readonly preset: string
}

/** The user's own answers, in the order in which they are asked. */
const questions = (env: NodeJS.ProcessEnv): ReadonlyArray<Question> => [
  {
    name: "store",
    text: "Where are memories kept? A file, postgres://… or qdrant+https://…",
    preset: `file:${ownFile(env, "memory.db") ?? "./memory.db"}`
  },
  {
    name: "embedder",
    text: "How are meanings compared? static (built in), none (by words), ollama:MODEL, openai:MODEL, voyage:MODEL, transformers:MODEL",
    preset: "static"
  },
  { name: "user", text: "Whose memory is it?", preset: "me" }
]

/** A flag answers its question; without a terminal the presets do. */
const readAnswers = Effect.fnUntraced(function* (flags: SettingFlags, yes: boolean) {
  const answers: { -readonly [Name in Question["name"]]?: string } = {}
  for (const { name, preset, text } of questions(process.env)) {
    const given = flags[name]
    const answer = given ?? (yes ? "" : yield* ask(`${text}\n[${hideUrlSecrets(preset)}] `))
    // Without an embedder in the config, a store that was filled by words alone goes on so.
    if (name !== "embedder" || answer !== "") answers[name] = answer === "" ? preset : answer
  }
  return answers
})

const checkPath = Effect.fnUntraced(function* (
  path: string | undefined,
  yes: boolean,
  force: boolean
): Effect.fn.Return<string, MemoryError> {
  if (path === undefined)
    return yield* invalidInput(
      "config",
      "has no place: this account has no home folder; name a file with --config"
    )
  if (existsSync(path) && !force)
    return yield* invalidInput("config", `${path} exists already; edit it, or add --force to replace it`)
  if (!yes && !process.stdin.isTTY)
    return yield* invalidInput(
      "yes",
      "there is no terminal to ask at: add --yes, and --store, --embedder or --user"
    )
  return path
})

export const init = Command.make(
  "init",
  {
    yes: Flag.Boolean("yes").pipe(
      Flag.withAlias("y"),
      Flag.withDescription("Do not ask; what no flag says is as by default"),
      Flag.withDefault(false)
    ),
    force: Flag.Boolean("force").pipe(
      Flag.withDescription("Replace a config that is there"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ force, yes }) {
    const { flags, json } = yield* sharedFlags
    const path = yield* checkPath(flags.config ?? ownConfigPath(process.env), yes, force)
    const answers = yield* readAnswers(flags, yes)
    // A config that cannot be read is not written.
    yield* resolveConfig({ store: answers.store ?? "", embedder: answers.embedder })
    yield* writePrivately(path, `${JSON.stringify(answers, null, 2)}\n`)
    if (!json) yield* note(`Wrote ${path}. Trying it:`)
    const findings = yield* diagnose({ config: path }, {})
    yield* print(json, { path, findings }, () => doctorReport(findings, columns()))
    if (findings.some(({ status }) => status === "fault")) process.exitCode = EXIT.faults
  })
).pipe(
  Command.withDescription(
    "Ask three questions, write your own config (~/.keepsake/config.json) and try it. Exit code 3 if it does not work"
  ),
  Command.withExamples([
    {
      command: "keepsake init",
      description: "Ask where memories are kept, how they are compared, and whose they are"
    },
    { command: "keepsake init --yes --force --user ana", description: "Without questions" }
  ])
)
