/** What is sent: the requests themselves, on the stand-in. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { axis, NOW, open, row, SCOPE, sent, standIn } from "../support/openStore.ts"

const scope = { key: "scope", match: { value: '["agent","user"]' } }
const current = { key: "current", match: { value: true } }
const expired = { key: "expiresAt", range: { lte: NOW } }

/** An opened store, with what opening sent forgotten. */
const opened = Effect.gen(function* () {
  const server = yield* standIn()
  const handle = yield* open({ url: server.url })
  const opening = server.seen.splice(0)
  return { ...handle, server, opening }
})

const bodies = (seen: ReadonlyArray<{ readonly body: unknown }>) => seen.map(({ body }) => body)

describe("requests", () => {
  it.live("opening makes the collection, then every index, then the note and the alias", () =>
    Effect.gen(function* () {
      const { opening } = yield* opened
      const [create] = bodies(
        opening.filter(({ method, path }) => method === "PUT" && path === "/collections/keepsake")
      )
      assert.deepNestedInclude(create, {
        vectors: { dense: { size: 4, distance: "Cosine" } },
        sparse_vectors: { terms: { modifier: "idf" } },
        hnsw_config: { m: 0, payload_m: 16 },
        strict_mode_config: {
          enabled: true,
          unindexed_filtering_retrieve: false,
          unindexed_filtering_update: false
        }
      })
      const indexes = opening.filter(({ path }) => path.endsWith("/index"))
      assert.isTrue(indexes.every(({ query }) => query["wait"] === "true"))
      assert.deepStrictEqual(bodies(indexes)[0], {
        field_name: "scope",
        field_schema: { type: "keyword", is_tenant: true }
      })
      const last = opening.slice(-3).map(({ method, path }) => `${method} ${path}`)
      assert.deepStrictEqual(last, [
        "PATCH /collections/keepsake",
        "POST /collections/aliases",
        "GET /aliases"
      ])
      assert.isFalse(opening.some(({ method }) => method === "DELETE"))
    })
  )

  it.live("the operator's settings reach the collection", () =>
    Effect.gen(function* () {
      const server = yield* standIn()
      yield* open({
        url: server.url,
        layout: {
          shardNumber: 3,
          replicationFactor: 2,
          writeConsistencyFactor: 2,
          quantization: { scalar: { type: "int8", always_ram: true } },
          vectorsOnDisk: true,
          termsOnDisk: true,
          payloadOnDisk: true,
          hnsw: { payload_m: 24 },
          optimizers: { deleted_threshold: 0.05 },
          wal: { wal_capacity_mb: 64 },
          strictMode: { read_rate_limit: 1_000, enabled: false }
        }
      })
      const config = server.data.collections.get("keepsake")?.config
      assert.deepNestedInclude(config, {
        shard_number: 3,
        replication_factor: 2,
        write_consistency_factor: 2,
        quantization_config: { scalar: { type: "int8", always_ram: true } },
        on_disk_payload: true,
        hnsw_config: { m: 0, payload_m: 24 },
        optimizers_config: { deleted_threshold: 0.05 },
        wal_config: { wal_capacity_mb: 64 }
      })
      assert.strictEqual(config?.vectors?.["dense"]?.on_disk, true)
      assert.strictEqual(config?.sparse_vectors?.["terms"]?.index?.on_disk, true)
      assert.strictEqual(config?.strict_mode_config?.read_rate_limit, 1_000)
      assert.strictEqual(config?.strict_mode_config?.enabled, true, "filtering stays strict")
    })
  )

  it.live("a search is one batch and one count, side by side", () =>
    Effect.gen(function* () {
      const { server, store } = yield* opened
      yield* store.search({
        scope: SCOPE,
        now: NOW,
        vector: axis(1),
        terms: Uint32Array.of(7, 4_294_967_295),
        filter: { types: ["semantic"], exceptSessionId: "s", metadata: { k: "v" } },
        limit: 5,
        exact: true
      })
      const corpus = { must: [scope, current] }
      const filter = {
        must: [
          scope,
          current,
          { key: "type", match: { any: ["semantic"] } },
          { key: "meta", match: { value: 'k="v"' } }
        ],
        must_not: [expired, { key: "sessionId", match: { value: "s" } }]
      }
      const dense = {
        query: [0, 1, 0, 0],
        using: "dense",
        params: { exact: true, quantization: { rescore: true } }
      }
      const rescoring = { ...dense, params: { exact: true, quantization: { ignore: true } } }
      const weighed = { using: "terms", params: { exact: true, idf: { corpus } } }
      const words = { query: { indices: [7, 4_294_967_295], values: [1, 1] }, ...weighed }
      const term = (id: number) => ({
        query: { indices: [id], values: [1] },
        ...weighed,
        filter: corpus,
        limit: 1,
        with_vector: ["terms"]
      })
      assert.strictEqual(server.seen.length, 2)
      assert.deepStrictEqual(bodies(sent(server, "/points/count")), [{ filter: corpus, exact: true }])
      assert.deepStrictEqual(bodies(sent(server, "/points/query/batch")), [
        {
          searches: [
            { ...dense, filter, limit: 5, with_payload: true },
            { ...words, filter, limit: 5, with_payload: true },
            { prefetch: { ...words, filter, limit: 5 }, ...rescoring, filter, limit: 5 },
            { prefetch: { ...dense, filter, limit: 5 }, ...words, filter, limit: 5 },
            term(7),
            term(4_294_967_295)
          ]
        }
      ])
      assert.isTrue(server.seen.every(({ headers }) => headers["accept-encoding"] === "identity"))
    })
  )

  it.live("a search of the past asks for one interval that holds both ends", () =>
    Effect.gen(function* () {
      const { server, store } = yield* opened
      yield* store.search({ scope: SCOPE, now: NOW, asOf: NOW - 5, vector: axis(1), filter: {}, limit: 5 })
      const [batch] = bodies(sent(server, "/points/query/batch"))
      const held = {
        nested: {
          key: "validity",
          filter: {
            must: [
              { key: "from", range: { lte: NOW - 5 } },
              { key: "to", range: { gt: NOW - 5 } }
            ]
          }
        }
      }
      assert.deepStrictEqual(batch, {
        searches: [
          {
            query: [0, 1, 0, 0],
            using: "dense",
            params: { quantization: { rescore: true } },
            filter: { must: [scope, held], must_not: [expired] },
            limit: 5,
            with_payload: true
          }
        ]
      })
    })
  )

  it.live("a put is a look and one write that waits", () =>
    Effect.gen(function* () {
      const { server, store } = yield* opened
      const first = row("Ana likes tea.")
      yield* store.put({ scope: SCOPE, now: NOW, rows: [first] })
      const [look, write] = server.seen
      assert.strictEqual(server.seen.length, 2)
      assert.deepStrictEqual(look?.body, {
        filter: { must: [{ has_id: [first.memory.id] }] },
        limit: 1,
        with_payload: true
      })
      assert.strictEqual(write?.query["wait"], "true")
      const operations = (write?.body as { readonly operations: ReadonlyArray<unknown> } | undefined)
        ?.operations
      assert.deepNestedInclude(operations?.[0], { "upsert.update_mode": "insert_only" })
      // A memory without a word of its own counts in its scope's IDF all the same.
      yield* store.put({ scope: SCOPE, now: NOW, rows: [row("the and of ...")] })
      const [last] = bodies(sent(server, "/points/batch").slice(-1))
      assert.deepNestedInclude(last, {
        "operations[0].upsert.points[0].vector.terms": { indices: [], values: [] }
      })
    })
  )

  it.live("a restatement sets what changes, for all rows that change alike at once", () =>
    Effect.gen(function* () {
      const { server, store } = yield* opened
      const later = NOW + 5
      const rows = ["One.", "Two.", "Three."].map((text) => row(text))
      yield* store.put({ scope: SCOPE, now: NOW, rows })
      server.seen.length = 0
      const again = rows.map((one) => ({
        ...one,
        memory: { ...one.memory, updatedAt: later, expiresAt: later + 1 }
      }))
      yield* store.put({ scope: SCOPE, now: later, rows: again })
      assert.deepStrictEqual(bodies(sent(server, "/points/batch")), [
        {
          operations: [
            {
              set_payload: {
                payload: { updatedAt: later, expiresAt: later + 1 },
                filter: { must: [scope, { has_id: rows.map(({ memory }) => memory.id) }] }
              }
            }
          ]
        }
      ])
    })
  )

  it.live("every change and removal names the scope, ids or not", () =>
    Effect.gen(function* () {
      const { server, store } = yield* opened
      const kept = row("Ana likes tea.")
      const { id } = kept.memory
      yield* store.put({ scope: SCOPE, now: NOW, rows: [kept] })
      server.seen.length = 0
      yield* store.patch({ scope: SCOPE, now: NOW, id, change: { pinned: true } })
      yield* store.touch({ scope: SCOPE, now: NOW, ids: [id] })
      yield* store.supersede({ scope: SCOPE, now: NOW, id, row: row("Ana likes coffee.") })
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "Ids", ids: [id] } })
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "Filter", filter: { pinned: true } } })
      yield* store.remove({ scope: SCOPE, now: NOW, target: { _tag: "All" } })
      type Selected = {
        readonly filter?: { readonly must?: ReadonlyArray<unknown> }
        readonly points?: unknown
      }
      const operations = bodies(sent(server, "/points/batch")).flatMap(
        (body) => (body as { operations: ReadonlyArray<Record<string, Selected>> }).operations
      )
      const selecting = operations.flatMap(({ delete: removed, set_payload: set }) => removed ?? set ?? [])
      assert.strictEqual(selecting.length, 6)
      for (const { filter, points } of selecting) {
        assert.deepStrictEqual(filter?.must?.[0], scope)
        assert.isUndefined(points)
      }
    })
  )

  it.live("moving to another space drops no collection", () =>
    Effect.gen(function* () {
      const { admin, server, store } = yield* opened
      yield* store.put({ scope: SCOPE, now: NOW, rows: [row("Ana likes tea.")] })
      const next = { ...(yield* admin.fingerprint), avgLen: 30 }
      yield* admin.stage(next)
      const rows = yield* admin.unstaged({ limit: 10 })
      yield* admin.fillStage(
        rows.map(({ id, scope: of }) => ({ id, scope: of, vector: axis(2), terms: row("tea").terms }))
      )
      yield* admin.commitStage
      assert.strictEqual(server.data.collections.size, 2)
      assert.strictEqual(server.data.collections.get("keepsake")?.points.size, 0, "but its points are gone")
      assert.isFalse(server.seen.some(({ method }) => method === "DELETE"))
      const moved = yield* open({ url: server.url }, next)
      const { rows: there } = yield* moved.store.listRows({ scope: SCOPE, now: NOW, filter: {}, limit: 10 })
      assert.deepStrictEqual(Array.from(there[0]?.vector ?? []), [0, 0, 1, 0])
    })
  )

  it.live("a handle of before the move writes nothing where nobody reads", () =>
    Effect.gen(function* () {
      const { admin, server } = yield* opened
      const stale = yield* open({ url: server.url })
      yield* admin.stage({ ...(yield* admin.fingerprint), avgLen: 30 })
      yield* admin.commitStage
      const error = yield* Effect.flip(stale.store.put({ scope: SCOPE, now: NOW, rows: [row("Late.")] }))
      assert.strictEqual(error.reason._tag, "Closed")
    })
  )
})
