import { existsSync } from "node:fs"
import type { MemoryError } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { PROJECT_CONFIG } from "../../../config/configFile.ts"
import { describeDestination, type Destination } from "../../../config/destinations.ts"
import { readUntrusted } from "../../../config/readSettings.ts"
import { readTrusted, writeTrusted } from "../../../config/trusted.ts"
import { ask } from "../../input/ask.ts"
import { columns, note, print } from "../../output/print.ts"
import { oneLine, wrap } from "../../output/text.ts"
import { sharedFlags } from "../../root.ts"

const describeAll = (destinations: ReadonlyArray<Destination>): string =>
  destinations
    .flatMap((destination) => wrap(`- ${oneLine(describeDestination(destination))}`, columns()))
    .join("\n")

const confirm = Effect.fnUntraced(function* (
  untrusted: ReadonlyArray<Destination>
): Effect.fn.Return<void, MemoryError> {
  yield* note(`${PROJECT_CONFIG} in this folder names:\n${describeAll(untrusted)}`)
  if (!process.stdin.isTTY)
    return yield* invalidInput("yes", "there is no terminal to ask at: add --yes to trust these")
  const answer = yield* ask("Trust these, from now on and in every folder? Type yes: ")
  if (answer.toLowerCase() !== "yes") return yield* invalidInput("yes", "not confirmed; nothing is trusted")
  return undefined
})

const trustProject = Effect.fnUntraced(function* (yes: boolean) {
  if (!existsSync(PROJECT_CONFIG))
    return yield* invalidInput(PROJECT_CONFIG, "is not in this folder; go to the folder of the project")
  const { flags } = yield* sharedFlags
  const untrusted = yield* readUntrusted(flags, process.env)
  if (untrusted.length === 0) return []
  if (!yes) yield* confirm(untrusted)
  const names = untrusted.map(({ name }) => name)
  yield* writeTrusted(process.env, [...(yield* readTrusted(process.env)), ...names])
  return names
})

const removeName = Effect.fnUntraced(function* (name: string) {
  const trusted = yield* readTrusted(process.env)
  if (!trusted.includes(name))
    return yield* invalidInput("remove", "is not trusted; keepsake trust --list shows what is")
  const left = trusted.filter((other) => other !== name)
  yield* writeTrusted(process.env, left)
  return left
})

const listNames = (names: ReadonlyArray<string>): string =>
  names.length === 0 ? "Nothing is trusted yet." : names.map(oneLine).join("\n")

export const trust = Command.make(
  "trust",
  {
    yes: Flag.Boolean("yes").pipe(
      Flag.withAlias("y"),
      Flag.withDescription("Do not ask; for scripts that have looked at the file"),
      Flag.withDefault(false)
    ),
    list: Flag.Boolean("list").pipe(Flag.withDescription("Show what is trusted"), Flag.withDefault(false)),
    remove: Flag.String("remove").pipe(
      Flag.withMetavar("name"),
      Flag.withDescription("Trust it no longer"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ list, remove, yes }) {
    const { json } = yield* sharedFlags
    if (Option.isSome(remove) || list) {
      const trusted = yield* Option.isSome(remove) ? removeName(remove.value) : readTrusted(process.env)
      return yield* print(json, { trusted }, () => listNames(trusted))
    }
    const added = yield* trustProject(yes)
    return yield* print(json, { added }, () =>
      added.length === 0
        ? `${PROJECT_CONFIG} names nothing that needs your trust.`
        : `Trusted: ${added.map(oneLine).join(", ")}`
    )
  })
).pipe(
  Command.withDescription(
    "Allow the hosts and models that ./keepsake.json names. A project may have brought that file, so a host that your own config does not name is refused until you say yes once"
  ),
  Command.withExamples([
    { command: "keepsake trust", description: "See what the file in this folder names, and allow it" },
    { command: "keepsake trust --list", description: "What you have allowed" }
  ])
)
