import { Result, Schema } from "effect"
import { Scope } from "../memory/Scope.ts"
import { type Field, type Fields, input, object, refused } from "./fields.ts"

const isScope = Schema.is(Scope)

const part: Field<string> = (value) => Result.succeed(value as string)

/** A misspelt `agentId` would share one agent's memories with another. */
const fields = object({ agentId: part, userId: part } satisfies Fields<Scope>)

const ids: Field<Scope> = (value) => {
  const read = fields(value)
  return Result.isFailure(read) || isScope(read.success)
    ? read
    : refused(
        "agentId and userId are 1 to 256 characters without control characters, slashes or outer spaces"
      )
}

export const readScope = input("scope", ids)

/** Stands in for the agent where only the user's id is checked. */
const ANY_AGENT = "any"

const request = input("request", object({ userId: part }))

/** Reads the request to erase a user, and gives the user's id. */
export const readUserId: Field<string> = (value) => {
  const read = request(value)
  if (Result.isFailure(read)) return Result.fail(read.failure)
  const scope = readScope({ agentId: ANY_AGENT, userId: read.success.userId })
  return Result.map(scope, ({ userId }) => userId)
}
