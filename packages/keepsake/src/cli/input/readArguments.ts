/** Texts that begin with a dash, which a parser of flags would take for flags. */
import { invalidInput } from "@keepsake/core/driver"
import * as Result from "effect/Result"
import type { MemoryError } from "@keepsake/core"

/** Flags without a value: the text after one is an argument. */
const SWITCHES: ReadonlySet<string> = new Set([
  "all",
  "closed",
  "dry-run",
  "erase",
  "everyone",
  "everywhere",
  "explain",
  "forever",
  "help",
  "http",
  "json",
  "keep-scopes",
  "list",
  "memory-tools",
  "merge-scopes",
  "newest",
  "no-pin",
  "partial",
  "pin",
  "pinned",
  "trust-ids",
  "yes"
])

const NUMBER = /^-\d*\.?\d+(?:e[+-]?\d+)?$/iu
const NAMED = /^--?[a-z-]+=/u

/** No flag has a space in its name. */
const isText = (argument: string): boolean =>
  argument.startsWith("-") && /\s/u.test(argument) && !NAMED.test(argument)

/** `-what` would be the flags w, h, a and t, of which h prints a help and ends with success. */
const isCluster = (argument: string): boolean => /^-[^-=]{2,}$/u.test(argument) && !NUMBER.test(argument)

/**
 * The arguments as the parser needs them: a text with a dash before it after `--`, or bound to its flag. A word with one
 * dash is refused, since it may be a text too.
 */
export const readArguments = (
  args: ReadonlyArray<string>
): Result.Result<ReadonlyArray<string>, MemoryError> => {
  const end = args.indexOf("--")
  const before = end < 0 ? args : args.slice(0, end)
  const after = end < 0 ? [] : args.slice(end + 1)
  const flags: Array<string> = []
  const texts: Array<string> = []
  for (const argument of before) {
    const last = flags.at(-1)
    const name = last?.startsWith("--") === true && !last.includes("=") ? last.slice(2) : undefined
    if (isText(argument)) {
      if (name === undefined || SWITCHES.has(name)) texts.push(argument)
      else flags[flags.length - 1] = `${last}=${argument}`
    } else if (isCluster(argument)) {
      return Result.fail(
        invalidInput(
          "arguments",
          `${JSON.stringify(argument)} is no flag. If it is a text, write it last, after --`
        )
      )
    } else flags.push(argument)
  }
  const operands = [...texts, ...after]
  return Result.succeed(operands.length === 0 ? flags : [...flags, "--", ...operands])
}
