import { QdrantClient } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { type Address, parseAddresses, type ServerOptions } from "../options.ts"
import { makeConnectionPool } from "./connectionPool.ts"
import type { QdrantNode } from "./QdrantHttp.ts"

/** A client with a connection pool that closes with the Effect scope. */
const openNode = Effect.fnUntraced(function* ({ port, prefix, url }: Address, options: ServerOptions) {
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
  const node: QdrantNode = { client, server: `Qdrant at ${url}:${port}${prefix}`, pool }
  return node
})

/** A client for each node of the options' URL. */
export const openNodes = Effect.fnUntraced(function* (options: ServerOptions) {
  const addresses = yield* parseAddresses(options)
  return yield* Effect.forEach(addresses, (address) => openNode(address, options))
})
