/** The options of the verbs, checked: an option that is misspelt or of the wrong kind is refused, never ignored. */
import type { ContextOptions } from "../context/buildContext.ts"
import { FILTER_FIELDS, filterProblem, readFilter } from "../input/filter.ts"
import { isUuid } from "../memory/MemoryId.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import {
  booleanProblem,
  isProblem,
  nameProblem,
  numberProblem,
  type Problem,
  readFields,
  shown
} from "../input/problems.ts"
import type { RecallOptions } from "../recall/Retriever.ts"
import { STATEMENT_LIMITS } from "../input/Statement.ts"
import type { Exchange, ForgetOptions, ListOptions, WriteOptions } from "./ScopedMemory.ts"

/** Longest question that is read, in UTF-16 code units: as long as a statement may be. */
const QUERY_MAX = STATEMENT_LIMITS.content

export const readQuestion = (query: string): string | Problem => {
  if (typeof query !== "string") return ["query", "give the question as a text"]
  return query.length > QUERY_MAX
    ? ["query", `is ${query.length} characters long; ask in at most ${QUERY_MAX}`]
    : query
}

/**
 * What of a message is asked with. A pasted file is no reason to answer without memory: of more than
 * `QUERY_MAX` the beginning and the end, where people say what they want.
 */
export const clipMessage = (message: string): string => {
  if (typeof message !== "string" || message.length <= QUERY_MAX) return message
  const half = QUERY_MAX / 2
  return `${message.slice(0, half)}\n${message.slice(-half)}`.toWellFormed()
}

/** Reads the fields, then checks them. */
const reader =
  <T extends object>(
    name: string,
    known: ReadonlyArray<keyof T & string>,
    problemOf: (options: T) => Problem | undefined
  ) =>
  (given: T): T | Problem => {
    const options = readFields(name, given, known)
    return isProblem(options) ? options : (problemOf(options) ?? options)
  }

export const readWriteOptions = reader<WriteOptions>("options", ["fence"], ({ fence }) =>
  fence === undefined || (Number.isSafeInteger(fence) && fence >= 0)
    ? undefined
    : ["fence", "give what fence() returned"]
)

export const readForgetOptions = reader<ForgetOptions>("options", ["dryRun"], ({ dryRun }) =>
  booleanProblem("dryRun", dryRun)
)

const cursorProblem = (after: ListOptions["after"]): Problem | undefined => {
  if (after === undefined) return undefined
  if (after === null) return ["after", "null is the end of the pages: stop, or leave it out to begin anew"]
  return typeof after === "object" && Number.isSafeInteger(after.createdAt) && isUuid(after.id)
    ? undefined
    : ["after", "give next of the page before"]
}

export const readListOptions = reader<ListOptions>(
  "options",
  ["filter", "closed", "after", "limit"],
  ({ after, closed, filter, limit }) => {
    const conditions = filter === undefined ? undefined : readFilter("filter", filter)
    return (
      (isProblem(conditions) ? conditions : undefined) ??
      booleanProblem("closed", closed) ??
      cursorProblem(after) ??
      (limit === undefined || (Number.isInteger(limit) && limit >= 1 && limit <= STORE_LIMITS.rows)
        ? undefined
        : [
            "limit",
            `${shown(limit)} is not a whole number from 1 to ${STORE_LIMITS.rows}; page on with after`
          ])
    )
  }
)

/** Ranges are the retriever's. */
export const readRecallOptions = reader<RecallOptions>(
  "options",
  [...FILTER_FIELDS, "limit", "threshold", "asOf"],
  (options) =>
    filterProblem("", options) ??
    numberProblem("limit", options.limit) ??
    numberProblem("threshold", options.threshold) ??
    numberProblem("asOf", options.asOf)
)

const PARTS: ReadonlyArray<unknown> = ["profile", "relevant", "lastTime"]

const withoutProblem = (without: ContextOptions["without"]): Problem | undefined =>
  without === undefined || (Array.isArray(without) && without.every((part) => PARTS.includes(part)))
    ? undefined
    : ["without", `give a list of ${PARTS.join(", ")}`]

const sessionProblem = (sessionId: ContextOptions["sessionId"]): Problem | undefined =>
  sessionId === null
    ? ["sessionId", "null is no conversation; leave it out"]
    : nameProblem("sessionId", sessionId)

export const readContextOptions = reader<ContextOptions>(
  "options",
  ["budget", "without", "sessionId", "threshold", "limit", "scores", "estimateTokens"],
  (options) =>
    numberProblem("budget", options.budget) ??
    withoutProblem(options.without) ??
    sessionProblem(options.sessionId) ??
    numberProblem("threshold", options.threshold) ??
    numberProblem("limit", options.limit) ??
    booleanProblem("scores", options.scores) ??
    (options.estimateTokens === undefined || typeof options.estimateTokens === "function"
      ? undefined
      : ["estimateTokens", "give a function from a text to its tokens"])
)

export const readExchange = reader<Exchange>(
  "exchange",
  ["user", "assistant", "sessionId", "turn", "saidAt"],
  ({ assistant, sessionId, user }) => {
    if (typeof sessionId !== "string" || sessionId === "") {
      return ["sessionId", "name the conversation this exchange belongs to"]
    }
    if (typeof user !== "string") return ["user", "give what the user said"]
    return typeof assistant === "string"
      ? undefined
      : ["assistant", 'give the answer; "" where there is none']
  }
)
