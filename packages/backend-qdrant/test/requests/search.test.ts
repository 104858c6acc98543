import { assert, describe, it } from "@effect/vitest"
import { ANY, toCondition } from "@keepsake/core/driver"
import { Effect } from "effect"
import { FACT_KEYS } from "../../src/codec/memoryRow.ts"
import { axis, NOW, SCOPE } from "../support/rows.ts"
import { bodiesTo, openOnStandIn } from "../support/standIn.ts"

const scope = { key: "scope", match: { value: '["agent","user"]' } }
const current = { key: "current", match: { value: true } }
const isMemory = { key: "scopeHash", range: { gte: 0 } }
const expired = { key: "expiresAt", range: { lte: NOW } }

describe("search", () => {
  it.live("sends one batch and two counts, in parallel", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      yield* store.search({
        scope: SCOPE,
        now: NOW,
        parts: [{ vector: axis(1), terms: Uint32Array.of(7, 4_294_967_295) }],
        filter: toCondition({ types: ["semantic"], exceptSessionId: "s", metadata: { k: "v" } }),
        limit: 5,
        exact: true
      })
      const corpus = { must: [scope, current] }
      const filter = {
        must: [
          scope,
          current,
          { key: "type", match: { value: "semantic" } },
          { key: "facts", match: { value: '["k"]="v"' } }
        ],
        must_not: [expired, { key: "sessionId", match: { value: "s" } }]
      }
      const dense = {
        query: [0, 1, 0, 0],
        using: "dense",
        params: { exact: true, quantization: { rescore: true } }
      }
      const rescored = { ...dense, params: { exact: true, quantization: { ignore: true } } }
      const lexical = { using: "terms", params: { exact: true, idf: { corpus } } }
      const terms = { query: { indices: [7, 4_294_967_295], values: [1, 1] }, ...lexical }
      const term = (id: number) => ({
        query: { indices: [id], values: [1] },
        ...lexical,
        filter: corpus,
        limit: 1,
        with_vector: ["terms"]
      })
      const lacking = {
        should: [{ must_not: [{ has_vector: "dense" }] }, { key: "gaps", match: { value: true } }]
      }
      assert.strictEqual(server.requests.length, 3)
      assert.sameDeepMembers(bodiesTo(server, "/points/count"), [
        { filter: corpus, exact: true },
        { filter: { must: [...corpus.must, isMemory, lacking] }, exact: true }
      ])
      assert.deepStrictEqual(bodiesTo(server, "/points/query/batch"), [
        {
          searches: [
            { ...dense, filter, limit: 5, with_payload: FACT_KEYS },
            { ...terms, filter, limit: 5, with_payload: FACT_KEYS },
            { prefetch: [{ ...terms, filter, limit: 5 }], ...rescored, filter, limit: 5 },
            term(7),
            term(4_294_967_295)
          ]
        }
      ])
      assert.isTrue(server.requests.every(({ headers }) => headers["accept-encoding"] === "identity"))
    })
  )

  it.live("asOf filters by one interval that satisfies both ends", () =>
    Effect.gen(function* () {
      const { server, store } = yield* openOnStandIn()
      yield* store.search({
        scope: SCOPE,
        now: NOW,
        asOf: NOW - 5,
        parts: [{ vector: axis(1) }],
        filter: ANY,
        limit: 5
      })
      const [body] = bodiesTo(server, "/points/query/batch")
      const validThen = {
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
      assert.deepStrictEqual(body, {
        searches: [
          {
            query: [0, 1, 0, 0],
            using: "dense",
            params: { quantization: { rescore: true } },
            filter: { must: [scope, validThen], must_not: [expired] },
            limit: 5,
            with_payload: FACT_KEYS
          }
        ]
      })
    })
  )
})
