/** Servers that crash, wait, deadlock or refuse to serialise: no acknowledged write is lost, each failure is typed. */
import { ANY, MemoryError } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, type Scope } from "effect"
import { type Client, Pool } from "pg"
import { type PrivatePostgres, startPostgres } from "../../../../scripts/postgres.ts"
import { PgVectorStore } from "../../src/index.ts"
import {
  DIMENSIONS,
  expectFailure,
  freshOnServer,
  NO_PRIVATE_SERVER,
  NO_SERVER,
  open,
  privateServer,
  serverSchema,
  serverUrl,
  requireServerUrl,
  withClient
} from "../support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)
const RESTARTS = 20
const WRITERS = 8

const ownServer: Effect.Effect<PrivatePostgres, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(startPostgres),
  (server) => Effect.promise(() => server.stop())
)

const whenPrivate = privateServer ? describe : describe.skip

whenPrivate(`a server that is killed${privateServer ? "" : ` (${NO_PRIVATE_SERVER})`}`, () => {
  it.live(`${RESTARTS} times under writers loses and duplicates no row`, () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* ownServer
        const { store } = yield* open(
          PgVectorStore.layer({
            url: Redacted.make(server.url),
            poolSize: WRITERS,
            connectTimeoutMs: 2_000
          })
        )
        const acknowledged = new Set<string>()
        const attempted = new Set<string>()
        const unexpected: Array<unknown> = []
        const reasons = new Map<string, number>()
        let running = true
        const write = async (writer: number): Promise<void> => {
          for (let i = 0; running; i++) {
            const fact = row(`writer ${writer} says ${i}`)
            attempted.add(fact.memory.id)
            try {
              await Effect.runPromise(store.put({ scope, now: T0, rows: [fact] }))
              acknowledged.add(fact.memory.id)
            } catch (cause) {
              if (cause instanceof MemoryError) {
                reasons.set(cause.reason._tag, (reasons.get(cause.reason._tag) ?? 0) + 1)
                if (!cause.isRetryable) unexpected.push(cause)
              } else unexpected.push(cause)
            }
          }
        }
        const writers = Array.from({ length: WRITERS }, (_, writer) => write(writer))
        yield* Effect.promise(async () => {
          for (let round = 0; round < RESTARTS; round++) {
            const before = acknowledged.size
            // Kills the server under traffic: waits until writes succeed again.
            while (acknowledged.size < before + 20) await new Promise((done) => setImmediate(done))
            await server.kill()
            await server.start()
          }
          running = false
          await Promise.all(writers)
        })
        assert.deepStrictEqual(unexpected, [])
        const stored = yield* Effect.promise(() =>
          withClient(server.url, (client) =>
            client.query<{ id: string; n: number; posted: number }>(
              `select m.id, count(*)::int as n, (select count(*)::int from keepsake.postings p where p.id = m.id) as posted
                 from keepsake.memories_2 m group by m.id`
            )
          )
        )
        const ids = new Set(stored.rows.map(({ id }) => id))
        assert.deepStrictEqual(
          [...acknowledged].filter((id) => !ids.has(id)),
          [],
          "acknowledged and lost"
        )
        assert.deepStrictEqual(
          [...ids].filter((id) => !attempted.has(id)),
          [],
          "never written"
        )
        assert.isTrue(stored.rows.every(({ n, posted }) => n === 1 && posted > 0))
        const counts = yield* Effect.promise(() =>
          withClient(server.url, (client) =>
            client.query<{ n: string }>("select current_count as n from keepsake.scopes")
          )
        )
        assert.strictEqual(Number(counts.rows[0]?.n), ids.size, "the count of the scope")
        console.log(
          `${acknowledged.size} acknowledged, ${attempted.size - acknowledged.size} refused (${JSON.stringify(Object.fromEntries(reasons))}), ${RESTARTS} kills`
        )
      })
    )
  )
})

const onServer = serverUrl === undefined ? describe.skip : describe

onServer(`a server under load${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  const url = () => Redacted.value(requireServerUrl())

  it.live("fifty writers of one fact make one row", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { store } = yield* open(yield* freshOnServer({ poolSize: 50 }))
        const fact = row("The launch is on Friday.")
        const results = yield* Effect.all(
          Array.from({ length: 50 }, (_, i) => store.put({ scope, now: T0 + i, rows: [fact] })),
          { concurrency: "unbounded" }
        )
        const outcomes = results.flat().map(({ outcome }) => outcome)
        assert.strictEqual(outcomes.filter((outcome) => outcome === "created").length, 1)
        assert.strictEqual(outcomes.filter((outcome) => outcome === "refreshed").length, 49)
        const { n, df } = yield* store.search({
          scope,
          now: T0,
          parts: [{ terms: fact.passages[0].terms.ids }],
          filter: ANY,
          limit: 10
        })
        assert.deepStrictEqual([n, new Set(df.flat())], [1, new Set([1])])
      })
    )
  )

  it.live("ten instances that start at once migrate once", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const handles = yield* Effect.all(
          Array.from({ length: 10 }, () =>
            open(PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 2 }))
          ),
          { concurrency: "unbounded" }
        )
        yield* Effect.all(
          handles.map(({ store }, i) => store.put({ scope, now: T0, rows: [row(`instance ${i}`)] })),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(yield* handles[0]!.store.count({ scope, now: T0, filter: ANY }), 10)
        const { rows } = yield* Effect.promise(() =>
          withClient(url(), (client) => client.query(`select version from ${schema}.migrations`))
        )
        assert.deepStrictEqual(rows, [{ version: 1 }, { version: 2 }])
      })
    )
  )

  it.live("a statement that takes too long is a Timeout, and the store keeps serving", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const { store } = yield* open(
          PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 2, statementTimeoutMs: 100 })
        )
        const error = yield* Effect.promise(() =>
          withClient(url(), async (client) => {
            await client.query("begin")
            await client.query(`lock table ${schema}.memories_2 in access exclusive mode`)
            const failure = await Effect.runPromise(
              expectFailure(store.put({ scope, now: T0, rows: [row("Late.")] }))
            )
            await client.query("rollback")
            return failure
          })
        )
        assert.strictEqual(error.reason._tag, "Timeout")
        assert.match(error.message, /statementTimeoutMs/u)
        assert.isTrue(error.isRetryable)
        yield* store.put({ scope, now: T0, rows: [row("In time.")] })
      })
    )
  )

  it.live("a deadlock is resolved by a retry", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const { store } = yield* open(PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 2 }))
        const rows = [row("one"), row("two")].toSorted((a, b) => (a.memory.id < b.memory.id ? -1 : 1))
        yield* store.put({ scope, now: T0, rows })
        const outcomes = yield* Effect.promise(() =>
          withClient(url(), async (client) => {
            const lock = (i: number) =>
              client.query(`update ${schema}.memories_2 set pinned = pinned where id = $1`, [
                rows[i]!.memory.id
              ])
            await client.query("begin")
            // The store checks for deadlocks first, so PostgreSQL cancels the store's statement.
            await client.query("set local deadlock_timeout = '30s'")
            await lock(1)
            const putting = Effect.runPromise(store.put({ scope, now: T0 + 1, rows }))
            await waitForBlockedSession(client, schema)
            await lock(0)
            await client.query("commit")
            return putting
          })
        )
        assert.deepStrictEqual(
          outcomes.map(({ outcome }) => outcome),
          ["refreshed", "refreshed"]
        )
      })
    )
  )

  it.live("transactions that cannot be serialised are retried", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const pool = yield* Effect.acquireRelease(
          Effect.sync(
            () =>
              new Pool({
                connectionString: url(),
                max: 8,
                options: "-c default_transaction_isolation=serializable"
              })
          ),
          (opened) => Effect.promise(() => opened.end())
        )
        const { store } = yield* open(PgVectorStore.layer({ pool, schema }))
        const fact = row("The launch is on Friday.")
        for (let round = 0; round < 10; round++) {
          const results = yield* Effect.all(
            Array.from({ length: 3 }, (_, i) =>
              Effect.result(store.put({ scope, now: T0 + i, rows: [fact, row(`r${round} ${i}`)] }))
            ),
            { concurrency: "unbounded" }
          )
          for (const result of results) {
            if (result._tag === "Failure") assert.isTrue(result.failure.isRetryable, result.failure.message)
          }
        }
        assert.isAbove(yield* store.count({ scope, now: T0, filter: ANY }), 10)
      })
    )
  )

  it.live("connections that the server ends do not end the process", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const { store } = yield* open(PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 3 }))
        yield* store.put({ scope, now: T0, rows: [row("Here.")] })
        for (let round = 0; round < 3; round++) {
          yield* Effect.promise(() =>
            withClient(url(), (client) =>
              client.query(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'keepsake' and query like $1",
                [`%${schema}%`]
              )
            )
          )
          assert.strictEqual(yield* store.count({ scope, now: T0, filter: ANY }), 1)
        }
      })
    )
  )
})

/** Resolves once another session waits for a lock in the schema. */
const waitForBlockedSession = async (client: Client, schema: string): Promise<void> => {
  for (;;) {
    const { rows } = await client.query(
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like $1",
      [`%"${schema}"%`]
    )
    if (rows.length > 0) return
  }
}
