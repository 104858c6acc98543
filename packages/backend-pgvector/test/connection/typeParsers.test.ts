/** Values are read by the store's own parsers, whatever the application has set for its queries. */
import { PGlite } from "@electric-sql/pglite"
import { vector } from "@electric-sql/pglite-pgvector"
import { ANY } from "@keepsake/core/driver"
import { find, rowBuilder, sameRows, T0 } from "@keepsake/core/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Pool, types } from "pg"
import { type PgVectorOptions, PgVectorStore } from "../../src/index.ts"
import { DIMENSIONS, NO_SERVER, open, requireServerUrl, serverSchema, serverUrl } from "../support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)

/** bool, int8, int4, text, json, float8, uuid, arrays, jsonb: every type that the statements select. */
const OIDS = [16, 20, 21, 23, 25, 26, 114, 700, 701, 1007, 1016, 1021, 1022, 1043, 2950, 3802]
/** Their own types know no arrays. */
const parsers = types as unknown as {
  readonly getTypeParser: (oid: number, format: "text") => (text: string) => unknown
  readonly setTypeParser: (oid: number, parser: (text: string) => unknown) => void
}
const spoil = (): string => "the application's own"

const answersAsUsual = (options: PgVectorOptions) =>
  Effect.gen(function* () {
    const { store } = yield* open(PgVectorStore.layer(options))
    const fact = row("The ferry leaves at seven.", {
      metadata: { tags: ["ferry"], deep: { n: 1.5 } },
      pinned: true,
      importance: 0.25,
      sessionId: "s",
      turn: 3
    })
    yield* store.put({ scope, now: T0, rows: [fact] })
    const [memory] = yield* store.get({ scope, now: T0, ids: [fact.memory.id] })
    assert.deepStrictEqual(memory, fact.memory)
    const { hits, n } = yield* find(store, {
      scope,
      now: T0,
      vector: fact.passages[0].vector ?? undefined,
      terms: fact.passages[0].terms.ids,
      limit: 5
    })
    assert.strictEqual(n, 1)
    assert.strictEqual(hits.length, 1)
    assert.approximately(hits[0]?.cosine ?? 0, 1, 1e-6)
    const { rows } = yield* store.listRows({ scope, now: T0, filter: ANY, limit: 5 })
    sameRows(rows, [fact], 1e-6, "the row")
  })

it.live("PGlite with the application's parsers", () =>
  Effect.scoped(
    Effect.gen(function* () {
      const pglite = yield* Effect.acquireRelease(
        Effect.promise(() =>
          PGlite.create({
            extensions: { vector },
            parsers: Object.fromEntries(OIDS.map((oid) => [oid, spoil]))
          })
        ),
        (opened) => Effect.promise(() => opened.close())
      )
      yield* answersAsUsual({ pglite })
    })
  )
)

it.live.skipIf(serverUrl === undefined)(`a pool with the application's parsers (${NO_SERVER})`, () =>
  Effect.scoped(
    Effect.gen(function* () {
      const schema = yield* serverSchema
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          const before = OIDS.map((oid) => [oid, parsers.getTypeParser(oid, "text")] as const)
          for (const oid of OIDS) parsers.setTypeParser(oid, spoil)
          return before
        }),
        (before) => Effect.sync(() => before.forEach(([oid, parser]) => parsers.setTypeParser(oid, parser)))
      )
      const url = Redacted.value(requireServerUrl())
      const pool = yield* Effect.acquireRelease(
        Effect.sync(() => new Pool({ connectionString: url, max: 2, types: { getTypeParser: () => spoil } })),
        (opened) => Effect.promise(() => opened.end())
      )
      yield* answersAsUsual({ pool, schema })
    })
  )
)
