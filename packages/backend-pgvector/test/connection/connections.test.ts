/** The kinds of connection, and prepared statements. */
import { ANY, type Condition, MemoryStore, StoreFingerprint } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer, Redacted } from "effect"
import { Pool } from "pg"
import { PgVectorStore } from "../../src/index.ts"
import {
  DIMENSIONS,
  FINGERPRINT,
  freshSchema,
  NO_SERVER,
  open,
  serverSchema,
  serverUrl,
  sharedPGlite,
  requireServerUrl
} from "../support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)

describe("PGlite", () => {
  it.effect("several stores share an instance, by schema or by prefix", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      const first = yield* open(PgVectorStore.layer({ pglite, schema, tablePrefix: "first_" }))
      const second = yield* open(PgVectorStore.layer({ pglite, schema, tablePrefix: "second_" }))
      yield* first.store.put({ scope, now: T0, rows: [row("Here.")] })
      assert.strictEqual(yield* first.store.count({ scope, now: T0, filter: ANY }), 1)
      assert.strictEqual(yield* second.store.count({ scope, now: T0, filter: ANY }), 0)
    })
  )
})

/** Conditions of 70 shapes. */
const shapes = Array.from({ length: 70 }, (_, i): Condition => ({
  _tag: "Or",
  conditions: Array.from({ length: i + 2 }, (_unused, value) => ({
    _tag: "Compare",
    target: { field: "importance" },
    comparison: "lt",
    value
  }))
}))

const onServer = serverUrl === undefined ? describe.skip : describe

onServer(`a server${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  it.live("opens from configuration", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const layer = PgVectorStore.layerConfig({
          url: Config.Redacted("DATABASE_URL"),
          schema: Config.String("SCHEMA")
        })
        const env = { DATABASE_URL: Redacted.value(requireServerUrl()), SCHEMA: schema }
        const count = Effect.flatMap(MemoryStore, (store) =>
          store.count({ scope, now: T0, filter: ANY })
        ).pipe(
          Effect.provide(Layer.provide(layer, StoreFingerprint.layer(FINGERPRINT))),
          Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
        )
        assert.strictEqual(yield* count, 0)
      })
    )
  )

  it.live("prepares statements by name unless namedStatements is false", () =>
    Effect.scoped(
      Effect.gen(function* () {
        for (const namedStatements of [true, false]) {
          const schema = yield* serverSchema
          const pool = yield* Effect.acquireRelease(
            Effect.sync(() => new Pool({ connectionString: Redacted.value(requireServerUrl()), max: 1 })),
            (opened) => Effect.promise(() => opened.end())
          )
          const { store } = yield* open(PgVectorStore.layer({ pool, schema, namedStatements }))
          const apple = row("apple")
          for (const text of ["one", "two"]) yield* store.put({ scope, now: T0, rows: [row(text)] })
          for (let i = 0; i < 2; i++) {
            yield* store.search({
              scope,
              now: T0 + i,
              parts: [{ terms: apple.passages[0].terms.ids, vector: apple.passages[0].vector! }],
              filter: ANY,
              limit: 5
            })
          }
          const { rows } = yield* Effect.promise(() =>
            pool.query<{ name: string }>(
              "select name from pg_prepared_statements where name ~ '_(put|search)_' order by 1"
            )
          )
          const names = rows.map(({ name }) => name.replace(/[0-9a-f]{16}$/u, ""))
          assert.deepStrictEqual(names, namedStatements ? ["keepsake_put_", "keepsake_search_"] : [])
        }
      })
    )
  )

  it.live("prepares few of the statements with a condition, and answers all", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const pool = yield* Effect.acquireRelease(
          Effect.sync(() => new Pool({ connectionString: Redacted.value(requireServerUrl()), max: 1 })),
          (opened) => Effect.promise(() => opened.end())
        )
        const { store } = yield* open(PgVectorStore.layer({ pool, schema }))
        yield* store.put({ scope, now: T0, rows: [row("apple")] })
        for (let round = 0; round < 2; round++) {
          for (const filter of shapes) assert.strictEqual(yield* store.count({ scope, now: T0, filter }), 1)
        }
        const { rows } = yield* Effect.promise(() =>
          pool.query("select name from pg_prepared_statements where name ~ '_count_'")
        )
        assert.strictEqual(rows.length, 64)
      })
    )
  )
})
