import type { ContextOptions } from "@keepsake/core"
import { fields, readContextOptions } from "@keepsake/core/driver"
import * as Result from "effect/Result"
import { invalidInput } from "./AgentError.ts"
import type { ModelClient } from "./ModelClient.ts"

const { integer, shown, test } = fields

/** The value that was read; throws `InvalidInput` for a problem. */
export const readOrThrow = <A>(read: Result.Result<A, fields.Problem>): A => {
  if (Result.isFailure(read)) throw invalidInput(...read.failure)
  return read.success
}

/** A function, whose parameters are not checked. */
export const callback = <F extends (...args: never) => unknown>(): fields.Field<F> =>
  test((value): value is F => typeof value === "function", "give a function")

export const modelClient: fields.Field<ModelClient> = test(
  (value): value is ModelClient => typeof value === "object" && value !== null && "beta" in value,
  "give a client of the Messages API, such as new Anthropic()"
)

/** A model's name; `example` is one that fits. */
export const modelName = (example: string): fields.Field<string> =>
  test(
    (value): value is string => typeof value === "string" && value.trim() !== "",
    `name the model, such as ${example}`
  )

export const positiveInteger = integer(
  1,
  Number.MAX_SAFE_INTEGER,
  (value) => `${shown(value)} is not a whole number above 0`
)

/** `where` stays as it was written: each call of `context` reads it. */
export const contextOptions: fields.Field<ContextOptions> = (value) =>
  Result.mapBoth(readContextOptions(value), {
    onSuccess: (read) => ({ ...read, where: (value as ContextOptions).where }),
    onFailure: ([field, message]) => [field === "options" ? "" : `.${field}`, message] as const
  })
