/** What the vector index of a tuned scope finds: enough, or the search is exact. Eight topics, as one user has. */
import { ANY, type Condition, type Scope, toCondition } from "@keepsake/core/driver"
import { makeRandom, rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { PgVectorStore, type TuningProgress } from "../../src/index.ts"
import {
  DIMENSIONS,
  NO_SERVER,
  open,
  requireServerUrl,
  serverSchema,
  serverUrl,
  withClient
} from "../support/servers.ts"

const scope: Scope = { agentId: "agent", userId: "large" }
const row = rowBuilder(scope, DIMENSIONS)
const ROWS = 4_000
const RARE = 30
const LIMIT = 100

const random = makeRandom(23)
const noise = (length: number): Float32Array =>
  Float32Array.from({ length: DIMENSIONS }, () => (random.next() - 0.5) * length)
const unit = (vector: Float32Array): Float32Array => {
  const length = Math.hypot(...vector)
  return vector.map((x) => x / length)
}
const topics = Array.from({ length: 8 }, () => unit(noise(1)))
const vectorOf = (i: number): Float32Array => {
  const off = noise(0.7)
  return unit((topics[i % topics.length] ?? off).map((x, d) => x + (off[d] ?? 0)))
}
const rows = Array.from({ length: ROWS }, (_, i) =>
  row(`row ${i}`, {
    vector: vectorOf(i),
    metadata: i % Math.floor(ROWS / RARE) === 0 ? { kind: "rare" } : {},
    sessionId: i % 2 === 0 ? "even" : "odd"
  })
)
const questions = Array.from({ length: 20 }, (_, i) => vectorOf(i))

const onServer = serverUrl === undefined ? describe.skip : describe

onServer(`a tuned scope of eight topics${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  const inServer = (sql: string) =>
    Effect.promise(() =>
      withClient(Redacted.value(requireServerUrl()), async (client) => {
        const { rows: found } = await client.query<Record<string, unknown>>(sql)
        return found
      })
    )

  const filled = Effect.gen(function* () {
    const schema = yield* serverSchema
    const layer = PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 4 })
    const handle = yield* open(layer)
    for (let start = 0; start < ROWS; start += 500)
      yield* handle.store.put({ scope, now: T0, rows: rows.slice(start, start + 500) })
    return { ...handle, layer, schema }
  })

  const compare = Effect.fnUntraced(function* (
    { store }: Effect.Success<typeof filled>,
    filter: Condition,
    limit: number
  ) {
    const ways = new Set<string>()
    let [found, expected] = [0, 0]
    for (const vector of questions) {
      const request = { scope, now: T0, parts: [{ vector }], filter, limit }
      const near = yield* store.search(request)
      const exact = yield* store.search({ ...request, exact: true })
      const ids = new Set(exact.hits.map(({ facts }) => facts.id))
      assert.strictEqual(near.hits.length, ids.size)
      found += near.hits.filter(({ facts }) => ids.has(facts.id)).length
      expected += ids.size
      ways.add(near.plan.way)
    }
    return { recall: found / expected, ways: [...ways] }
  })

  it.live("finds .99 of the nearest, and is exact where a filter leaves it short", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const handle = yield* filled
        const steps: Array<TuningProgress> = []
        const tuned = yield* handle.pg.tuneScope(scope, { onProgress: (progress) => steps.push(progress) })
        assert.strictEqual(tuned.way, "tuned")
        assert.isAtLeast(tuned.recall, 0.99)
        assert.deepStrictEqual(
          [...new Set(steps.map(({ step }) => step))],
          ["vectors", "passages", "words", "recall"]
        )
        assert.deepStrictEqual(steps.at(-1), { step: "recall", done: 100, total: 100 })

        const plain = yield* compare(handle, ANY, LIMIT)
        assert.deepStrictEqual(plain.ways, ["tuned"])
        assert.isAtLeast(plain.recall, 0.98)
        const half = yield* compare(handle, toCondition({ sessionId: "even" }), LIMIT)
        assert.isAtLeast(half.recall, 0.98)
        const rare = yield* compare(handle, toCondition({ metadata: { kind: "rare" } }), RARE)
        assert.deepStrictEqual(rare, { recall: 1, ways: ["exact"] })
        const late = yield* compare(handle, toCondition({ saidFrom: T0 + 1 }), LIMIT)
        assert.deepStrictEqual(late.ways, ["exact"])
      })
    )
  )

  it.live("is exact while its index is known to find too little, and measured again as it grows", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const handle = yield* filled
        const { layer, pg, schema } = handle
        yield* pg.tuneScope(scope)
        yield* inServer(`update ${schema}.tuned set recall = .5`)
        // Another handle, which has measured nothing.
        const other = { ...handle, ...(yield* open(layer)) }
        const poor = yield* compare(other, ANY, LIMIT)
        assert.deepStrictEqual(poor, { recall: 1, ways: ["exact"] })
        yield* inServer(`update ${schema}.tuned set measured_rows = ${ROWS / 2}`)
        const measured = inServer(
          `select from ${schema}.tuned where recall >= .99 and measured_rows = ${ROWS}`
        )
        while ((yield* measured).length === 0) yield* compare(other, ANY, LIMIT)
        // The handle takes up what it has written a moment later.
        yield* compare(other, ANY, LIMIT)
        assert.deepStrictEqual((yield* compare(other, ANY, LIMIT)).ways, ["tuned"])
      })
    )
  )

  it.live("is searched by a graph that an earlier version built, and measured", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const handle = yield* filled
        const { layer, pg, schema } = handle
        yield* pg.tuneScope(scope)
        yield* inServer(`
          do $$ declare it record; begin
            for it in select indexname from pg_indexes where schemaname = '${schema}' and indexname like '%lists_1_%' loop
              execute 'drop index ${schema}."' || it.indexname || '"';
            end loop;
            execute (select format('create index graph on ${schema}.memories_2 using hnsw (embedding_1 public.vector_ip_ops)
              where scope = %L::uuid and valid_to is null', scope) from ${schema}.tuned);
          end $$;
          alter table ${schema}.tuned drop lists, drop probes, drop recall, drop measured_rows`)
        const other = { ...handle, ...(yield* open(layer)) }
        yield* compare(other, ANY, LIMIT)
        const measured = inServer(`select from ${schema}.tuned where to_jsonb(tuned)->>'recall' is not null`)
        while ((yield* measured).length === 0) yield* compare(other, ANY, LIMIT)
        const [found] = yield* inServer(`select recall, lists, probes from ${schema}.tuned`)
        assert.isAtLeast(Number(found?.["recall"]), 0.9)
        assert.strictEqual(found?.["lists"], null)
        assert.isAtLeast((yield* compare(other, ANY, LIMIT)).recall, 0.98)
      })
    )
  )

  it.live("ends on the server when its caller is interrupted, and can be tuned again", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { pg, schema } = yield* filled
        const building = inServer(
          `select from pg_stat_activity where state = 'active' and query like 'create index concurrently%"${schema}"%'`
        )
        yield* Effect.promise(() =>
          withClient(Redacted.value(requireServerUrl()), async (client) => {
            // The build waits for this transaction.
            await client.query(`begin; lock table ${schema}.memories_2 in row exclusive mode`)
            const waitForBuild = Effect.gen(function* () {
              const fiber = yield* Effect.forkChild(pg.tuneScope(scope))
              while ((yield* building).length === 0) yield* Effect.sleep("20 millis")
              yield* Fiber.interrupt(fiber)
            })
            await Effect.runPromise(waitForBuild)
          })
        )
        assert.strictEqual((yield* building).length, 0)
        assert.deepStrictEqual(yield* inServer(`select from ${schema}.tuned where is_ready`), [])
        assert.strictEqual((yield* pg.tuneScope(scope)).way, "tuned")
      })
    )
  )
})
