import { QdrantClient } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { parseAddress, type ServerOptions } from "../options.ts"
import { makeConnectionPool } from "./connectionPool.ts"

/** A client with a connection pool that closes with the Effect scope. */
export const openClient = Effect.fnUntraced(function* (options: ServerOptions) {
  const { port, prefix, url } = yield* parseAddress(options)
  const headers = options.apiKey === undefined ? {} : { "api-key": Redacted.value(options.apiKey) }
  const client = new QdrantClient({
    url,
    port,
    prefix,
    headers,
    // The store has its own: the client's timeout includes the wait for a connection and cannot be interrupted.
    timeout: Number.POSITIVE_INFINITY,
    checkCompatibility: false
  })
  const pool = yield* Effect.acquireRelease(
    Effect.sync(() => makeConnectionPool(options.concurrency ?? 16)),
    (pool) => Effect.promise(() => pool.close())
  )
  return { client, server: `Qdrant at ${url}:${port}${prefix}`, pool }
})
