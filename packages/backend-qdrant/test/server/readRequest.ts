/**
 * Checks requests against Qdrant's published OpenAPI description (the client's generated types). The schemas
 * list only the members of a union that the store uses, and refuse unknown keys: anything else is a request
 * that the store should not send.
 */
import { Schema } from "effect"
import { Refusal } from "./refusals.ts"

export const readBody = <A>(schema: Schema.Codec<A>, body: unknown): A => {
  try {
    return Schema.decodeUnknownSync(schema)(body, { onExcessProperty: "error" })
  } catch (cause) {
    throw new Refusal(400, `Format error in JSON body: ${String(cause).slice(0, 2_000)}`)
  }
}

/** Query parameters by name, with the pattern of their values. */
type Parameters = Readonly<Record<string, RegExp>>

export const READ_PARAMETERS: Parameters = {
  consistency: /^(\d+|majority|quorum|all)$/u,
  timeout: /^\d+$/u
}
export const WRITE_PARAMETERS: Parameters = {
  wait: /^(true|false)$/u,
  ordering: /^(weak|medium|strong)$/u,
  timeout: /^\d+$/u
}

/** Refuses unknown query parameters and values. */
export const checkQuery = (query: URLSearchParams, parameters: Parameters): void => {
  for (const [key, value] of query) {
    if (parameters[key]?.test(value) !== true) {
      throw new Refusal(400, `Format error in query parameters: ${key}=${value}`)
    }
  }
}
