import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { openStore } from "../support/openStore.ts"
import { openOnStandIn, startStandIn } from "../support/standIn.ts"

describe("a new collection", () => {
  it.live("is created, then indexed, then noted as ready, then gets its alias", () =>
    Effect.gen(function* () {
      const { opening } = yield* openOnStandIn()
      const create = opening.find(({ method, path }) => method === "PUT" && path === "/collections/keepsake")
      assert.deepNestedInclude(create?.body, {
        vectors: { dense: { size: 4, distance: "Cosine" } },
        sparse_vectors: { terms: { modifier: "idf" } },
        hnsw_config: { m: 0, payload_m: 16 },
        strict_mode_config: {
          enabled: true,
          unindexed_filtering_retrieve: false,
          unindexed_filtering_update: false
        }
      })
      const indexes = opening.filter(({ path }) => path === "/collections/keepsake/index")
      assert.isTrue(indexes.every(({ query }) => query["wait"] === "true"))
      assert.deepStrictEqual(indexes[0]?.body, {
        field_name: "scope",
        field_schema: { type: "keyword", is_tenant: true }
      })
      const aliasing = opening.findIndex(({ path }) => path === "/collections/aliases")
      const before = opening.slice(aliasing - 2, aliasing + 1).map(({ method, path }) => `${method} ${path}`)
      assert.deepStrictEqual(before, [
        "PUT /collections/keepsake/index",
        "PATCH /collections/keepsake",
        "POST /collections/aliases"
      ])
      assert.isFalse(opening.some(({ method }) => method === "DELETE"))
    })
  )

  it.live("of entries has no vectors", () =>
    Effect.gen(function* () {
      const { opening, server } = yield* openOnStandIn()
      const { config, metadata } = server.data.collections.get("keepsake.sessions") ?? {}
      assert.deepStrictEqual(config?.vectors, {})
      assert.isUndefined(config?.sparse_vectors)
      assert.strictEqual(config?.strict_mode_config?.unindexed_filtering_retrieve, false)
      assert.deepStrictEqual(metadata, { keepsake: { layout: 2, ready: true } })
      const last = opening.filter(({ path }) => path.startsWith("/collections/keepsake.sessions")).at(-1)
      assert.strictEqual(last?.method, "PATCH")
    })
  )

  it.live("gets the operator's settings", () =>
    Effect.gen(function* () {
      const server = yield* startStandIn()
      yield* openStore({
        url: server.url,
        layout: {
          replicationFactor: 2,
          writeConsistencyFactor: 2,
          quantization: { scalar: { type: "int8", memory: "pinned" } },
          memory: { vectors: "cold", terms: "cached", payload: "cached" },
          hnsw: { payload_m: 24 },
          optimizers: { deleted_threshold: 0.05 },
          wal: { wal_capacity_mb: 64 },
          strictMode: { read_rate_limit: 1_000, enabled: false }
        }
      })
      const config = server.data.collections.get("keepsake")?.config
      assert.deepNestedInclude(config, {
        shard_number: 1,
        replication_factor: 2,
        write_consistency_factor: 2,
        quantization_config: { scalar: { type: "int8", memory: "pinned" } },
        payload: { memory: "cached" },
        hnsw_config: { m: 0, payload_m: 24 },
        optimizers_config: { deleted_threshold: 0.05 },
        wal_config: { wal_capacity_mb: 64 }
      })
      assert.strictEqual(config?.vectors?.["dense"]?.memory, "cold")
      assert.strictEqual(config?.sparse_vectors?.["terms"]?.index?.memory, "cached")
      assert.strictEqual(config?.strict_mode_config?.read_rate_limit, 1_000)
      assert.strictEqual(config?.strict_mode_config?.enabled, true, "filtering stays strict")
    })
  )
})
