import { assert, describe, it } from "@effect/vitest"
import { type QdrantOptions, QdrantStore } from "@keepsake/backend-qdrant"
import { fingerprint, MemoryStore, StoreFingerprint } from "@keepsake/core/driver"
import { QdrantClient } from "@qdrant/js-client-rest"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { failure, NOW, open, row, SCOPE, SPACE, standIn } from "./support/openStore.ts"
import type { QdrantServer } from "./server/QdrantServer.ts"

/** Opening fails with this reason, and says what to do. */
const refused = (
  name: string,
  optionsOf: (server: QdrantServer) => QdrantOptions,
  reason: string,
  says: RegExp,
  serverOptions: Parameters<typeof standIn>[0] = {}
) =>
  it.live(`${name}: ${reason}`, () =>
    Effect.gen(function* () {
      const server = yield* standIn(serverOptions)
      const error = yield* failure(open(optionsOf(server)))
      assert.strictEqual(error.reason._tag, reason)
      assert.match(error.message, says)
    })
  )

describe("opening", () => {
  const key = { apiKey: "right", readOnlyKey: "read" }
  refused("no key", ({ url }) => ({ url }), "Unauthorized", /another API key .*\(401\): check apiKey/u, key)
  refused(
    "a wrong key",
    ({ url }) => ({ url, apiKey: Redacted.make("wrong") }),
    "Unauthorized",
    /another API key .*\(401\): check apiKey/u,
    key
  )
  refused(
    "a key that may only read",
    ({ url }) => ({ url, apiKey: Redacted.make("read") }),
    "Unauthorized",
    /may not do .* \(403\): use a key with write access/u,
    key
  )
  refused(
    "a server too old",
    ({ url }) => ({ url }),
    "Unsupported",
    /runs Qdrant 1\.18\.2; Keepsake needs 1\.19 or later/u,
    {
      version: "1.18.2"
    }
  )
  refused(
    "nobody at that address",
    () => ({ url: "http://127.0.0.1:1", retries: 0 }),
    "Unavailable",
    /http:\/\/127\.0\.0\.1:1 cannot be reached/u
  )
  refused("no URL", () => ({ url: "localhost" }), "InvalidInput", /url: is not a URL; write it like/u)
  refused(
    "another protocol",
    () => ({ url: "grpc://localhost:6334" }),
    "InvalidInput",
    /url: must start with http/u
  )
  refused("a path in the URL", ({ url }) => ({ url: `${url}/qdrant` }), "InvalidInput", /prefix: "\/qdrant"/u)
  refused(
    "a query in the URL",
    ({ url }) => ({ url: `${url}/?a=b` }),
    "InvalidInput",
    /must end after host and port/u
  )
  refused(
    "a password in the URL",
    () => ({ url: "http://a:b@localhost:6333" }),
    "InvalidInput",
    /give the key as apiKey/u
  )
  refused(
    "a prefix without its slash",
    ({ url }) => ({ url, prefix: "qdrant" }),
    "InvalidInput",
    /prefix: must start with/u
  )
  refused(
    "a prefix that is not there",
    ({ url }) => ({ url, prefix: "/wrong" }),
    "Unsupported",
    /is not Qdrant/u
  )
  refused(
    "a name no collection can have",
    ({ url }) => ({ url, collection: "a/b" }),
    "InvalidInput",
    /collection: use up to 200 letters/u
  )
  refused(
    "no concurrency",
    ({ url }) => ({ url, concurrency: 0 }),
    "InvalidInput",
    /concurrency: must be a whole number/u
  )
  refused(
    "a broken timeout",
    ({ url }) => ({ url, timeoutMs: Number.NaN }),
    "InvalidInput",
    /timeoutMs: must be/u
  )
})

/** A collection that somebody else made, found under our name. */
const found = (name: string, body: unknown, says: RegExp, indexes: Readonly<Record<string, unknown>> = {}) =>
  it.live(name, () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const call = (path: string, sent: unknown) =>
        Effect.promise(() =>
          fetch(`${server.url}/collections/keepsake${path}`, {
            method: "PUT",
            body: JSON.stringify(sent)
          })
        )
      assert.strictEqual((yield* call("", body)).status, 200)
      for (const [field_name, field_schema] of Object.entries(indexes)) {
        yield* call("/index?wait=true", { field_name, field_schema })
      }
      const error = yield* failure(open({ url: server.url }))
      assert.strictEqual(error.reason._tag, "Unsupported")
      assert.match(error.message, says)
      const { collections } = server.data
      assert.deepStrictEqual(Array.from(collections.keys()), ["keepsake"], "nothing was made or dropped")
    })
  )

describe("a collection that is already there", () => {
  const sparse_vectors = { terms: { modifier: "idf" } }
  const strict_mode_config = {
    enabled: true,
    unindexed_filtering_retrieve: false,
    unindexed_filtering_update: false
  }
  const dense = (size: number, distance = "Cosine") => ({ vectors: { dense: { size, distance } } })
  found(
    "of another dimension",
    { ...dense(8), sparse_vectors, strict_mode_config },
    /"dense" has 8 dimensions instead of 4/u
  )
  found(
    "of another distance",
    { ...dense(4, "Dot"), sparse_vectors, strict_mode_config },
    /distance Dot instead of Cosine/u
  )
  found("without our vector", { sparse_vectors, strict_mode_config }, /no vector named "dense"/u)
  found("without our terms", { ...dense(4), strict_mode_config }, /no sparse vector named "terms"/u)
  found(
    "with terms that are not weighed",
    { ...dense(4), sparse_vectors: { terms: {} }, strict_mode_config },
    /lacks the modifier idf/u
  )
  found("without strict mode", { ...dense(4), sparse_vectors }, /strict mode does not forbid/u)
  found(
    "without our indexes",
    { ...dense(4), sparse_vectors, strict_mode_config },
    /no payload index on "scope" \(keyword\); .*no payload index on "validity\[\]\.from"/u
  )
  found(
    "with a scope that is no tenant",
    { ...dense(4), sparse_vectors, strict_mode_config },
    /"scope" is not a tenant index/u,
    {
      scope: { type: "keyword" }
    }
  )
  found(
    "with an index of another type",
    { ...dense(4), sparse_vectors, strict_mode_config },
    /index on "turn" is keyword instead of integer/u,
    {
      turn: { type: "keyword" }
    }
  )

  it.live("an index that somebody dropped is named", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      yield* Effect.scoped(open({ url: server.url }))
      server.data.collections.get("keepsake")?.indexes.delete("sessionId")
      const error = yield* failure(open({ url: server.url }))
      assert.match(
        error.message,
        /Collection keepsake does not fit: no payload index on "sessionId" \(keyword\)\./u
      )
    })
  )

  it.live("a creation that broke off is finished", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      let indexes = 0
      server.faults = ({ path }) =>
        path.endsWith("/index") && ++indexes > 5 ? { _tag: "Reset", when: "before" } : undefined
      const error = yield* failure(open({ url: server.url, retries: 0 }))
      assert.strictEqual(error.reason._tag, "Unavailable")
      server.faults = () => undefined
      const { store } = yield* open({ url: server.url })
      const [put] = yield* store.put({ scope: SCOPE, now: NOW, rows: [row("All is well.")] })
      assert.strictEqual(put?.outcome, "created")
    })
  )

  it.live("two processes that create it at once share it", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      const handles = yield* Effect.all(
        Array.from({ length: 5 }, () => open({ url: server.url })),
        { concurrency: "unbounded" }
      )
      for (const [i, { store }] of handles.entries()) {
        yield* store.put({ scope: SCOPE, now: NOW, rows: [row(`From handle ${i}.`)] })
      }
      const counts = yield* Effect.all(
        handles.map(({ store }) => store.count({ scope: SCOPE, now: NOW, filter: {} }))
      )
      assert.deepStrictEqual(counts, [5, 5, 5, 5, 5])
      assert.strictEqual(server.data.collections.size, 1)
    })
  )

  it.live("another fingerprint is a mismatch that names both", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      yield* Effect.scoped(open({ url: server.url }))
      const other = fingerprint({ model: "other", dimensions: 8, calibration: { mean: 0, spread: 1 } })
      const error = yield* failure(open({ url: server.url }, other))
      assert.strictEqual(error.reason._tag, "FingerprintMismatch")
      assert.match(error.message, /test \(4 dimensions\).*other \(8 dimensions\)/u)
    })
  )
})

describe("calls", () => {
  const id = "not-a-uuid"
  type Store = MemoryStore["Service"]

  const unknown: Readonly<Record<string, (store: Store) => Effect.Effect<unknown, unknown>>> = {
    get: (store) => store.get({ scope: SCOPE, now: NOW, ids: [id] }),
    patch: (store) => store.patch({ scope: SCOPE, now: NOW, id, change: { pinned: true } }),
    touch: (store) => store.touch({ scope: SCOPE, now: NOW, ids: [id] }),
    remove: (store) => store.remove({ scope: SCOPE, now: NOW, target: { _tag: "Ids", ids: [id] } })
  }
  for (const [name, call] of Object.entries(unknown)) {
    it.live(`${name} with an id that is no UUID sends nothing`, () =>
      Effect.gen(function* () {
        const server = yield* standIn()
        const { store } = yield* open({ url: server.url })
        server.seen.length = 0
        yield* call(store)
        assert.strictEqual(server.seen.length, 0)
      })
    )
  }

  const invalid: Readonly<Record<string, (store: Store) => Effect.Effect<unknown, unknown>>> = {
    put: (store) => store.put({ scope: SCOPE, now: NOW, rows: [row("x", { id })] }),
    supersede: (store) =>
      store.supersede({ scope: SCOPE, now: NOW, id: row("y").memory.id, row: row("x", { id }) })
  }
  for (const [name, call] of Object.entries(invalid)) {
    it.live(`${name} of a row whose id is no UUID is refused before anything is sent`, () =>
      Effect.gen(function* () {
        const server = yield* standIn()
        const { store } = yield* open({ url: server.url })
        server.seen.length = 0
        const error = yield* failure(call(store))
        assert.strictEqual(error.reason._tag, "InvalidInput")
        assert.match(error.message, /must be a lower-case UUID/u)
        assert.strictEqual(server.seen.length, 0)
      })
    )
  }
})

describe("ways in", () => {
  it.live("a proxy's path is served by prefix", () =>
    Effect.gen(function* () {
      const server = yield* standIn({ prefix: "/qdrant" })
      const { admin } = yield* open({ url: server.url, prefix: "/qdrant" })
      assert.strictEqual(admin.backend, "qdrant")
    })
  )

  it.live("a client the application owns is used, and left open", () =>
    Effect.gen(function* () {
      const server = yield* standIn({ apiKey: "right" })
      const client = new QdrantClient({
        url: server.url,
        headers: { "api-key": "right" },
        checkCompatibility: false
      })
      yield* Effect.scoped(
        Effect.flatMap(open({ client }), ({ store }) =>
          store.put({ scope: SCOPE, now: NOW, rows: [row("Mine.")] })
        )
      )
      const { count } = yield* Effect.promise(() => client.count("keepsake"))
      assert.strictEqual(count, 1)
    })
  )

  it.live("every option can be a Config", () =>
    Effect.gen(function* () {
      const server = yield* standIn({ apiKey: "right" })
      const { Config } = yield* Effect.promise(() => import("effect"))
      const layer = QdrantStore.layerConfig({
        url: Config.String("QDRANT_URL"),
        apiKey: Config.Redacted("QDRANT_API_KEY"),
        collection: Config.String("QDRANT_COLLECTION")
      }).pipe(
        Layer.provide(StoreFingerprint.layer(SPACE)),
        Layer.provide(
          ConfigProvider.layer(
            ConfigProvider.fromUnknown({
              QDRANT_URL: server.url,
              QDRANT_API_KEY: "right",
              QDRANT_COLLECTION: "from-config"
            })
          )
        )
      )
      yield* Layer.build(layer)
      assert.deepStrictEqual(Array.from(server.data.collections.keys()), ["from-config"])
    })
  )
})
