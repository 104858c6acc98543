/** A logical subscriber: a read-only memory over it answers as the publisher does, and leaves its replication alone. */
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { AgentMemory, promiseClient, StoreFingerprint } from "@keepsake/core"
import { ANY } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Redacted } from "effect"
import { installPostgres } from "../../../../scripts/postgres-install.ts"
import { PgVectorStore } from "../../src/index.ts"
import {
  DIMENSIONS,
  FINGERPRINT,
  NO_PRIVATE_SERVER,
  open,
  privateServer,
  requireServerUrl,
  serverSchema,
  withClient
} from "../support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const at = { scope, now: T0 }
const row = rowBuilder(scope, DIMENSIONS)
const apple = row("An apple a day.", { vector: null })
const WORDS = { ...FINGERPRINT, embedding: null }

const run = (url: string, ...commands: ReadonlyArray<string>) =>
  Effect.promise(() =>
    withClient(url, async (client) => {
      for (const command of commands) await client.query(command)
    })
  )

const countRows = (url: string, query: string) =>
  Effect.promise(() => withClient(url, async (client) => (await client.query(query)).rows.length))

const until = (condition: Effect.Effect<boolean>) =>
  Effect.repeat(Effect.andThen(Effect.sleep("50 millis"), condition), { until: (holds) => holds })

/** The tables of a schema, as an operator dumps them: without rows, and without what psql alone reads. */
const dumpSchema = (url: string, schema: string): string => {
  const { bin, libraries } = installPostgres()
  const dumped = execFileSync(join(bin, "pg_dump"), ["--schema-only", `--schema=${schema}`, "-d", url], {
    encoding: "utf8",
    env: { ...process.env, LD_LIBRARY_PATH: libraries, LC_ALL: "C" }
  })
  return dumped.replaceAll(/^\\.*$/gmu, "")
}

/** A database that subscribes to all tables of the schema, and has their rows. */
const subscribe = (publisher: string, schema: string) => {
  const subscriber = Object.assign(new URL(publisher), { pathname: `/${schema}` }).href
  return Effect.acquireRelease(
    Effect.gen(function* () {
      yield* run(publisher, `create database ${schema}`)
      yield* run(subscriber, "create extension vector", dumpSchema(publisher, schema))
      yield* run(
        publisher,
        `create publication ${schema} for tables in schema ${schema}`,
        // Within one cluster the subscription would wait for its own transaction to make it.
        `select pg_create_logical_replication_slot('${schema}', 'pgoutput')`
      )
      yield* run(
        subscriber,
        `create subscription ${schema} connection '${publisher}' publication ${schema} with (create_slot = false)`
      )
      const missing = countRows(subscriber, "select from pg_subscription_rel where srsubstate <> 'r'")
      yield* until(Effect.map(missing, (count) => count === 0))
      return subscriber
    }),
    () =>
      Effect.andThen(
        run(
          subscriber,
          `alter subscription ${schema} disable`,
          `alter subscription ${schema} set (slot_name = none)`,
          `drop subscription ${schema}`
        ),
        run(
          publisher,
          `select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '${schema}' and active`,
          `drop database ${schema} with (force)`,
          `select pg_drop_replication_slot('${schema}')`,
          `drop publication ${schema}`
        )
      )
  )
}

const whenPrivate = privateServer ? describe : describe.skip

whenPrivate(`a logical subscriber${privateServer ? "" : ` (${NO_PRIVATE_SERVER})`}`, () => {
  it.live("is recalled from by a read-only memory, and goes on replicating", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const publisher = Redacted.value(requireServerUrl())
        const schema = yield* serverSchema
        const { store } = yield* open(PgVectorStore.layer({ url: requireServerUrl(), schema }), WORDS)
        yield* store.put({ ...at, rows: [apple, row("A pear.", { vector: null })] })
        const subscriber = yield* subscribe(publisher, schema)
        const arrived = (text: string) =>
          until(
            Effect.map(
              countRows(subscriber, `select from ${schema}.memories_2 where content = '${text}'`),
              (count) => count === 1
            )
          )
        const reader = PgVectorStore.layer({ url: Redacted.make(subscriber), schema, readOnly: true })
        const warnings: Array<string> = []
        const logger = Logger.make(({ message }) => warnings.push(String(message)))
        yield* Effect.promise(async () => {
          await using memory = await promiseClient(
            AgentMemory.layer({}).pipe(
              Layer.provideMerge(reader),
              Layer.provide(StoreFingerprint.layer(WORDS)),
              Layer.provideMerge(Logger.layer([logger]))
            )
          )
          const [found] = await memory.for(scope).recall("apple", { minScore: 0 })
          assert.strictEqual(found?.memory.content, "An apple a day.")
        })
        assert.deepStrictEqual(
          warnings.filter((warning) => !/pgvector \S+ has faults/u.test(warning)),
          []
        )

        const read = (yield* open(reader, WORDS)).store
        const ids = [apple.memory.id]
        yield* read.touch({ ...at, ids })
        yield* store.touch({ ...at, ids })
        yield* store.remove({ ...at, target: { _tag: "Ids", ids: [row("A pear.").memory.id] } })
        yield* store.put({ ...at, rows: [row("A plum and an apple.", { vector: null })] })
        yield* arrived("A plum and an apple.")
        const { ids: terms } = row("apple pear plum").passages[0].terms
        const question = { ...at, parts: [{ terms }], filter: ANY, limit: 5 }
        assert.deepStrictEqual(yield* read.search(question), yield* store.search(question))
        assert.deepStrictEqual(yield* read.usage({ scope }), yield* store.usage({ scope }))

        // What a handle that counts accesses would have done.
        yield* store.put({ ...at, rows: [row("A fig.", { vector: null })] })
        yield* arrived("A fig.")
        const counted = [row("A fig.").memory.id]
        yield* run(
          subscriber,
          `insert into ${schema}.accesses (scope, id, access_count, last_accessed_at)
            select scope, id, 1, ${T0} from ${schema}.memories_2 where id = '${counted[0]}'`
        )
        yield* store.touch({ ...at, ids: counted })
        const errors = countRows(
          subscriber,
          "select from pg_stat_subscription_stats where apply_error_count > 0"
        )
        yield* until(Effect.map(errors, (count) => count === 1))
      })
    )
  )
})
