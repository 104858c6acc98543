import * as Result from "effect/Result"
import { isScope, sameScope, type Scope } from "../memory/Scope.ts"
import { type Field, type Fields, input, list, object, optional, type Problem, refused } from "./fields.ts"
import { timeZone } from "./timeZone.ts"

const part: Field<string> = (value) => Result.succeed(value as string)

/** Refuses unknown fields: a misspelt `agentId` would share one agent's memories with another. */
const fields = object({ agentId: part, userId: part } satisfies Fields<Scope>)

const ids: Field<Scope> = (value) => {
  const read = fields(value)
  return Result.isFailure(read) || isScope(read.success)
    ? read
    : refused(
        "agentId and userId are 1 to 256 characters without control characters, slashes or outer spaces"
      )
}

/** Reads a scope, and refuses unknown fields and invalid ids. */
export const readScope = input("scope", ids)

/** What a memory reads beside its own scope. */
export interface ScopeOptions {
  /**
   * Up to seven other scopes that recall and context answer from too; a string is a user of the same agent.
   * They are only read. The application names them, never a tool or a model.
   */
  readonly reads?: ReadonlyArray<string | Scope> | undefined
  /** Where the user is, as a name of the IANA database: it says what "yesterday" is, and dates the context. */
  readonly timeZone?: string | undefined
}

/** The options of a memory as they are used. */
export interface ReadScopeOptions {
  readonly reads: ReadonlyArray<Scope>
  readonly timeZone: string | undefined
}

/** Most scopes that are read beside one's own. */
export const READS_MAX = 7

/** A placeholder, to check a user's id alone. */
const ANY_AGENT = "any"

const request = input("request", object({ userId: part }))

/** Reads a request to erase a user, and returns the user's id. */
export const readUserId: Field<string> = (value) => {
  const read = request(value)
  if (Result.isFailure(read)) return Result.fail(read.failure)
  const scope = readScope({ agentId: ANY_AGENT, userId: read.success.userId })
  return Result.map(scope, ({ userId }) => userId)
}

const user: Field<string> = (value) =>
  isScope({ agentId: ANY_AGENT, userId: value })
    ? Result.succeed(value as string)
    : refused("a user is 1 to 256 characters without control characters, slashes or outer spaces")

const readable: Field<string | Scope> = (value) => (typeof value === "string" ? user(value) : ids(value))

const scopeOptions = input(
  "options",
  object({
    reads: optional(list(readable, READS_MAX)),
    timeZone: optional(timeZone)
  } satisfies Fields<ScopeOptions>)
)

/** Reads the options of a memory of `own`. */
export const readScopeOptions = (own: Scope, value: unknown): Result.Result<ReadScopeOptions, Problem> => {
  const read = scopeOptions(value)
  if (Result.isFailure(read)) return Result.fail(read.failure)
  const scopes: Array<Scope> = []
  for (const [i, named] of (read.success.reads ?? []).entries()) {
    const scope = typeof named === "string" ? { agentId: own.agentId, userId: named } : named
    if (sameScope(scope, own)) return Result.fail([`reads[${i}]`, "is this memory's own scope; name others"])
    const before = scopes.findIndex((other) => sameScope(scope, other))
    if (before >= 0) return Result.fail([`reads[${i}]`, `is the scope of reads[${before}]; name it once`])
    scopes.push(Object.freeze(scope))
  }
  return Result.succeed({ reads: Object.freeze(scopes), timeZone: read.success.timeZone })
}
