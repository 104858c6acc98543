/** What a project's config may use: what the user's own config or environment names, or the user said yes to. */
import { existsSync } from "node:fs"
import { MemoryError, Unauthorized } from "@keepsake/core"
import { fields, invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { type Environment, type FileSettings, ownFile, PROJECT_CONFIG, writePrivately } from "./configFile.ts"
import { describeDestination, type Destination, listDestinations, withoutAccount } from "./destinations.ts"
import { readText } from "./readText.ts"

const { list, object, test, valid, within } = fields

/** Where memories are kept, how they are embedded and who judges them. */
export type Choice = Pick<FileSettings, "embedder" | "reranker" | "store">

/** More names than anyone answers questions about. */
const NAMES_MAX = 10_000

const readList = object({
  trusted: list(
    test((value) => typeof value === "string", "give a text"),
    NAMES_MAX
  )
})

const trustedPath = (env: Environment): string | undefined => ownFile(env, "trusted.json")

/** The names to which the user said yes. */
export const readTrusted = Effect.fnUntraced(function* (
  env: Environment
): Effect.fn.Return<ReadonlyArray<string>, MemoryError> {
  const path = trustedPath(env)
  if (path === undefined || !existsSync(path)) return []
  const text = yield* readText(path)
  const value = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: () => invalidInput(path, "is not JSON; remove it, and run keepsake trust again")
  })
  return (yield* valid(() => within(path, readList)(value))).trusted
})

export const writeTrusted = (
  env: Environment,
  names: ReadonlyArray<string>
): Effect.Effect<void, MemoryError> => {
  const path = trustedPath(env)
  return path === undefined
    ? Effect.fail(
        invalidInput("HOME", "is not set, and this account has no home folder to keep the answer in")
      )
    : writePrivately(path, `${JSON.stringify({ trusted: names }, null, 2)}\n`)
}

/** The destinations of `project` that neither `own` settings name nor the user said yes to. */
export const findUntrusted = Effect.fnUntraced(function* (
  project: Choice,
  own: ReadonlyArray<Choice>,
  env: Environment
): Effect.fn.Return<ReadonlyArray<Destination>, MemoryError> {
  const named = (yield* listDestinations(project)).filter(({ isOwn }) => !isOwn)
  if (named.length === 0) return []
  const ownDestinations = (yield* Effect.forEach(own, listDestinations)).flat()
  const trusted = new Set([
    ...ownDestinations.flatMap((destination) => [destination.name, withoutAccount(destination)]),
    ...(yield* readTrusted(env))
  ])
  return named.filter(({ name }) => !trusted.has(name))
})

/** The refusal of a project's config that names what the user has not trusted. */
export const refuseUntrusted = (untrusted: ReadonlyArray<Destination>): MemoryError =>
  new MemoryError({
    reason: new Unauthorized({
      message: `${PROJECT_CONFIG} in this folder names what you have not trusted: ${untrusted.map(describeDestination).join("; ")}. Nothing was opened or sent. If the file is right, run keepsake trust here`
    })
  })
