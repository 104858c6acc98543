/** Row-level security holds for a role that owns its tables and is not a superuser. */
import { ANY } from "@keepsake/core/driver"
import { storeLaws } from "@keepsake/core/testing"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { PgVectorStore } from "../src/index.ts"
import {
  DIMENSIONS,
  freshSchema,
  NO_SERVER,
  open,
  serverUrl,
  requireServerUrl,
  withClient
} from "./support/servers.ts"

const superuser = () => Redacted.value(requireServerUrl())

/** A role that owns a schema. */
const ordinaryRole = Effect.acquireRelease(
  Effect.promise(async () => {
    const name = freshSchema()
    await withClient(superuser(), async (client) => {
      await client.query("create extension if not exists vector")
      await client.query(`create role ${name} login password 'plain'`)
      await client.query(`create schema ${name} authorization ${name}`)
    })
    const url = new URL(superuser())
    url.username = name
    url.password = "plain"
    return { schema: name, url: url.href }
  }),
  ({ schema }) =>
    Effect.promise(() =>
      withClient(superuser(), async (client) => {
        await client.query(`drop schema ${schema} cascade`)
        await client.query(`drop role ${schema}`)
      })
    )
)

const fresh = Effect.map(ordinaryRole, ({ schema, url }) =>
  PgVectorStore.layer({ url: Redacted.make(url), schema, poolSize: 4, rowLevelSecurity: true })
)

if (serverUrl === undefined) {
  describe("row-level security", () => {
    it.skip(`keeps the laws under an ordinary role (${NO_SERVER})`, () => {})
  })
} else {
  storeLaws("pgvector with row-level security, as an ordinary role", fresh)

  describe("row-level security", () => {
    it.live("hand-written SQL sees the scope it sets, and nothing without one", () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { schema, url } = yield* ordinaryRole
          const { admin, store } = yield* open(
            PgVectorStore.layer({ url: Redacted.make(url), schema, rowLevelSecurity: true })
          )
          const [ana, ben] = ["ana", "ben"].map((userId) => ({ agentId: "agent", userId }))
          for (const scope of [ana!, ben!]) {
            yield* store.put({
              scope,
              now: T0,
              rows: [rowBuilder(scope, DIMENSIONS)(`I am ${scope.userId}.`)]
            })
          }
          const visibleScopes = (setting: string | null, table: string) =>
            Effect.promise(() =>
              withClient(url, async (client) => {
                if (setting !== null)
                  await client.query("select set_config('keepsake.scope', $1, false)", [setting])
                const { rows } = await client.query<{ scope: string }>(
                  `select distinct scope from ${schema}.${table}`
                )
                return rows.map(({ scope }) => scope)
              })
            )
          const { rows } = yield* Effect.promise(() =>
            withClient(superuser(), (client) =>
              client.query<{ scope: string }>(`select scope from ${schema}.scopes where user_id = 'ana'`)
            )
          )
          const key = rows[0]?.scope ?? ""
          for (const table of ["memories_2", "postings", "scopes"]) {
            assert.deepStrictEqual(yield* visibleScopes(null, table), [], `${table} without a scope`)
            assert.deepStrictEqual(yield* visibleScopes(key, table), [key], `${table} in Ana's scope`)
          }
          const outcome = yield* Effect.promise(() =>
            withClient(url, async (client) => {
              await client.query("select set_config('keepsake.scope', $1, false)", [key])
              const deleted = await client.query(`delete from ${schema}.memories_2 where user_id = 'ben'`)
              const moved = await client
                .query(`update ${schema}.memories_2 set scope = gen_random_uuid()`)
                .then(
                  () => "moved",
                  (cause: Error) => cause.message
                )
              return { deleted: deleted.rowCount, moved }
            })
          )
          assert.strictEqual(outcome.deleted, 0)
          assert.match(outcome.moved, /row-level security/u)
          assert.strictEqual((yield* admin.scopes({ limit: 10 })).length, 2)

          // A handle without the option follows the database.
          const withoutOption = yield* open(PgVectorStore.layer({ url: Redacted.make(url), schema }))
          assert.strictEqual(yield* withoutOption.store.count({ scope: ana!, now: T0, filter: ANY }), 1)
        })
      )
    )
  })
}
