/** Which index serves a search, at 100,000 rows; and heavy scopes with an index of their own. */
import type { Scope } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Tracer } from "effect"
import { PgVectorStore } from "../../src/index.ts"
import { makeIdentifiers } from "../../src/schema/identifiers.ts"
import { scopeId } from "../../src/scopeId.ts"
import { searchStatement } from "../../src/statements/search.ts"
import { tunedSearchStatement } from "../../src/statements/tunedSearch.ts"
import {
  DIMENSIONS,
  expectFailure,
  freshOnPGlite,
  FINGERPRINT,
  NO_SERVER,
  open,
  serverSchema,
  serverUrl,
  requireServerUrl,
  withClient
} from "../support/servers.ts"

const ROWS = 100_000
const HEAVY: Scope = { agentId: "agent", userId: "heavy" }
const LIGHT: Scope = { agentId: "agent", userId: "light-7" }
const row = rowBuilder(HEAVY, DIMENSIONS)
const url = () => Redacted.value(requireServerUrl())

/** Half of the rows in one scope, the rest spread over a thousand; made in the server, through the triggers. */
const fill = (schema: string) =>
  Effect.promise(() =>
    withClient(url(), async (client) => {
      await client.query(
        `insert into ${schema}.memories (scope, agent_id, user_id, id, said_at, created_at, updated_at, valid_from,
           importance, access_count, pinned, type, source, stated, past, metadata, content, terms_1, weights_1, embedding_1)
         select s.scope, 'agent', s.user_id, gen_random_uuid(), $3, $3, $3, $3, 0.5, 0, false, 'episodic', 'user', 'created',
           '{}', '{}', 'row ' || g, array[g % 100, 100 + g % 1000], array[1, 1], e.embedding
         from generate_series(1, ${ROWS}) g
         cross join lateral (
           select case when g % 2 = 0 then 'heavy' else 'light-' || g % 1000 end as user_id,
             case when g % 2 = 0 then $1::uuid when g % 1000 = 7 then $2::uuid else md5('light-' || g % 1000)::uuid end as scope
         ) s
         cross join lateral (
           select public.l2_normalize(array_agg(random() - 0.5)::public.vector) as embedding
           from generate_series(1, ${DIMENSIONS} + g * 0)
         ) e`,
        [scopeId(HEAVY), scopeId(LIGHT), T0]
      )
      await client.query(`vacuum analyze ${schema}.memories, ${schema}.postings, ${schema}.scopes`)
    })
  )

const explainSearch = (schema: string, scope: Scope, plan: "exact" | "hnsw") =>
  Effect.promise(() =>
    withClient(url(), async (client) => {
      const space = { number: 1, dimensions: DIMENSIONS, vectorType: "vector", extension: "public" } as const
      const layout = { names: makeIdentifiers(schema, ""), space, vectorOid: 0 }
      const asked = row("apple")
      const build = plan === "hnsw" ? tunedSearchStatement : searchStatement
      const statement = build(layout, {
        scope,
        now: T0,
        vector: asked.vector ?? undefined,
        terms: Uint32Array.of(1, 107),
        filter: {},
        limit: 100
      })
      const { rows } = await client.query<Record<string, string>>(`explain (costs off) ${statement.text}`, [
        ...statement.values
      ])
      return rows.map((line) => line["QUERY PLAN"]).join("\n")
    })
  )

/** Attributes of the spans that were open while it ran. */
const planInSpan = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    let span: Tracer.Span | undefined
    const value = yield* Effect.gen(function* () {
      span = yield* Effect.currentSpan
      return yield* effect
    }).pipe(Effect.withSpan("recall"), Effect.orDie)
    return { value, plan: span?.attributes.get("keepsake.pgvector.plan") }
  })

const onServer = serverUrl === undefined ? describe.skip : describe

onServer(`plans at ${ROWS} rows${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  it.live(
    "go by the scope's indexes; a tuned scope by its own, without losing neighbours",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const schema = yield* serverSchema
          const layer = PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 3 })
          const { pg, store } = yield* open(layer)
          yield* fill(schema)

          const light = yield* explainSearch(schema, LIGHT, "exact")
          assert.match(light, /Index Only Scan using postings_pkey on postings/u)
          assert.match(
            light,
            /Bitmap Index Scan on memories_(pkey|said|created|session)|Index Scan using memories_/u
          )
          assert.notMatch(light, /Seq Scan on memories/u)
          assert.notMatch(light, /Seq Scan on postings/u)

          const vector = row("pear").vector!
          const request = { scope: HEAVY, now: T0, vector, filter: {}, limit: 10 }
          const before = yield* planInSpan(store.search(request))
          assert.strictEqual(before.plan, "exact")
          yield* pg.tuneScope(HEAVY)
          const heavy = yield* explainSearch(schema, HEAVY, "hnsw")
          const half = scopeId(HEAVY).replaceAll("-", "").slice(0, 16)
          const index = `hnsw_1_${half}`
          assert.include(heavy, `Index Scan using ${index} on memories`)
          assert.include(heavy, `Index Only Scan using words_${half} on postings`)
          assert.notMatch(heavy, /Seq Scan on postings/u)
          assert.notMatch(heavy, /Seq Scan on memories/u)
          // In the index's name and predicate there is no user.
          const { rows } = yield* Effect.promise(() =>
            withClient(url(), (client) =>
              client.query("select indexdef from pg_indexes where schemaname = $1 and indexname = $2", [
                schema,
                index
              ])
            )
          )
          assert.include(rows[0].indexdef, "USING hnsw")
          assert.notInclude(rows[0].indexdef, "heavy")

          let found = 0
          const queries = Array.from({ length: 50 }, (_, i) => row(`query ${i}`).vector!)
          for (const query of queries) {
            const asked = { ...request, vector: query }
            const near = yield* planInSpan(store.search(asked))
            assert.strictEqual(near.plan, "hnsw")
            const exact = yield* planInSpan(store.search({ ...asked, exact: true }))
            assert.strictEqual(exact.plan, "exact")
            const truth = new Set(exact.value.hits.map((hit) => hit.memory.id))
            found += near.value.hits.filter((hit) => truth.has(hit.memory.id)).length
          }
          assert.isAtLeast(found / (10 * queries.length), 0.99)

          // A second handle learns of the index by its first search, and of its end.
          const other = yield* open(layer)
          assert.strictEqual((yield* planInSpan(other.store.search(request))).plan, "exact")
          assert.strictEqual((yield* planInSpan(other.store.search(request))).plan, "hnsw")
          yield* pg.untuneScope(HEAVY)
          yield* other.store.search(request)
          assert.strictEqual((yield* planInSpan(other.store.search(request))).plan, "exact")
        })
      ),
    300_000
  )

  it.live("rows that a filter leaves out do not starve a tuned search", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const { pg, store } = yield* open(
          PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 3 })
        )
        yield* fill(schema)
        const wanted = Array.from({ length: 40 }, (_, i) => row(`wanted ${i}`, { sessionId: "rare" }))
        yield* store.put({ scope: HEAVY, now: T0, rows: wanted })
        yield* pg.tuneScope(HEAVY)
        const request = {
          scope: HEAVY,
          now: T0,
          vector: row("pear").vector!,
          filter: { sessionId: "rare" },
          limit: 40
        }
        yield* store.search(request)
        const { plan, value } = yield* planInSpan(store.search(request))
        assert.strictEqual(plan, "hnsw")
        assert.strictEqual(value.hits.length, 40)
      })
    )
  )

  it.live("a scope that grows past autoTuneRows is given its index", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const { store } = yield* open(
          PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 3, autoTuneRows: 1_000 })
        )
        for (let start = 0; start < 1_000; start += 250) {
          yield* store.put({
            scope: HEAVY,
            now: T0,
            rows: Array.from({ length: 250 }, (_, i) => row(`row ${start + i}`))
          })
        }
        const request = { scope: HEAVY, now: T0, vector: row("pear").vector!, filter: {}, limit: 10 }
        let plan: unknown
        while (plan !== "hnsw") plan = (yield* planInSpan(store.search(request))).plan
      })
    )
  )
})

describe("tuning", () => {
  it.effect("is refused where it cannot be", () =>
    Effect.gen(function* () {
      const { pg } = yield* open(yield* freshOnPGlite())
      assert.strictEqual((yield* expectFailure(pg.tuneScope(HEAVY))).reason._tag, "Unsupported")
      const words = yield* open(yield* freshOnPGlite(), { ...FINGERPRINT, embedding: null })
      assert.match((yield* expectFailure(words.pg.tuneScope(HEAVY))).message, /no vectors to index/u)
    })
  )
})
