/** When the indexes of a large scope are built, rebuilt or refused. */
import { ANY } from "@keepsake/core/driver"
import type { Scope } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { PgVectorStore } from "../../src/index.ts"
import { makeIdentifiers } from "../../src/schema/identifiers.ts"
import { scopeId } from "../../src/scopeId.ts"
import { scopeIndexes } from "../../src/tuning/scopeIndexes.ts"
import {
  DIMENSIONS,
  expectFailure,
  FINGERPRINT,
  freshOnPGlite,
  layoutOf,
  NO_SERVER,
  open,
  requireServerUrl,
  serverSchema,
  serverUrl,
  withClient
} from "../support/servers.ts"

const scope: Scope = { agentId: "agent", userId: "large" }
const row = rowBuilder(scope, DIMENSIONS)
const parts = [{ vector: row("pear").passages[0].vector! }]
const request = { scope, now: T0, parts, filter: ANY, limit: 10 }

describe("tuning", () => {
  it.effect("is refused on PGlite and without an embedder", () =>
    Effect.gen(function* () {
      const { pg } = yield* open(yield* freshOnPGlite())
      assert.strictEqual((yield* expectFailure(pg.tuneScope(scope))).reason._tag, "Unsupported")
      const words = yield* open(yield* freshOnPGlite(), { ...FINGERPRINT, embedding: null })
      assert.match((yield* expectFailure(words.pg.tuneScope(scope))).message, /no vectors to index/u)
    })
  )
})

const onServer = serverUrl === undefined ? describe.skip : describe

onServer(`tuning on a server${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  const url = () => Redacted.value(requireServerUrl())

  it.live("builds the indexes of a scope that grows past autoTuneRows", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const { store } = yield* open(
          PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 3, autoTuneRows: 1_000 })
        )
        for (let start = 0; start < 1_000; start += 250) {
          yield* store.put({
            scope,
            now: T0,
            rows: Array.from({ length: 250 }, (_, i) => row(`row ${start + i}`))
          })
        }
        const isReady = Effect.promise(() =>
          withClient(url(), async (client) => {
            const { rows } = await client.query(`select from ${schema}.tuned where is_ready and recall > 0`)
            return rows.length === 1
          })
        )
        while (!(yield* isReady)) yield* store.search(request)
      })
    )
  )

  it.live("rebuilds an index that an interrupted build left invalid", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const { pg, store } = yield* open(
          PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 3 })
        )
        yield* store.put({ scope, now: T0, rows: [row("apple"), row("pear")] })
        yield* pg.tuneScope(scope)
        const indexNames = scopeIndexes(layoutOf(schema), scopeId(scope), { memories: 1, passages: 1 }).map(
          ({ name }) => `${schema}.${name}`
        )
        const validity = Effect.promise(() =>
          withClient(url(), async (client) => {
            const { rows } = await client.query<{ indisvalid: boolean }>(
              "select indisvalid from pg_index where indexrelid = any ($1::text[]::regclass[])",
              [indexNames]
            )
            return rows.map(({ indisvalid }) => indisvalid)
          })
        )
        yield* Effect.promise(() =>
          withClient(url(), (client) =>
            client.query(
              "update pg_index set indisvalid = false where indexrelid = any ($1::text[]::regclass[])",
              [indexNames]
            )
          )
        )
        assert.deepStrictEqual(yield* validity, [false, false, false])
        yield* pg.tuneScope(scope)
        assert.deepStrictEqual(yield* validity, [true, true, true])
      })
    )
  )

  it.live("is a conflict while another session tunes a scope of the store", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const { pg } = yield* open(PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 3 }))
        const table = makeIdentifiers(schema, "").table("tuned")
        const error = yield* Effect.promise(() =>
          withClient(url(), async (client) => {
            await client.query("select pg_advisory_lock(hashtext('keepsake tuning'), hashtext($1))", [table])
            return Effect.runPromise(expectFailure(pg.tuneScope(scope)))
          })
        )
        assert.strictEqual(error.reason._tag, "Conflict")
        yield* pg.tuneScope(scope)
      })
    )
  )
})
