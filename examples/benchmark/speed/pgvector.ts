/**
 * PostgreSQL: the store beside hand-written SQL on `pg`, on the same server, tables and rows, taking turns.
 *
 *     node scripts/with-postgres.ts node examples/benchmark/speed/pgvector.ts
 */
import { PgVectorAdmin, PgVectorStore } from "@keepsake/backend-pgvector"
import {
  fingerprint,
  MemoryStore,
  queryTerms,
  type Scope,
  type SearchRequest,
  StoreFingerprint
} from "@keepsake/core"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import pg from "pg"
import { startPostgres } from "../../../scripts/postgres.ts"
import * as byHand from "./pgvector/byHand.ts"
import { DIMENSIONS, median, NOW, row, scopeOf, source, zipfSizes } from "./pgvector/data.ts"

export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly against: number | null
  readonly ratio: number | null
  readonly bar: string
  readonly holds: boolean
}

const ROWS = Number(process.env["KEEPSAKE_BENCH_ROWS"] ?? 100_000)
const USERS = 1_000
const QUERIES = 300
const CHANNEL = 100
const LATER = NOW + 1e9
const SCHEMA = "keepsake_bench"

type Runtime = ManagedRuntime.ManagedRuntime<MemoryStore | PgVectorAdmin, unknown>

const put = (runtime: Runtime, scope: Scope, rows: Parameters<MemoryStore["Service"]["put"]>[0]["rows"]) =>
  runtime.runPromise(Effect.flatMap(MemoryStore, (store) => store.put({ scope, now: NOW, rows })))

const search = (runtime: Runtime, request: Pick<SearchRequest, "scope" | "limit"> & Partial<SearchRequest>) =>
  runtime.runPromise(
    Effect.flatMap(MemoryStore, (store) => store.search({ now: LATER, filter: {}, ...request }))
  )

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Turn by turn, so that a slow second of the machine falls on both. */
const beside = async (
  rounds: number,
  ours: (round: number) => Promise<unknown>,
  theirs: (round: number) => Promise<unknown>
) => {
  const [a, b]: [Array<number>, Array<number>] = [[], []]
  for (let round = 0; round < rounds; round++) {
    const first = round % 2 === 0
    if (!first) b.push(await timed(() => theirs(round)))
    a.push(await timed(() => ours(round)))
    if (first) b.push(await timed(() => theirs(round)))
  }
  return { ours: median(a), theirs: median(b) }
}

const digits = (value: number): number => Number(value.toPrecision(3))

const atMost = (name: string, pair: { ours: number; theirs: number }, bar: number): BenchRow => {
  const ratio = pair.ours / pair.theirs
  return {
    name,
    value: digits(pair.ours),
    unit: "ms p50",
    against: digits(pair.theirs),
    ratio: digits(ratio),
    bar: `≤ ${bar}×`,
    holds: ratio <= bar
  }
}

/** Rows of a batch a second. */
const atLeast = (
  name: string,
  pair: { ours: number; theirs: number },
  batch: number,
  bar: number | null
): BenchRow => {
  const [value, against] = [(batch * 1_000) / pair.ours, (batch * 1_000) / pair.theirs]
  const ratio = value / against
  return {
    name,
    value: digits(value),
    unit: "rows/s",
    against: digits(against),
    ratio: digits(ratio),
    bar: bar === null ? "–" : `≥ ${bar}×`,
    holds: bar === null || ratio >= bar
  }
}

const plain = (name: string, value: number, unit: string, bar: string, holds: boolean): BenchRow => ({
  name,
  value: digits(value),
  unit,
  against: null,
  ratio: null,
  bar,
  holds
})

/** Written in small, shuffled groups: a user's rows lie all over the table, as they do in life. */
const loadUsers = async (runtime: Runtime): Promise<void> => {
  const from = source(1)
  const groups = zipfSizes(USERS, ROWS).flatMap((size, user) =>
    Array.from({ length: Math.ceil(size / 25) }, (_, i) => ({
      user,
      count: Math.min(25, size - 25 * i),
      start: 25 * i
    }))
  )
  groups.sort(
    (a, b) =>
      ((a.user * 7_919 + a.start * 104_729) % 65_537) - ((b.user * 7_919 + b.start * 104_729) % 65_537)
  )
  for (const { count, start, user } of groups) {
    const scope = scopeOf(user)
    await put(
      runtime,
      scope,
      Array.from({ length: count }, (_, i) => row(scope, from, start + i))
    )
  }
}

const loadHeavy = async (runtime: Runtime, scope: Scope): Promise<void> => {
  const from = source(2)
  for (let start = 0; start < ROWS; start += 250) {
    const count = Math.min(250, ROWS - start)
    await put(
      runtime,
      scope,
      Array.from({ length: count }, (_, i) => row(scope, from, start + i))
    )
  }
}

const keyOf = async (pool: pg.Pool, scope: Scope): Promise<string> => {
  const { rows } = await pool.query<{ scope: string }>(
    `select scope from ${SCHEMA}.scopes where agent_id = $1 and user_id = $2`,
    [scope.agentId, scope.userId]
  )
  return rows[0]?.scope ?? ""
}

const queries = (count: number, seed: number) => {
  const from = source(seed)
  return Array.from({ length: count }, () => ({
    vector: from.vector(),
    terms: queryTerms(from.text().split(" ").slice(0, 6).join(" ")),
    user: Math.floor(from.next() * USERS)
  }))
}

const searchRows = async (runtime: Runtime, pool: pg.Pool): Promise<ReadonlyArray<BenchRow>> => {
  const asked = queries(QUERIES, 3)
  const keys = await Promise.all(asked.map(({ user }) => keyOf(pool, scopeOf(user))))
  const both = (name: string, users: (i: number) => { scope: Scope; key: string }) =>
    beside(
      QUERIES,
      (i) =>
        search(runtime, {
          scope: users(i).scope,
          vector: asked[i]!.vector,
          terms: asked[i]!.terms,
          limit: CHANNEL
        }),
      (i) => byHand.search(pool, SCHEMA, users(i).key, { ...asked[i]!, limit: CHANNEL })
    ).then((pair) => atMost(name, pair, 1.2))
  const uniform = (i: number) => ({ scope: scopeOf(asked[i]!.user), key: keys[i]! })
  const bigKeys = await Promise.all([0, 1, 2].map((user) => keyOf(pool, scopeOf(user))))
  const big = (i: number) => ({ scope: scopeOf(i % 3), key: bigKeys[i % 3]! })
  const nearest = await beside(
    QUERIES,
    (i) => search(runtime, { scope: uniform(i).scope, vector: asked[i]!.vector, limit: 10 }),
    (i) => byHand.nearest(pool, SCHEMA, uniform(i).key, asked[i]!.vector, 10)
  )
  return [
    await both("search, both channels, 100 each, a user drawn uniformly", uniform),
    await both("search, both channels, 100 each, the three heaviest users", big),
    atMost("search, vectors alone, top 10, a user drawn uniformly", nearest, 1.2)
  ]
}

const putRows = async (runtime: Runtime, pool: pg.Pool): Promise<ReadonlyArray<BenchRow>> => {
  await byHand.bareTables(pool, SCHEMA)
  const { rows } = await pool.query<{ oid: number }>("select 'vector'::regtype::oid as oid")
  const oid = rows[0]?.oid ?? 0
  const from = source(4)
  const rounds = 60
  const batches = Array.from({ length: 4 * rounds }, (_, i) => {
    const scope: Scope = { agentId: "bench-put", userId: `writer-${i}` }
    return { scope, rows: Array.from({ length: 100 }, (_, k) => row(scope, from, k)) }
  })
  const at = (i: number) => batches[i]!
  const ours = (first: number) => (i: number) => put(runtime, at(first + i).scope, at(first + i).rows)
  const hand = (postings: boolean) => (i: number) =>
    byHand.insert(pool, SCHEMA, crypto.randomUUID(), at(i + (postings ? 0 : 2 * rounds)).rows, oid, postings)
  return [
    atLeast(
      "put, batches of 100, beside a bare unnest insert with its postings",
      await beside(rounds, ours(0), hand(true)),
      100,
      0.8
    ),
    atLeast(
      "put, batches of 100, beside the memories' rows alone",
      await beside(rounds, ours(rounds), hand(false)),
      100,
      null
    )
  ]
}

const heavyRows = async (runtime: Runtime): Promise<ReadonlyArray<BenchRow>> => {
  const scope: Scope = { agentId: "bench", userId: "heavy" }
  await loadHeavy(runtime, scope)
  const asked = queries(100, 5)
  const exact = await beside(
    20,
    (i) =>
      search(runtime, {
        scope,
        vector: asked[i]!.vector,
        terms: asked[i]!.terms,
        limit: CHANNEL,
        exact: true
      }),
    (i) => search(runtime, { scope, vector: asked[i]!.vector, limit: 10, exact: true })
  )
  const truth = await Promise.all(
    asked.map(({ vector }) => search(runtime, { scope, vector, limit: 10, exact: true }))
  )
  const building = await timed(() =>
    runtime.runPromise(Effect.flatMap(PgVectorAdmin, (admin) => admin.tuneScope(scope)))
  )
  const tuned = await beside(
    100,
    (i) => search(runtime, { scope, vector: asked[i]!.vector, terms: asked[i]!.terms, limit: CHANNEL }),
    (i) => search(runtime, { scope, vector: asked[i]!.vector, limit: 10 })
  )
  let found = 0
  for (const [i, { vector }] of asked.entries()) {
    const ids = new Set(
      (await search(runtime, { scope, vector, limit: 10 })).hits.map((hit) => hit.memory.id)
    )
    found += truth[i]!.hits.filter((hit) => ids.has(hit.memory.id)).length
  }
  const recall = found / (10 * asked.length)
  const name = `a scope of ${ROWS.toLocaleString("en")} rows`
  return [
    plain(`${name}, exact: both channels, 100 each`, exact.ours, "ms p50", "–", true),
    plain(`${name}, exact: vectors alone, top 10`, exact.theirs, "ms p50", "–", true),
    plain(`${name}, tuneScope`, building / 1_000, "s", "–", true),
    plain(`${name}, tuned: both channels, 100 each`, tuned.ours, "ms p50", "≤ 10 ms", tuned.ours <= 10),
    plain(`${name}, tuned: vectors alone, top 10`, tuned.theirs, "ms p50", "≤ 10 ms", tuned.theirs <= 10),
    plain(`${name}, tuned: recall@10`, recall, "", "≥ 0.99", recall >= 0.99)
  ]
}

const measure = async (url: string): Promise<ReadonlyArray<BenchRow>> => {
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  await pool.query(`drop schema if exists ${SCHEMA} cascade`)
  const space = { model: "synthetic", dimensions: DIMENSIONS, calibration: { mean: 0, spread: 1 } }
  const runtime = ManagedRuntime.make(
    PgVectorStore.layer({ url: Redacted.make(url), schema: SCHEMA, statementTimeoutMs: 600_000 }).pipe(
      Layer.provide(StoreFingerprint.layer(fingerprint(space)))
    )
  )
  try {
    await loadUsers(runtime)
    await pool.query(`vacuum analyze ${SCHEMA}.memories, ${SCHEMA}.postings, ${SCHEMA}.scopes`)
    const found = [...(await searchRows(runtime, pool)), ...(await putRows(runtime, pool))]
    const heavy = await heavyRows(runtime)
    return [...found, ...heavy]
  } finally {
    await runtime.dispose()
    await pool.query(`drop schema if exists ${SCHEMA} cascade`)
    await pool.end()
  }
}

/** On `KEEPSAKE_PG_URL`, or on a private server that lives as long as the measurement. */
export const rows = async (): Promise<ReadonlyArray<BenchRow>> => {
  const given = process.env["KEEPSAKE_PG_URL"]
  if (given !== undefined && given !== "") return measure(given)
  const server = await startPostgres()
  try {
    return await measure(server.url)
  } finally {
    await server.stop()
  }
}

if (import.meta.main) console.table(await rows())
