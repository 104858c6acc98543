/** Reads the rows of other systems, which write names and times in several ways. */
import * as Result from "effect/Result"
import type { JsonRow } from "./Format.ts"

const toCamelCase = (name: string): string =>
  name.replaceAll(/_+([a-z0-9])/gu, (_, letter: string) => letter.toUpperCase())

/** Words of fields that decide whose a memory is, whether it is deleted, and how long it holds. */
const DECISIVE: ReadonlySet<string> = new Set(
  (
    "account accounts active agent app archive archived client customer delete deleted deletion disabled enabled end " +
    "ends expiration expire expired expires expiry forgotten from group hidden invalid invalidated lifetime namespace " +
    "org organisation organization owner owners paused person project removed replaced retention run session state " +
    "status superseded team tenant ttl until user users valid validity workspace"
  ).split(" ")
)

const isDecisive = (name: string): boolean =>
  name
    .replaceAll(/([A-Z])/gu, " $1")
    .toLowerCase()
    .split(/[^a-z]+/u)
    .some((word) => DECISIVE.has(word))

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ""

/**
 * The fields of a row under camel-case names, which `known` lists. Refuses a field of another name that may decide whose
 * the memory is, or how long it holds; what is absent is left out, other fields are ignored.
 */
export const readFields = (row: JsonRow, known: ReadonlySet<string>): Result.Result<JsonRow, string> => {
  const fields: Record<string, unknown> = {}
  for (const [written, value] of Object.entries(row)) {
    if (isAbsent(value)) continue
    const name = toCamelCase(written)
    if (!known.has(name)) {
      if (isDecisive(name))
        return Result.fail(
          `has ${JSON.stringify(written)}, which may decide whose it is or how long it holds, and is not known; remove the field, or the row`
        )
      continue
    }
    if (fields[name] !== undefined && fields[name] !== value)
      return Result.fail(`has ${JSON.stringify(name)} twice, with different values`)
    fields[name] = value
  }
  return Result.succeed(fields)
}

/** Epoch seconds are below this for millennia, epoch milliseconds above it since 1973. */
const SECONDS_MAX = 100_000_000_000

/** Without a zone, a time is one of UTC, as Python's servers write it. */
const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/iu

/** Epoch milliseconds of ISO text; not a number for another text, and for 30 February. */
export const parseIso = (text: string): number => {
  const [, day, time = "00:00", zone = "Z"] = ISO.exec(text.trim()) ?? []
  if (day === undefined) return Number.NaN
  const offset = /^[+-]\d\d$/u.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d\d)(\d\d)$/u, "$1:$2")
  const date = new Date(`${day}T00:00:00Z`)
  const isDay = Number.isFinite(date.getTime()) && date.toISOString().startsWith(day)
  return isDay ? Date.parse(`${day}T${time}${offset.toUpperCase()}`) : Number.NaN
}

/** A time as epoch milliseconds; one that cannot be read is refused, since an expiry may hang on it. */
export const readTimeField = (fields: JsonRow, name: string): Result.Result<number | undefined, string> => {
  const value = fields[name]
  if (value === undefined) return Result.succeed(undefined)
  const time =
    typeof value === "number"
      ? Math.round(value < SECONDS_MAX ? value * 1_000 : value)
      : typeof value === "string"
        ? parseIso(value)
        : Number.NaN
  return Number.isFinite(time)
    ? Result.succeed(time)
    : Result.fail(`has a ${JSON.stringify(name)} that is no time`)
}

/** A name or an id; a number is one too. */
export const readIdField = (fields: JsonRow, name: string): Result.Result<string | null, string> => {
  const value = fields[name]
  if (value === undefined) return Result.succeed(null)
  return typeof value === "string" || typeof value === "number"
    ? Result.succeed(String(value))
    : Result.fail(`has a ${JSON.stringify(name)} that is no text`)
}

/** New rows are dated once as created and some moments later as changed. */
const SAME_MOMENT_MS = 60_000

/** When the text as it stands was said: at its last change. */
export const readSaidAt = (fields: JsonRow): Result.Result<number | undefined, string> =>
  Result.gen(function* () {
    const created = yield* readTimeField(fields, "createdAt")
    const updated = yield* readTimeField(fields, "updatedAt")
    if (created === undefined || updated === undefined) return created ?? updated
    return updated - created > SAME_MOMENT_MS ? updated : created
  })
