/** Readers of input from outside, whose types no compiler has checked: each copies its value or refuses it. */
import { lazily } from "../runtime/lazily.ts"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { invalidInput, type MemoryError } from "../memory/MemoryError.ts"
import { didYouMean } from "./suggest.ts"

/** The path of the bad part, and what to do about it. */
export type Problem = readonly [field: string, message: string]

/** Reads one value. Its problem has a path relative to the value: `""`, `.topic` or `[0]`. */
export type Field<A> = (value: unknown) => Result.Result<A, Problem>

/** A field for each option of `Options`: one that is missing or misspelt is a type error. */
export type Fields<Options> = { readonly [Name in keyof Options]-?: Field<Options[Name]> }

interface Table {
  readonly [name: string]: Field<unknown>
}

/** What `object` reads by a table. */
export type Read<T> = { readonly [Name in keyof T]: T[Name] extends Field<infer A> ? A : never }

/** A value as a message may show it: short, and never converted by the value's own methods. */
export const shown = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60))
  if (typeof value === "function") return "a function"
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object"
  return String(value)
}

/** Text that every store can keep: PostgreSQL has no NUL, and UTF-8 has no lone surrogate. */
export const isKeepable = (text: string): boolean => text.isWellFormed() && !text.includes("\u0000")

export const isPlain = (value: object): boolean => {
  const proto: unknown = Object.getPrototypeOf(value)
  return proto === Object.prototype || proto === null
}

export const refused = (message: string): Result.Result<never, Problem> => Result.fail(["", message])

/** Reads what `accepts` takes. */
export const test =
  <A>(accepts: (value: unknown) => value is A, message: string | ((value: unknown) => string)): Field<A> =>
  (value) =>
    accepts(value) ? Result.succeed(value) : refused(typeof message === "string" ? message : message(value))

const ABSENT = Result.succeed(undefined)
const NULL = Result.succeed(null)

export const optional =
  <A>(field: Field<A>): Field<A | undefined> =>
  (value) =>
    value === undefined ? ABSENT : field(value)

export const nullable =
  <A>(field: Field<A>): Field<A | null> =>
  (value) =>
    value === null ? NULL : field(value)

export const oneOf = <A extends string>(names: ReadonlyArray<A>): Field<A> =>
  test(
    (value): value is A => typeof value === "string" && (names as ReadonlyArray<string>).includes(value),
    (value) => `${shown(value)} is none of ${names.join(", ")}`
  )

export const list =
  <A>(item: Field<A>, lengthMax: number): Field<ReadonlyArray<A>> =>
  (value) => {
    if (!Array.isArray(value)) return refused(`${shown(value)} is not a list; write [${shown(value)}]`)
    if (value.length > lengthMax) return refused(`give at most ${lengthMax}`)
    const items: Array<A> = []
    for (const [i, part] of value.entries()) {
      const read = item(part)
      if (Result.isFailure(read)) return Result.fail(under(`[${i}]`, read.failure))
      items.push(read.success)
    }
    return Result.succeed(items)
  }

export const boolean: Field<boolean> = test((value) => typeof value === "boolean", "give true or false")

/** A whole number from `min` to `max`. */
export const integer = (min: number, max: number, message: string | ((value: unknown) => string)) =>
  test(
    (value): value is number => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    message
  )

/** Counts and turns are 32-bit integers in some stores. */
const COUNT_MAX = 0x7fff_ffff

export const count = integer(0, COUNT_MAX, `give a whole number from 0 to ${COUNT_MAX}`)

/** A number from 0 to 1. */
export const share = (advice = ""): Field<number> =>
  test(
    (value): value is number => typeof value === "number" && value >= 0 && value <= 1,
    (value) => `${shown(value)} is not between 0 and 1${advice}`
  )

/** Longest name of a speaker or a session, in UTF-16 code units. */
export const NAME_MAX = 256

export const name: Field<string> = (value) => {
  if (typeof value !== "string" || value.length === 0 || value.length > NAME_MAX) {
    return refused(`give a name of 1 to ${NAME_MAX} characters, or leave it out`)
  }
  return isKeepable(value) ? Result.succeed(value) : refused("holds a NUL or half a character; remove it")
}

/** How a table is read beyond its fields. */
interface Rules<T, Renamed extends string> {
  /** Deprecated names, and the names that replace them in the result. */
  readonly renamed?: { readonly [Name in Renamed]: keyof T & string } | undefined
  /** What is wrong between fields that are each right. */
  readonly problem?: ((read: Omit<Read<T>, Renamed>) => Problem | undefined) | undefined
}

type Copy = Record<string, unknown>

/** The own fields of a value, each read once so that what is checked is what is used; `undefined` where one throws. */
export const copyFields = (value: object): Copy | undefined => {
  try {
    return { ...value }
  } catch {
    return undefined
  }
}

const under = (path: string, [field, message]: Problem): Problem => [`${path}${field}`, message]

const firstAbsent = (
  copy: Copy,
  required: ReadonlyArray<{ readonly key: string; readonly problem: Problem }>
): Problem | undefined => {
  for (const { key, problem } of required) if (copy[key] === undefined) return problem
  return undefined
}

/** Gives each value under a deprecated name to the name that replaces it. */
const rename = (copy: Copy, names: ReadonlyArray<readonly [string, string]>): Problem | undefined => {
  for (const [old, current] of names) {
    if (copy[old] === undefined) continue
    if (copy[current] !== undefined) return [old, `is the old name of ${current}; give ${current} alone`]
    copy[current] = copy[old]
    delete copy[old]
  }
  return undefined
}

/**
 * Reads an object by a table. An unknown field is refused, since a misspelt one would be ignored; absent
 * fields stay absent.
 */
export const object = <T extends Table, Renamed extends string = never>(
  fields: T,
  { problem, renamed }: Rules<T, Renamed> = {}
): Field<Omit<Read<T>, Renamed>> => {
  const readers = new Map(Object.entries(fields))
  const required = lazily(() =>
    Array.from(readers, ([key, field]) => ({ key, absent: field(undefined) })).flatMap(({ absent, key }) =>
      Result.isFailure(absent) ? [{ key, problem: under(`.${key}`, absent.failure) }] : []
    )
  )
  const replacements = Object.entries<string>(renamed ?? {})
  const oldNames = new Set(replacements.map(([old]) => old))
  const known = Object.keys(fields).filter((key) => !oldNames.has(key))
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return refused(`${shown(value)} is not an object; known: ${known.join(", ")}`)
    }
    const copy = copyFields(value)
    if (copy === undefined) return refused("could not be read; give a plain object")
    let isEmpty = true
    let bad: Problem | undefined
    for (const key in copy) {
      isEmpty = false
      const part = copy[key]
      if (part === undefined) continue
      const field = readers.get(key)
      if (field === undefined) {
        return Result.fail([`.${key}`, `is not known here. ${didYouMean(key, known)}`])
      }
      const read = field(part)
      if (Result.isFailure(read)) bad ??= under(`.${key}`, read.failure)
      else if (read.success !== part) copy[key] = read.success
    }
    // A Map, or getters of a class: its parts are not where they would be read.
    if (isEmpty && !isPlain(value)) return refused("give a plain object")
    bad ??= firstAbsent(copy, required())
    if (bad !== undefined) return Result.fail(bad)
    const clash = rename(copy, replacements)
    if (clash !== undefined) return Result.fail(under(".", clash))
    const read = copy as Omit<Read<T>, Renamed>
    const clashing = problem?.(read)
    return clashing === undefined ? Result.succeed(read) : Result.fail(under(".", clashing))
  }
}

/** Reads a whole input; `inputName` names it where none of its fields is to blame. */
export const input =
  <A>(inputName: string, field: Field<A>): Field<A> =>
  (value) => {
    const read = field(value)
    if (Result.isSuccess(read)) return read
    const [path, message] = read.failure
    return Result.fail([path === "" ? inputName : path.replace(/^\./u, ""), message])
  }

/** Reads a part of an input, whose name comes before the path of every problem. */
export const within =
  <A>(partName: string, field: Field<A>): Field<A> =>
  (value) => {
    const read = field(value)
    return Result.isSuccess(read) ? read : Result.fail(under(partName, read.failure))
  }

/** Runs a reader, and fails with `InvalidInput` for its problem. */
export const valid = <A>(read: () => Result.Result<A, Problem>): Effect.Effect<A, MemoryError> =>
  Effect.suspend(() => {
    const result = read()
    return Result.isFailure(result)
      ? Effect.fail(invalidInput(...result.failure))
      : Effect.succeed(result.success)
  })
