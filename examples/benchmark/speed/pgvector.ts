/**
 * PostgreSQL: the store compared with hand-written SQL on `pg`, on the same server, tables and rows, taking turns.
 *
 *     node scripts/with-postgres.ts node examples/benchmark/speed/pgvector.ts [rows]
 */
import { PgVectorAdmin, PgVectorStore } from "@keepsake/backend-pgvector"
import { fingerprint, MemoryStore, type Scope, StoreFingerprint } from "@keepsake/core"
import { ANY, type QueryPart, type SearchRequest, type StoreRow } from "@keepsake/core/driver"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { Pool } from "pg"
import { startPostgres } from "../../../scripts/postgres.ts"
import { DIMENSIONS, queryVector, makeScope, zipfSizes } from "./data.ts"
import { interleaved, timed } from "./measure.ts"
import { bareTables, insert, nearest, search as searchByHand, type TableScope } from "./pgvector/byHand.ts"
import {
  NOW,
  queryAbout,
  queryWords,
  makeStoreRow,
  type PickTopicUser,
  allTopics,
  topicsOfUser
} from "./pgvector/memories.ts"
import { atLeast, atMost, reported, type Row, within } from "./Row.ts"

const ROWS = 100_000
const USERS = 1_000
/** Hits per channel, as in a recall. */
const CHANNEL = 100
const LATER = NOW + 1e9
const SCHEMA = "keepsake_bench"
/** A long warm-up: a server in use has compiled its code and cached its pages. */
const WARM = { rounds: 300, warmup: 300, budgetMs: 60_000 }
const BY_HAND = "hand-written SQL on pg, binary vectors"

interface Bench {
  readonly runtime: ManagedRuntime.ManagedRuntime<MemoryStore | PgVectorAdmin, unknown>
  readonly pool: Pool
  readonly rows: number
}

const put = ({ runtime }: Bench, scope: Scope, rows: ReadonlyArray<StoreRow>) =>
  runtime.runPromise(Effect.flatMap(MemoryStore, (store) => store.put({ scope, now: NOW, rows })))

const search = (
  { runtime }: Bench,
  { terms, vector, ...request }: Pick<SearchRequest, "scope" | "limit" | "exact"> & QueryPart
) =>
  runtime.runPromise(
    Effect.flatMap(MemoryStore, (store) =>
      store.search({ now: LATER, filter: ANY, parts: [{ vector, terms }], ...request })
    )
  )

const makeRows = (
  scope: Scope,
  pickTopicUser: PickTopicUser,
  start: number,
  count: number
): ReadonlyArray<StoreRow> =>
  Array.from({ length: count }, (_, i) => makeStoreRow(scope, pickTopicUser, start + i))

/** Rows are inserted in small, shuffled groups, so that a user's rows are spread over the table. */
const GROUP = 25
const loadUsers = async (bench: Bench): Promise<void> => {
  const groups = zipfSizes(bench.rows, USERS).flatMap((size, user) =>
    Array.from({ length: Math.ceil(size / GROUP) }, (_, i) => ({
      user,
      start: GROUP * i,
      count: Math.min(GROUP, size - GROUP * i),
      place: (user * 7_919 + i * 104_729) % 65_537
    }))
  )
  groups.sort((a, b) => a.place - b.place)
  for (const { count, start, user } of groups) {
    await put(bench, makeScope(user), makeRows(makeScope(user), topicsOfUser(user), start, count))
  }
}

const readTableScope = async ({ pool }: Bench, scope: Scope): Promise<TableScope> => {
  const { rows } = await pool.query<{ scope: string }>(
    `select scope from ${SCHEMA}.scopes where agent_id = $1 and user_id = $2`,
    [scope.agentId, scope.userId]
  )
  return { scope, key: rows[0]?.scope ?? "" }
}

const searchRows = async (bench: Bench): Promise<ReadonlyArray<Row>> => {
  const tableScopes = await Promise.all(
    Array.from({ length: USERS }, (_, user) => readTableScope(bench, makeScope(user)))
  )
  const tableScope = (user: number): TableScope => tableScopes[user] ?? { scope: makeScope(user), key: "" }
  const both = async (name: string, pickUser: (round: number) => number): Promise<Row> => {
    const { ours, theirs } = await interleaved(
      {
        ours: (i) =>
          search(bench, {
            scope: makeScope(pickUser(i)),
            vector: queryVector(pickUser(i), i),
            terms: queryWords(i),
            limit: CHANNEL
          }),
        theirs: (i) =>
          searchByHand(bench.pool, SCHEMA, tableScope(pickUser(i)), {
            vector: queryVector(pickUser(i), i),
            terms: queryWords(i),
            limit: CHANNEL
          })
      },
      WARM
    )
    return atMost({ name, value: ours.median, unit: "ms", against: BY_HAND, baseline: theirs.median }, 1.2)
  }
  const anyUser = (round: number): number => (round * 7_919) % USERS
  const { ours, theirs } = await interleaved(
    {
      ours: (i) =>
        search(bench, { scope: makeScope(anyUser(i)), vector: queryVector(anyUser(i), i), limit: 10 }),
      theirs: (i) => nearest(bench.pool, SCHEMA, tableScope(anyUser(i)), queryVector(anyUser(i), i), 10)
    },
    WARM
  )
  const size = `${bench.rows.toLocaleString("en")} memories, ${USERS.toLocaleString("en")} users`
  return [
    await both(`pgvector search, both channels, 100 each; ${size}, any user`, anyUser),
    await both(`pgvector search, both channels, 100 each; the three heaviest users`, (round) => round % 3),
    atMost(
      {
        name: "pgvector search, vectors alone, top 10; any user",
        value: ours.median,
        unit: "ms",
        against: BY_HAND,
        baseline: theirs.median
      },
      1.2
    )
  ]
}

const BATCH = 100

const putRows = async (bench: Bench): Promise<ReadonlyArray<Row>> => {
  const { pool } = bench
  await bareTables(pool, SCHEMA)
  const { rows } = await pool.query<{ oid: number }>("select 'vector'::regtype::oid as oid")
  const oid = rows[0]?.oid ?? 0
  const batch = (kind: string, round: number) => {
    const scope: Scope = { agentId: "bench-put", userId: `${kind}-${round}` }
    return { scope, rows: makeRows(scope, topicsOfUser(5_000 + round), 0, BATCH) }
  }
  const prepared = ["ours", "whole", "alone"].map((kind) =>
    Array.from({ length: 90 }, (_, i) => batch(kind, i))
  )
  const [ourBatches = [], wholeBatches = [], aloneBatches = []] = prepared
  const { alone, ours, whole } = await interleaved(
    {
      ours: (i) => put(bench, ourBatches[i]?.scope ?? makeScope(0), ourBatches[i]?.rows ?? []),
      whole: (i) => insert(pool, SCHEMA, crypto.randomUUID(), wholeBatches[i]?.rows ?? [], oid, true),
      alone: (i) => insert(pool, SCHEMA, crypto.randomUUID(), aloneBatches[i]?.rows ?? [], oid, false)
    },
    { rounds: 80, warmup: 10 }
  )
  const rate = (ms: number) => (BATCH * 1_000) / ms
  const row = { name: `pgvector put, batches of ${BATCH}`, value: rate(ours.median), unit: "rows/s" }
  return [
    atLeast(
      {
        ...row,
        against: "bare unnest insert of the same columns, postings included",
        baseline: rate(whole.median)
      },
      0.8
    ),
    reported({
      ...row,
      against: "bare unnest insert without the inverted index",
      baseline: rate(alone.median)
    })
  ]
}

const HEAVY: Scope = makeScope(9_999)

const heavyRows = async (bench: Bench): Promise<ReadonlyArray<Row>> => {
  for (let start = 0; start < bench.rows; start += 250) {
    await put(bench, HEAVY, makeRows(HEAVY, allTopics, start, Math.min(250, bench.rows - start)))
  }
  await bench.pool.query(`vacuum analyze ${SCHEMA}.memories_2, ${SCHEMA}.postings`)
  const vector = (i: number) => queryAbout(allTopics, i)
  const both = (i: number) =>
    search(bench, { scope: HEAVY, vector: vector(i), terms: queryWords(i), limit: CHANNEL })
  const alone = (i: number) => search(bench, { scope: HEAVY, vector: vector(i), limit: 10 })
  const queries = Array.from({ length: 100 }, (_, i) => i)
  const truth: Array<ReadonlySet<string>> = []
  for (const i of queries) {
    const { hits } = await search(bench, { scope: HEAVY, vector: vector(i), limit: 10, exact: true })
    truth.push(new Set(hits.map((hit) => hit.facts.id)))
  }
  const exact = await interleaved({ both, alone }, { rounds: 20 })
  const building = await timed(() =>
    bench.runtime.runPromise(Effect.flatMap(PgVectorAdmin, (admin) => admin.tuneScope(HEAVY)))
  )
  const tuned = await interleaved({ both, alone }, { rounds: 200 })
  let found = 0
  for (const i of queries) {
    const { hits } = await alone(i)
    found += hits.filter((hit) => truth[i]?.has(hit.facts.id) === true).length
  }
  const recall = found / (10 * queries.length)
  const name = `pgvector, a scope of ${bench.rows.toLocaleString("en")}`
  const unit = "ms"
  return [
    reported({ name: `${name}, exact: both channels, 100 each`, value: exact.both.median, unit }),
    reported({ name: `${name}, exact: vectors alone, top 10`, value: exact.alone.median, unit }),
    reported({ name: `${name}: tuneScope`, value: building / 1_000, unit: "s" }),
    within(
      { name: `${name}, tuned: vectors alone, top 10`, value: tuned.alone.median, unit },
      "≤ 10 ms",
      tuned.alone.median <= 10
    ),
    within(
      { name: `${name}, tuned: both channels, 100 each`, value: tuned.both.median, unit },
      "≤ 10 ms",
      tuned.both.median <= 10
    ),
    within({ name: `${name}, tuned: recall@10`, value: recall, unit: "" }, "≥ 0.99", recall >= 0.99)
  ]
}

const measure = async (url: string, count: number): Promise<ReadonlyArray<Row>> => {
  const pool = new Pool({ connectionString: url, max: 4 })
  // `pool.end` does not wait for its connections to close. A server that stops right afterwards sends them an
  // error, which would end the process without a listener.
  pool.on("error", () => {})
  await pool.query(`drop schema if exists ${SCHEMA} cascade`)
  const space = { model: "synthetic", dimensions: DIMENSIONS, calibration: { mean: 0, spread: 1 } }
  const runtime = ManagedRuntime.make(
    PgVectorStore.layer({ url: Redacted.make(url), schema: SCHEMA, statementTimeoutMs: 600_000 }).pipe(
      Layer.provide(StoreFingerprint.layer(fingerprint(space)))
    )
  )
  const bench: Bench = { runtime, pool, rows: count }
  try {
    await loadUsers(bench)
    await pool.query(`vacuum analyze ${SCHEMA}.memories_2, ${SCHEMA}.postings, ${SCHEMA}.scopes`)
    return [...(await searchRows(bench)), ...(await putRows(bench)), ...(await heavyRows(bench))]
  } finally {
    await runtime.dispose()
    await pool.query(`drop schema if exists ${SCHEMA} cascade`)
    await pool.end()
  }
}

/** Measures `count` memories on `KEEPSAKE_PG_URL`, else on a private server, in about two minutes. */
export const rows = async (count: number = ROWS): Promise<ReadonlyArray<Row>> => {
  const url = process.env["KEEPSAKE_PG_URL"]
  if (url !== undefined && url !== "") return measure(url, count)
  const server = await startPostgres()
  try {
    return await measure(server.url, count)
  } finally {
    await server.stop()
  }
}

if (import.meta.main) console.table(await rows(Number(process.argv[2] ?? ROWS)))
