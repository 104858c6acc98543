/** Where the tests run: PGlite always, a real server where there is one. */
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

export const serverUrl = process.env["KEEPSAKE_PG_URL"] || undefined
/** The server may be killed: it is the project's own. */
export const privateServer = process.env["KEEPSAKE_PG_PRIVATE"] === "1"

export const NO_SERVER = "needs a PostgreSQL server: pnpm test:pg"
export const NO_PRIVATE_SERVER = "needs a private server that may be killed: pnpm test:pg"

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

/** A schema of the real server that is dropped afterwards. */
export const serverSchema = Effect.acquireRelease(Effect.sync(freshSchema), (schema) =>
  Effect.promise(() =>
    withClient(Redacted.value(requireServerUrl()), (client) =>
      client.query(`drop schema if exists ${schema} cascade`)
    )
  )
)

type Extra = Omit<PgVectorSettings, "schema">

/** An empty place on the real server. */
export const freshOnServer = (extra: Extra & Omit<UrlConnection, "url"> = {}) =>
  Effect.map(serverSchema, (schema) =>
    PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 4, ...extra })
  )

export const openPGlite = (): Promise<PGlite> => PGlite.create({ extensions: { vector } })

let shared: Promise<PGlite> | undefined
/** One instance a test file: making one takes two seconds, a schema in it none. */
export const sharedPGlite = (): Promise<PGlite> => (shared ??= openPGlite())

export const freshOnPGlite = (extra: Extra = {}) =>
  Effect.map(Effect.promise(sharedPGlite), (pglite) =>
    PgVectorStore.layer({ pglite, schema: freshSchema(), ...extra })
  )

export const DIMENSIONS = 16
export const FINGERPRINT = fingerprint({
  model: "test",
  dimensions: DIMENSIONS,
  calibration: { mean: 0, spread: 1 }
})

/** Services of a layer built in the surrounding Effect scope. */
export const open = <E>(
  layer: Layer.Layer<MemoryStore | StoreAdmin | PgVectorAdmin, E, StoreFingerprint>,
  given: Fingerprint = FINGERPRINT
) =>
  Effect.map(Layer.build(Layer.provide(layer, StoreFingerprint.layer(given))), (context) => ({
    store: Context.get(context, MemoryStore),
    admin: Context.get(context, StoreAdmin),
    pg: Context.get(context, PgVectorAdmin)
  }))

/** The failure of an effect that must fail. */
export const expectFailure = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<E, never, R> =>
  Effect.flip(effect).pipe(
    Effect.catch((value) => Effect.die(new Error(`succeeded with ${JSON.stringify(value)}`)))
  )
