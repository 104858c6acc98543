import * as Result from "effect/Result"
import { type Field, type Problem, refused, within } from "./fields.ts"
import { type ReadContextOptions, readContextOptions } from "./options.ts"

/** Longest question, in UTF-16 code units. */
const QUERY_MAX = 100_000

const text: Field<string> = (value) => {
  if (typeof value !== "string") return refused("give the question as a text")
  return value.trim() === "" ? refused("is empty; say what to look for") : Result.succeed(value)
}

const bounded: Field<string> = (value) =>
  typeof value === "string" && value.length > QUERY_MAX
    ? refused(`is ${value.length} characters long; ask in at most ${QUERY_MAX}`)
    : text(value)

export const readQuestion = within("query", bounded)

const readMessage = within("query", text)

/** Keeps the start and the end of a long message: people put their request there, around pasted text. */
const clip = (message: string): string => {
  if (message.length <= QUERY_MAX) return message
  const half = QUERY_MAX / 2
  return `${message.slice(0, half)}\n${message.slice(-half)}`.toWellFormed()
}

/** Reads the arguments of `context`. Ignores the message if the relevant part is omitted. */
export const readContextRequest = (
  message: unknown,
  options: unknown
): Result.Result<{ readonly query: string; readonly options: ReadContextOptions }, Problem> => {
  const read = readContextOptions(options)
  if (Result.isFailure(read)) return Result.fail(read.failure)
  if (read.success.omit?.includes("relevant") === true) {
    return Result.succeed({ query: "", options: read.success })
  }
  const query = readMessage(message)
  return Result.isFailure(query)
    ? Result.fail(query.failure)
    : Result.succeed({ query: clip(query.success), options: read.success })
}
