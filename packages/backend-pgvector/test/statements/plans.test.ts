/** The plans of searches at 100,000 rows, exact and tuned. */
import { ANY, toCondition } from "@keepsake/core/driver"
import type { Scope } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { PgVectorStore } from "../../src/index.ts"
import type { SqlStatement } from "../../src/connection/Database.ts"
import type { StatementLayout } from "../../src/schema/EmbeddingColumns.ts"
import { scopeId } from "../../src/scopeId.ts"
import { listStatement } from "../../src/statements/pages.ts"
import { predecessorsStatement } from "../../src/statements/read.ts"
import { searchStatement } from "../../src/statements/search.ts"
import { tunedSearchStatement } from "../../src/statements/tunedSearch.ts"
import { runWithPlan } from "../support/runWithPlan.ts"
import {
  DIMENSIONS,
  layoutOf,
  NO_SERVER,
  open,
  serverSchema,
  serverUrl,
  requireServerUrl,
  withClient
} from "../support/servers.ts"

const ROWS = 100_000
const LARGE: Scope = { agentId: "agent", userId: "large" }
const SMALL: Scope = { agentId: "agent", userId: "small-7" }
const row = rowBuilder(LARGE, DIMENSIONS)
const toVector = (text: string): Float32Array => row(text).passages[0].vector!
const TUNED = { lists: 223, probes: 20, recall: 1, measuredRows: ROWS / 2 }
const url = () => Redacted.value(requireServerUrl())

/** Half of the rows in one scope, the rest spread over a thousand; inserted in the server, so that the triggers run. */
const fill = (schema: string) =>
  Effect.promise(() =>
    withClient(url(), async (client) => {
      await client.query(
        `insert into ${schema}.memories_2 (scope, agent_id, user_id, id, said_at, created_at, updated_at, valid_from,
           importance, access_count, pinned, type, source, stated, past, metadata, content, terms_1, weights_1, embedding_1)
         select s.scope, 'agent', s.user_id, gen_random_uuid(), $3::bigint - g, $3, $3, $3, 0.5, 0, false, 'episodic', 'user', 'created',
           '{}', '{}', 'row ' || g, array[g % 100, 100 + g % 1000], array[1, 1], e.embedding
         from generate_series(1, ${ROWS}) g
         cross join lateral (
           select case when g % 2 = 0 then 'large' else 'small-' || g % 1000 end as user_id,
             case when g % 2 = 0 then $1::uuid when g % 1000 = 7 then $2::uuid else md5('small-' || g % 1000)::uuid end as scope
         ) s
         cross join lateral (
           select public.l2_normalize(array_agg(random() - 0.5)::public.vector) as embedding
           from generate_series(1, ${DIMENSIONS} + g * 0)
         ) e`,
        [scopeId(LARGE), scopeId(SMALL), T0]
      )
      await client.query(`vacuum analyze ${schema}.memories_2, ${schema}.postings, ${schema}.scopes`)
    })
  )

const explain = (schema: string, build: (layout: StatementLayout) => SqlStatement) =>
  Effect.promise(() =>
    withClient(url(), async (client) => {
      const { text, values } = build(layoutOf(schema))
      const { rows } = await client.query<Record<string, string>>(
        `explain (analyze, costs off, timing off, summary off) ${text}`,
        [...values]
      )
      return rows.map((line) => line["QUERY PLAN"]).join("\n")
    })
  )

const explainSearch = (schema: string, scope: Scope, plan: "exact" | "tuned") =>
  explain(schema, (layout) => {
    const request = {
      scope,
      now: T0,
      parts: [{ vector: toVector("apple"), terms: Uint32Array.of(1, 107) }],
      filter: ANY,
      limit: 100
    }
    return plan === "tuned" ? tunedSearchStatement(layout, request, TUNED) : searchStatement(layout, request)
  })

const storeIn = (schema: string) => PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 3 })

/** A schema with those rows, filled once. */
class Filled extends Context.Service<Filled, { readonly schema: string }>()(
  "@keepsake/backend-pgvector/test/Filled"
) {}

const filled = Layer.effect(
  Filled,
  Effect.gen(function* () {
    const schema = yield* serverSchema
    yield* Effect.scoped(open(storeIn(schema)))
    yield* fill(schema)
    return { schema }
  })
)

if (serverUrl === undefined) {
  describe(`plans at ${ROWS} rows`, () => {
    it.skip(`use indexes (${NO_SERVER})`)
  })
} else {
  layer(filled, { excludeTestServices: true, timeout: 300_000 })(`plans at ${ROWS} rows`, (it) => {
    it.effect("use the scope's indexes; a tuned scope uses its own and keeps its neighbours", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { schema } = yield* Filled
          const { pg, store } = yield* open(storeIn(schema))

          const smallPlan = yield* explainSearch(schema, SMALL, "exact")
          assert.match(smallPlan, /Index Only Scan using postings_pkey on postings/u)
          assert.match(
            smallPlan,
            /Bitmap Index Scan on memories_(pkey|said|created|session)|Index Scan using memories_/u
          )
          assert.notMatch(smallPlan, /Seq Scan on memories/u)
          assert.notMatch(smallPlan, /Seq Scan on postings/u)

          const parts = [{ vector: toVector("pear") }]
          const request = { scope: LARGE, now: T0, parts, filter: ANY, limit: 10 }
          const before = yield* runWithPlan(store.search(request))
          assert.strictEqual(before.plan, "exact")
          yield* pg.tuneScope(LARGE)
          const largePlan = yield* explainSearch(schema, LARGE, "tuned")
          const halfHash = scopeId(LARGE).replaceAll("-", "").slice(0, 16)
          const index = `lists_1_${halfHash}`
          assert.include(largePlan, `Index Scan using ${index} on memories`)
          // By the index alone or by a bitmap of it, as the statistics of the day have it.
          assert.match(
            largePlan,
            new RegExp(`(?:Index Only Scan using|Bitmap Index Scan on) words_${halfHash}`, "u")
          )
          assert.notMatch(largePlan, /Seq Scan on postings/u)
          // Comparing all is planned, and not done.
          const [ran = ""] = /^.*Scan.* on memories_2 m_1.*$/mu.exec(largePlan) ?? []
          assert.include(ran, "never executed")
          // The index's name and predicate hold no user id.
          const { rows } = yield* Effect.promise(() =>
            withClient(url(), (client) =>
              client.query("select indexdef from pg_indexes where schemaname = $1 and indexname = $2", [
                schema,
                index
              ])
            )
          )
          assert.include(rows[0].indexdef, "USING ivfflat")
          assert.notInclude(rows[0].indexdef, "large")

          let neighbours = 0
          const queries = Array.from({ length: 50 }, (_, i) => toVector(`query ${i}`))
          for (const query of queries) {
            const search = { ...request, parts: [{ vector: query }] }
            const near = yield* runWithPlan(store.search(search))
            assert.strictEqual(near.plan, "tuned")
            const exact = yield* runWithPlan(store.search({ ...search, exact: true }))
            assert.strictEqual(exact.plan, "exact")
            const exactIds = new Set(exact.value.hits.map((hit) => hit.facts.id))
            neighbours += near.value.hits.filter((hit) => exactIds.has(hit.facts.id)).length
          }
          assert.isAtLeast(neighbours / (10 * queries.length), 0.99)

          // Another handle learns from a search that the scope was tuned, and that it no longer is.
          const other = yield* open(storeIn(schema))
          assert.strictEqual((yield* runWithPlan(other.store.search(request))).plan, "exact")
          assert.strictEqual((yield* runWithPlan(other.store.search(request))).plan, "tuned")
          yield* pg.untuneScope(LARGE)
          yield* other.store.search(request)
          assert.strictEqual((yield* runWithPlan(other.store.search(request))).plan, "exact")
        })
      )
    )

    it.effect("of a list in either order and of predecessors go along an index", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { schema } = yield* Filled
          for (const by of ["createdAt", "saidAt"] as const) {
            for (const newestFirst of [false, true]) {
              const after = { at: T0, id: row("apple").memory.id }
              const plan = yield* explain(schema, (layout) =>
                listStatement(layout, {
                  scope: LARGE,
                  now: T0,
                  filter: ANY,
                  by,
                  newestFirst,
                  after,
                  limit: 50
                })
              )
              const direction = newestFirst ? " Backward" : ""
              const index = by === "createdAt" ? "memories_created" : "memories_said"
              assert.include(plan, `Index Scan${direction} using ${index} on memories_2`)
            }
          }
          const ids = [row("apple").memory.id]
          assert.include(
            yield* explain(schema, (layout) => predecessorsStatement(layout, { scope: LARGE, now: T0, ids })),
            "using memories_superseded on memories_2"
          )
        })
      )
    )

    it.effect("a filter does not starve a tuned search", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { schema } = yield* Filled
          const { pg, store } = yield* open(storeIn(schema))
          const matching = Array.from({ length: 40 }, (_, i) => row(`matching ${i}`, { sessionId: "rare" }))
          yield* store.put({ scope: LARGE, now: T0, rows: matching })
          yield* pg.tuneScope(LARGE)
          const request = {
            scope: LARGE,
            now: T0,
            parts: [{ vector: toVector("pear") }],
            filter: toCondition({ sessionId: "rare" }),
            limit: 40
          }
          yield* store.search(request)
          const { plan, value } = yield* runWithPlan(store.search(request))
          assert.strictEqual(plan, "exact")
          assert.strictEqual(value.hits.length, 40)
        })
      )
    )
  })
}
