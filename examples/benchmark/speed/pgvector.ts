/**
 * PostgreSQL: the store compared with hand-written SQL on `pg`, on the same server, tables and rows, taking turns.
 *
 *     node scripts/with-postgres.ts node examples/benchmark/speed/pgvector.ts [rows]
 */
import { PgVectorAdmin, PgVectorStore } from "@keepsake/backend-pgvector"
import { type Filter, fingerprint, MemoryStore, type Scope, StoreFingerprint } from "@keepsake/core"
import { ANY, type QueryPart, type SearchRequest, type StoreRow, toCondition } from "@keepsake/core/driver"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { Pool } from "pg"
import type { StatementLayout } from "../../../packages/backend-pgvector/src/schema/EmbeddingColumns.ts"
import { makeIdentifiers } from "../../../packages/backend-pgvector/src/schema/identifiers.ts"
import { searchStatement } from "../../../packages/backend-pgvector/src/statements/search.ts"
import { startPostgres } from "../../../scripts/postgres.ts"
import { DIMENSIONS, queryVector, makeScope, zipfSizes } from "./data.ts"
import { interleaved, timed } from "./measure.ts"
import { bareTables, insert, nearest, search as searchByHand, type TableScope } from "./pgvector/byHand.ts"
import { makeStoreRow, NOW, queryWords } from "./pgvector/memories.ts"
import { writerRows } from "./pgvector/writers.ts"
import { atLeast, atMost, reported, type Row, within } from "./Row.ts"

/** How many memories, and of how many users, by Zipf's law. */
export interface Size {
  readonly memories: number
  readonly users?: number
}

const USERS = 1_000
const DEFAULT: Size = { memories: 100_000 }
export const MILLION: Size = { memories: 1_000_000, users: 20_000 }
/** Hits per channel, as in a recall. */
const CHANNEL = 60
/** Of one large scope, where more are harder to find. */
const LARGE_LIMIT = 100
const LATER = NOW + 1e9
const SCHEMA = "keepsake_bench"
const SPACE = fingerprint({
  model: "synthetic",
  dimensions: DIMENSIONS,
  calibration: { mean: 0, spread: 1 }
})
/** A long warm-up: a server in use has compiled its code and cached its pages. */
const WARM = { rounds: 300, warmup: 300, budgetMs: 60_000 }
const BY_HAND = "hand-written SQL on pg, binary vectors"

interface Bench {
  readonly runtime: ManagedRuntime.ManagedRuntime<MemoryStore | PgVectorAdmin, unknown>
  readonly pool: Pool
  readonly rows: number
  readonly users: number
}

const put = ({ runtime }: Bench, scope: Scope, rows: ReadonlyArray<StoreRow>) =>
  runtime.runPromise(Effect.flatMap(MemoryStore, (store) => store.put({ scope, now: NOW, rows })))

const search = (
  { runtime }: Bench,
  {
    terms,
    vector,
    ...request
  }: Pick<SearchRequest, "scope" | "limit" | "exact"> & Partial<Pick<SearchRequest, "filter">> & QueryPart
) =>
  runtime.runPromise(
    Effect.flatMap(MemoryStore, (store) =>
      store.search({ now: LATER, filter: ANY, parts: [{ vector, terms }], ...request })
    )
  )

const makeRows = (scope: Scope, user: number, start: number, count: number): ReadonlyArray<StoreRow> =>
  Array.from({ length: count }, (_, i) => makeStoreRow(scope, user, start + i))

/** Rows are inserted in small, shuffled groups, so that a user's rows are spread over the table. */
const GROUP = 25
const loadUsers = async (bench: Bench): Promise<void> => {
  const groups = zipfSizes(bench.rows, bench.users).flatMap((size, user) =>
    Array.from({ length: Math.ceil(size / GROUP) }, (_, i) => ({
      user,
      start: GROUP * i,
      count: Math.min(GROUP, size - GROUP * i),
      place: (user * 7_919 + i * 104_729) % 65_537
    }))
  )
  groups.sort((a, b) => a.place - b.place)
  for (const { count, start, user } of groups) {
    await put(bench, makeScope(user), makeRows(makeScope(user), user, start, count))
  }
}

const readTableScope = async ({ pool }: Bench, scope: Scope): Promise<TableScope> => {
  const { rows } = await pool.query<{ scope: string }>(
    `select scope from ${SCHEMA}.scopes where agent_id = $1 and user_id = $2`,
    [scope.agentId, scope.userId]
  )
  return { scope, key: rows[0]?.scope ?? "" }
}

const layoutOf = async ({ pool }: Bench): Promise<StatementLayout> => {
  const { rows } = await pool.query<{ oid: number }>("select 'vector'::regtype::oid as oid")
  return {
    names: makeIdentifiers(SCHEMA, ""),
    space: { number: 1, dimensions: DIMENSIONS, vectorType: "vector", extension: "public" },
    vectorOid: rows[0]?.oid ?? 0,
    fingerprint: SPACE
  }
}

const searchRows = async (bench: Bench): Promise<ReadonlyArray<Row>> => {
  const tableScopes = await Promise.all(
    Array.from({ length: bench.users }, (_, user) => readTableScope(bench, makeScope(user)))
  )
  const layout = await layoutOf(bench)
  const tableScope = (user: number): TableScope => tableScopes[user] ?? { scope: makeScope(user), key: "" }
  const compare = async (
    name: string,
    pickUser: (round: number) => number,
    { limit, words }: { readonly limit: number; readonly words: boolean }
  ): Promise<ReadonlyArray<Row>> => {
    const question = (i: number) => ({
      vector: queryVector(pickUser(i), i),
      ...(words ? { terms: queryWords(i) } : {})
    })
    const { ours, statement, theirs } = await interleaved(
      {
        ours: (i) => search(bench, { scope: makeScope(pickUser(i)), ...question(i), limit }),
        statement: (i) => {
          const scope = makeScope(pickUser(i))
          const parts = [question(i)]
          const { text, values } = searchStatement(layout, { scope, now: LATER, filter: ANY, parts, limit })
          return bench.pool.query({ name: `ours_${limit}`, text, values: [...values], rowMode: "array" })
        },
        theirs: (i) => {
          const { terms, vector } = question(i)
          return terms === undefined
            ? nearest(bench.pool, SCHEMA, tableScope(pickUser(i)), vector, limit)
            : searchByHand(bench.pool, SCHEMA, tableScope(pickUser(i)), { vector, terms, limit })
        }
      },
      WARM
    )
    const against = { unit: "ms", against: BY_HAND, baseline: theirs.median }
    return [
      atMost({ name, value: ours.median, ...against }, 1.2),
      reported({ name: `${name}: its statement on pg, undecoded`, value: statement.median, ...against })
    ]
  }
  const anyUser = (round: number): number => (round * 7_919) % bench.users
  const size = `${bench.rows.toLocaleString("en")} memories, ${bench.users.toLocaleString("en")} users`
  const both = { limit: CHANNEL, words: true }
  const name = `pgvector search, both channels, ${CHANNEL} each`
  return [
    ...(await compare(`${name}; ${size}, any user`, anyUser, both)),
    ...(await compare(`${name}; the three heaviest users`, (round) => round % 3, both)),
    ...(await compare("pgvector search, vectors alone, top 10; any user", anyUser, {
      limit: 10,
      words: false
    }))
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
    return { scope, rows: makeRows(scope, 5_000 + round, 0, BATCH) }
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

const HEAVY_USER = 9_999
const HEAVY: Scope = makeScope(HEAVY_USER)

/** How much of what an exact search finds the tuned one finds, and by which ways it went. */
const compareWays = async (bench: Bench, request: Pick<SearchRequest, "limit" | "filter">) => {
  const ways = new Set<string>()
  let [found, expected] = [0, 0]
  for (let i = 0; i < 50; i++) {
    const query = { scope: HEAVY, vector: queryVector(HEAVY_USER, i), ...request }
    const exact = await search(bench, { ...query, exact: true })
    const { hits, plan } = await search(bench, query)
    const ids = new Set(exact.hits.map(({ facts }) => facts.id))
    found += hits.filter(({ facts }) => ids.has(facts.id)).length
    expected += ids.size
    ways.add(plan.way)
  }
  return { recall: found / expected, ways: [...ways].toSorted().join(" and ") }
}

const FILTERS: Readonly<Record<string, (rows: number) => Filter>> = {
  "no filter": () => ({}),
  "a session that holds a tenth": () => ({ sessionId: "session-3" }),
  "the last thousandth": (rows) => ({ saidFrom: NOW + Math.floor(0.999 * rows) })
}

const recallRows = async (bench: Bench, name: string): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  for (const [what, toFilter] of Object.entries(FILTERS)) {
    const filter = toCondition(toFilter(bench.rows))
    const { recall, ways } = await compareWays(bench, { limit: LARGE_LIMIT, filter })
    rows.push(
      within(
        { name: `${name}, tuned: recall@${LARGE_LIMIT}, ${what} (${ways})`, value: recall, unit: "" },
        "≥ 0.99",
        recall >= 0.99
      )
    )
  }
  return rows
}

/** One user's memories, of eight topics. */
const heavyRows = async (bench: Bench): Promise<ReadonlyArray<Row>> => {
  for (let start = 0; start < bench.rows; start += 250) {
    await put(bench, HEAVY, makeRows(HEAVY, HEAVY_USER, start, Math.min(250, bench.rows - start)))
  }
  await bench.pool.query(`vacuum analyze ${SCHEMA}.memories_2, ${SCHEMA}.postings`)
  const vector = (i: number) => queryVector(HEAVY_USER, i)
  const both = (exact: boolean) => (i: number) =>
    search(bench, { scope: HEAVY, vector: vector(i), terms: queryWords(i), limit: LARGE_LIMIT, exact })
  const alone = (exact: boolean) => (i: number) =>
    search(bench, { scope: HEAVY, vector: vector(i), limit: LARGE_LIMIT, exact })
  const insertOne = (first: number) => (i: number) =>
    put(bench, HEAVY, makeRows(HEAVY, HEAVY_USER, first + i, 1))
  const before = await interleaved({ insert: insertOne(2_000_000) }, { rounds: 50 })
  const building = await timed(() =>
    bench.runtime.runPromise(Effect.flatMap(PgVectorAdmin, (admin) => admin.tuneScope(HEAVY)))
  )
  const {
    aloneExact,
    aloneTuned,
    bothExact,
    bothTuned,
    insert: after
  } = await interleaved(
    {
      bothTuned: both(false),
      bothExact: both(true),
      aloneTuned: alone(false),
      aloneExact: alone(true),
      insert: insertOne(3_000_000)
    },
    { rounds: 50 }
  )
  const name = `pgvector, one user's ${bench.rows.toLocaleString("en")}`
  const against = "exact"
  const unit = "ms"
  return [
    reported({ name: `${name}: tuneScope`, value: building / 1_000, unit: "s" }),
    atMost(
      {
        name: `${name}, tuned: vectors alone, top ${LARGE_LIMIT}`,
        value: aloneTuned.median,
        unit,
        against,
        baseline: aloneExact.median
      },
      0.5
    ),
    atMost(
      {
        name: `${name}, tuned: both channels, ${LARGE_LIMIT} each`,
        value: bothTuned.median,
        unit,
        against,
        baseline: bothExact.median
      },
      0.5
    ),
    atMost(
      {
        name: `${name}, tuned: one put`,
        value: after.median,
        unit,
        against: "before it was tuned",
        baseline: before.insert.median
      },
      1.5
    ),
    ...(await recallRows(bench, name))
  ]
}

const measure = async (url: string, { memories, users = USERS }: Size): Promise<ReadonlyArray<Row>> => {
  const pool = new Pool({ connectionString: url, max: 4 })
  // `pool.end` does not wait for its connections to close. A server that stops right afterwards sends them an
  // error, which would end the process without a listener.
  pool.on("error", () => {})
  await pool.query(`drop schema if exists ${SCHEMA} cascade`)
  const runtime = ManagedRuntime.make(
    PgVectorStore.layer({ url: Redacted.make(url), schema: SCHEMA, statementTimeoutMs: 600_000 }).pipe(
      Layer.provide(StoreFingerprint.layer(SPACE))
    )
  )
  const bench: Bench = { runtime, pool, rows: memories, users }
  try {
    await loadUsers(bench)
    await pool.query(`vacuum analyze ${SCHEMA}.memories_2, ${SCHEMA}.postings, ${SCHEMA}.scopes`)
    return [
      ...(await searchRows(bench)),
      ...(await putRows(bench)),
      ...(await writerRows((scope, rows) => put(bench, scope, rows))),
      ...(await heavyRows(bench))
    ]
  } finally {
    await runtime.dispose()
    await pool.query(`drop schema if exists ${SCHEMA} cascade`)
    await pool.end()
  }
}

/** Measures on `KEEPSAKE_PG_URL`, else on a private server; 100,000 memories take about five minutes. */
export const rows = async (size: Size = DEFAULT): Promise<ReadonlyArray<Row>> => {
  const url = process.env["KEEPSAKE_PG_URL"]
  if (url !== undefined && url !== "") return measure(url, size)
  const server = await startPostgres()
  try {
    return await measure(server.url, size)
  } finally {
    await server.stop()
  }
}

if (import.meta.main) {
  const [, , memories] = process.argv
  console.table(await rows(memories === undefined ? DEFAULT : { memories: Number(memories) }))
}
