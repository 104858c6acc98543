/** What can be wrong with input from outside, where types have not been checked. */
import { Effect } from "effect"
import { invalidInput, type MemoryError } from "../memory/MemoryError.ts"
import { didYouMean } from "./suggest.ts"

/** The path of the offending part, and what to do about it. */
export type Problem = readonly [field: string, message: string]

export const isProblem = (value: unknown): value is Problem => Array.isArray(value)

/** A value as a message may show it: never long, and never by a conversion of its own. */
export const shown = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60))
  if (typeof value === "function") return "a function"
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object"
  return String(value)
}

/** Last millisecond of the year 9999: later moments have no date of ten characters. */
const TIME_MAX = 253_402_300_799_999

export const isTime = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= TIME_MAX

/** Text that every store can keep: PostgreSQL has no NUL, nothing that speaks UTF-8 has a lone surrogate. */
export const isKeepable = (text: string): boolean => text.isWellFormed() && !text.includes("\u0000")

/** Longest name of a speaker or a session, in UTF-16 code units. */
export const NAME_MAX = 256

export const nameProblem = (field: string, value: unknown): Problem | undefined => {
  if (value === undefined || value === null) return undefined
  if (typeof value !== "string" || value.length === 0 || value.length > NAME_MAX) {
    return [field, `give a name of 1 to ${NAME_MAX} characters, or leave it out`]
  }
  return isKeepable(value) ? undefined : [field, "holds a NUL or half a character; remove it"]
}

export const booleanProblem = (field: string, value: unknown): Problem | undefined =>
  value === undefined || typeof value === "boolean" ? undefined : [field, "give true or false"]

export const numberProblem = (field: string, value: unknown): Problem | undefined =>
  value === undefined || typeof value === "number" ? undefined : [field, `${shown(value)} is not a number`]

export const isPlain = (value: object): boolean => {
  const proto: unknown = Object.getPrototypeOf(value)
  return proto === Object.prototype || proto === null
}

/**
 * A copy of an object from outside, each field read once, so that what is checked is what is used; or what
 * is wrong with it. A key that is not known is refused: misspelt, it would be ignored.
 */
export const readFields = <T extends object>(
  field: string,
  value: T,
  known: ReadonlyArray<string>
): T | Problem => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [field, `${shown(value)} is not an object; known: ${known.join(", ")}`]
  }
  let copy: T
  try {
    copy = { ...value }
  } catch {
    return [field, "could not be read; give a plain object"]
  }
  // A Map, or getters of a class: there is something in it, but not where it would be read.
  if (Object.keys(copy).length === 0 && !isPlain(value)) return [field, "give a plain object"]
  const stray = Object.entries(copy).find(([key, part]) => part !== undefined && !known.includes(key))
  return stray === undefined ? copy : [stray[0], `is not known here. ${didYouMean(stray[0], known)}`]
}

/** Runs a check and gives what it read, or fails with `InvalidInput`. */
export const valid = <A>(read: () => A | Problem): Effect.Effect<A, MemoryError> =>
  Effect.suspend(() => {
    const got = read()
    return isProblem(got) ? Effect.fail(invalidInput(...got)) : Effect.succeed(got)
  })
