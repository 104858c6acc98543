import { Result, Schema } from "effect"
import { Scope } from "../memory/Scope.ts"
import { type Field, type Fields, input, object, refused } from "./fields.ts"

const isScope = Schema.is(Scope)

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
