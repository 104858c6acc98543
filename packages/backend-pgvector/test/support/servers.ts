/** Stores for tests: on PGlite always, on a server if `KEEPSAKE_PG_URL` names one. */
import { PGlite } from "@electric-sql/pglite"
import { vector } from "@electric-sql/pglite-pgvector"
import {
  type Fingerprint,
  fingerprint,
  MemoryStore,
  StoreAdmin,
  StoreFingerprint
} from "@keepsake/core/driver"
import { Context, Effect, Layer, Redacted } from "effect"
import { Client } from "pg"
import { PgVectorAdmin, type PgVectorSettings, PgVectorStore, type UrlConnection } from "../../src/index.ts"
import type { StatementLayout } from "../../src/schema/EmbeddingColumns.ts"
import { makeIdentifiers } from "../../src/schema/identifiers.ts"

export const serverUrl = process.env["KEEPSAKE_PG_URL"] || undefined
/** Tests may kill the server, which the project started. */
export const privateServer = process.env["KEEPSAKE_PG_PRIVATE"] === "1"

export const NO_SERVER = "needs a PostgreSQL server: pnpm test:pg"
export const NO_PRIVATE_SERVER = "needs a private server that tests may kill: pnpm test:pg"

export const requireServerUrl = (): Redacted.Redacted => {
  if (serverUrl === undefined) throw new Error(NO_SERVER)
  return Redacted.make(serverUrl)
}

let count = 0
export const freshSchema = (): string => `t${process.pid}_${Date.now().toString(36)}_${count++}`

export const withClient = async <A>(url: string, body: (client: Client) => Promise<A>): Promise<A> => {
  const client = new Client(url)
  await client.connect()
  try {
    return await body(client)
  } finally {
    await client.end()
  }
}

/** A schema on the server, dropped afterwards. */
export const serverSchema = Effect.acquireRelease(Effect.sync(freshSchema), (schema) =>
  Effect.promise(() =>
    withClient(Redacted.value(requireServerUrl()), (client) =>
      client.query(`drop schema if exists ${schema} cascade`)
    )
  )
)

type Settings = Omit<PgVectorSettings, "schema">

/** An empty store on the server. */
export const freshOnServer = (settings: Settings & Omit<UrlConnection, "url"> = {}) =>
  Effect.map(serverSchema, (schema) =>
    PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 4, ...settings })
  )

export const openPGlite = (): Promise<PGlite> => PGlite.create({ extensions: { vector } })

let shared: Promise<PGlite> | undefined
/** One instance per test file: creating one takes two seconds, a schema in it none. */
export const sharedPGlite = (): Promise<PGlite> => (shared ??= openPGlite())

export const freshOnPGlite = (settings: Settings = {}) =>
  Effect.map(Effect.promise(sharedPGlite), (pglite) =>
    PgVectorStore.layer({ pglite, schema: freshSchema(), ...settings })
  )

export const DIMENSIONS = 16
export const FINGERPRINT = fingerprint({
  model: "test",
  dimensions: DIMENSIONS,
  calibration: { mean: 0, spread: 1 }
})

/** What statements are built from in a schema of the server. */
export const layoutOf = (schema: string, dimensions = DIMENSIONS): StatementLayout => ({
  names: makeIdentifiers(schema, ""),
  space: { number: 1, dimensions, vectorType: "vector", extension: "public" },
  vectorOid: 0,
  fingerprint: FINGERPRINT
})

/** The services of a layer, built in the surrounding Effect scope. */
export const open = <E>(
  layer: Layer.Layer<MemoryStore | StoreAdmin | PgVectorAdmin, E, StoreFingerprint>,
  storeFingerprint: Fingerprint = FINGERPRINT
) =>
  Effect.map(Layer.build(Layer.provide(layer, StoreFingerprint.layer(storeFingerprint))), (context) => ({
    store: Context.get(context, MemoryStore),
    admin: Context.get(context, StoreAdmin),
    pg: Context.get(context, PgVectorAdmin)
  }))

/** The failure of an effect that must fail. */
export const expectFailure = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<E, never, R> =>
  Effect.flip(effect).pipe(
    Effect.catch((value) => Effect.die(new Error(`succeeded with ${JSON.stringify(value)}`)))
  )
