import { assert, describe, it } from "@effect/vitest"
import { type QdrantOptions, QdrantStore } from "@keepsake/backend-qdrant"
import { StoreFingerprint } from "@keepsake/core/driver"
import { QdrantClient } from "@qdrant/js-client-rest"
import { Config, ConfigProvider, Effect, Layer, Redacted } from "effect"
import type { QdrantServer } from "./server/QdrantServer.ts"
import { FINGERPRINT, flipError, openStore } from "./support/openStore.ts"
import { NOW, row, SCOPE } from "./support/rows.ts"
import { startStandIn } from "./support/standIn.ts"

const fails = (
  name: string,
  reason: string,
  message: RegExp,
  options: (server: QdrantServer) => QdrantOptions,
  serverOptions: Parameters<typeof startStandIn>[0] = {}
) =>
  it.live(`${name}: ${reason}`, () =>
    Effect.gen(function* () {
      const server = yield* startStandIn(serverOptions)
      const error = yield* flipError(openStore(options(server)))
      assert.strictEqual(error.reason._tag, reason)
      assert.match(error.message, message)
    })
  )

describe("opening fails with", () => {
  const keys = { apiKey: "right", readOnlyKey: "read" }
  const needsKey = /another API key .*\(401\): check apiKey/u
  fails("no key", "Unauthorized", needsKey, ({ url }) => ({ url }), keys)
  fails("a wrong key", "Unauthorized", needsKey, ({ url }) => ({ url, apiKey: Redacted.make("wrong") }), keys)
  fails(
    "a key for reading only",
    "Unauthorized",
    /may not do .* \(403\): use a key with write access/u,
    ({ url }) => ({ url, apiKey: Redacted.make("read") }),
    keys
  )
  fails(
    "an old server",
    "Unsupported",
    /runs Qdrant 1\.18\.2; Keepsake needs 1\.19 or later/u,
    ({ url }) => ({ url }),
    { version: "1.18.2" }
  )
  fails("no server at the address", "Unavailable", /http:\/\/127\.0\.0\.1:1 cannot be reached/u, () => ({
    url: "http://127.0.0.1:1",
    retries: 0
  }))
  fails("a prefix that the server lacks", "Unsupported", /is not Qdrant/u, ({ url }) => ({
    url,
    prefix: "/wrong"
  }))
})

describe("opening takes", () => {
  it.live("the path of a proxy as prefix", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn({ prefix: "/qdrant" })
      const { admin } = yield* openStore({ url: server.url, prefix: "/qdrant" })
      assert.strictEqual(admin.backend, "qdrant")
    })
  )

  it.live("a client of the application, and leaves it open", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn({ apiKey: "right" })
      const client = new QdrantClient({
        url: server.url,
        headers: { "api-key": "right" },
        checkCompatibility: false
      })
      yield* Effect.scoped(
        Effect.flatMap(openStore({ client }), ({ store }) =>
          store.put({ scope: SCOPE, now: NOW, rows: [row("Mine.")] })
        )
      )
      const { count } = yield* Effect.promise(() => client.count("keepsake"))
      assert.strictEqual(count, 1)
    })
  )

  it.live("undefined for every option that has a default", () =>
    Effect.gen(function* () {
      const { url } = yield* startStandIn()
      const { admin } = yield* openStore({
        url,
        apiKey: undefined,
        prefix: undefined,
        collection: undefined,
        layout: { shardKeys: undefined, hnsw: undefined, strictMode: undefined, memory: undefined },
        timeoutMs: undefined,
        attemptTimeoutMs: undefined,
        failoverMs: undefined,
        retries: undefined,
        concurrency: undefined,
        readConsistency: undefined,
        writeOrdering: undefined
      })
      assert.strictEqual(admin.backend, "qdrant")
    })
  )

  it.live("every option as a Config", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn({ apiKey: "right" })
      const values = {
        QDRANT_URL: server.url,
        QDRANT_API_KEY: "right",
        QDRANT_COLLECTION: "from-config"
      }
      const layer = QdrantStore.layerConfig({
        url: Config.String("QDRANT_URL"),
        apiKey: Config.Redacted("QDRANT_API_KEY"),
        collection: Config.String("QDRANT_COLLECTION")
      }).pipe(
        Layer.provide(StoreFingerprint.layer(FINGERPRINT)),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(values)))
      )
      yield* Layer.build(layer)
      assert.deepStrictEqual(Array.from(server.data.collections.keys()), [
        "from-config",
        "from-config.sessions",
        "from-config.access"
      ])
    })
  )
})
