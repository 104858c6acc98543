import { assert, describe, it } from "@effect/vitest"
import { ANY, fingerprint } from "@keepsake/core/driver"
import { Effect } from "effect"
import { flipError, openStore } from "../support/openStore.ts"
import { NOW, row, SCOPE } from "../support/rows.ts"
import { startStandIn } from "../support/standIn.ts"

/** Opening refuses a collection of this configuration, and changes nothing. */
const refuses = (
  name: string,
  config: unknown,
  message: RegExp,
  indexes: Readonly<Record<string, unknown>> = {}
) =>
  it.live(name, () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const put = (path: string, body: unknown) =>
        Effect.promise(() =>
          fetch(`${server.url}/collections/keepsake${path}`, { method: "PUT", body: JSON.stringify(body) })
        )
      assert.strictEqual((yield* put("", config)).status, 200)
      for (const [field_name, field_schema] of Object.entries(indexes)) {
        yield* put("/index?wait=true", { field_name, field_schema })
      }
      const error = yield* flipError(openStore({ url: server.url }))
      assert.strictEqual(error.reason._tag, "Unsupported")
      assert.match(error.message, message)
      assert.deepStrictEqual(Array.from(server.data.collections.keys()), ["keepsake"])
    })
  )

describe("opening refuses a collection", () => {
  const sparse_vectors = { terms: { modifier: "idf" } }
  const strict_mode_config = {
    enabled: true,
    unindexed_filtering_retrieve: false,
    unindexed_filtering_update: false
  }
  const dense = (size: number, distance = "Cosine") => ({ vectors: { dense: { size, distance } } })
  const complete = { ...dense(4), sparse_vectors, strict_mode_config }

  refuses("of other dimensions", { ...complete, ...dense(8) }, /"dense" has 8 dimensions instead of 4/u)
  refuses("of another distance", { ...complete, ...dense(4, "Dot") }, /distance Dot instead of Cosine/u)
  refuses("without the vector", { sparse_vectors, strict_mode_config }, /no vector named "dense"/u)
  refuses("without the terms", { ...dense(4), strict_mode_config }, /no sparse vector named "terms"/u)
  refuses(
    "whose terms have no IDF",
    { ...complete, sparse_vectors: { terms: {} } },
    /"terms" lacks the modifier idf/u
  )
  refuses("without strict mode", { ...dense(4), sparse_vectors }, /strict mode does not forbid/u)
  refuses(
    "without indexes",
    complete,
    /no payload index on "scope" \(keyword\); .*no payload index on "validity\[\]\.from"/u
  )
  refuses("whose scope is not a tenant", complete, /"scope" is not a tenant index/u, {
    scope: { type: "keyword" }
  })
  refuses("with an index of another type", complete, /index on "turn" is keyword instead of integer/u, {
    turn: { type: "keyword" }
  })

  it.live("that lost an index, and names the index", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      yield* Effect.scoped(openStore({ url: server.url }))
      server.data.collections.get("keepsake")?.indexes.delete("sessionId")
      const error = yield* flipError(openStore({ url: server.url }))
      assert.match(
        error.message,
        /Collection keepsake does not fit: no payload index on "sessionId" \(keyword\)\./u
      )
    })
  )

  it.live("of another fingerprint, and names both fingerprints", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      yield* Effect.scoped(openStore({ url: server.url }))
      const other = fingerprint({ model: "other", dimensions: 8, calibration: { mean: 0, spread: 1 } })
      const error = yield* flipError(openStore({ url: server.url }, other))
      assert.strictEqual(error.reason._tag, "FingerprintMismatch")
      assert.match(error.message, /test \(4 dimensions\).*other \(8 dimensions\)/u)
    })
  )
})

describe("creating a collection", () => {
  it.live("is completed after an interruption", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      let indexes = 0
      server.faults = ({ path }) =>
        path.endsWith("/index") && ++indexes > 5 ? { _tag: "Reset", when: "before" } : undefined
      const error = yield* flipError(openStore({ url: server.url, retries: 0 }))
      assert.strictEqual(error.reason._tag, "Unavailable")
      server.faults = () => undefined
      const { store } = yield* openStore({ url: server.url })
      const [result] = yield* store.put({ scope: SCOPE, now: NOW, rows: [row("All is well.")] })
      assert.strictEqual(result?.outcome, "created")
    })
  )

  it.live("at the same time as other processes gives one collection of each kind", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      const handles = yield* Effect.all(
        Array.from({ length: 5 }, () => openStore({ url: server.url })),
        { concurrency: "unbounded" }
      )
      for (const [i, { store }] of handles.entries()) {
        yield* store.put({ scope: SCOPE, now: NOW, rows: [row(`From handle ${i}.`)] })
      }
      const counts = yield* Effect.all(
        handles.map(({ store }) => store.count({ scope: SCOPE, now: NOW, filter: ANY }))
      )
      assert.deepStrictEqual(counts, [5, 5, 5, 5, 5])
      assert.deepStrictEqual(Array.from(server.data.collections.keys()).toSorted(), [
        "keepsake",
        "keepsake.access",
        "keepsake.sessions"
      ])
    })
  )
})
