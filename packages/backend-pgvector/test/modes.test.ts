/** A store opened read-only, or without access counts. */
import { ANY } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Pool } from "pg"
import { PgVectorStore } from "../src/index.ts"
import { fixtureScript } from "./support/restoreFixture.ts"
import {
  DIMENSIONS,
  expectFailure,
  freshSchema,
  NO_SERVER,
  open,
  requireServerUrl,
  serverSchema,
  serverUrl,
  sharedPGlite
} from "./support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const apple = rowBuilder(scope, DIMENSIONS)("apple", { sessionId: "s", turn: 0 })
const { id } = apple.memory

/** Every write of a handle is refused, and every read answers. */
const expectReadsAlone = Effect.fnUntraced(function* (handle: Effect.Success<ReturnType<typeof open>>) {
  const { admin, pg, store } = handle
  const at = { scope, now: T0 }
  assert.deepStrictEqual(admin.mode, { readOnly: true, accessCounts: false })
  const writes = [
    store.put({ ...at, rows: [apple] }),
    store.patch({ ...at, id, change: { pinned: true } }),
    store.remove({ ...at, target: { _tag: "All" } }),
    store.append({ ...at, entries: [{ sessionId: "s", kind: "notes", number: 0, content: "Note." }] }),
    admin.expire({ now: T0, limit: 1 }),
    admin.eraseUser({ userId: "user" }),
    pg.tuneScope(scope),
    pg.untuneScope(scope),
    pg.eraseBytes
  ]
  for (const write of writes) {
    const error = yield* expectFailure(Effect.asVoid(write))
    assert.strictEqual(error.reason._tag, "Unsupported")
    assert.match(error.message, /opened read-only/u)
  }
  yield* store.touch({ ...at, ids: [id] })
  const [memory] = yield* store.get({ ...at, ids: [id] })
  assert.strictEqual(memory?.accessCount, 0)
  const { hits } = yield* store.search({
    ...at,
    parts: [{ vector: apple.passages[0].vector!, terms: apple.passages[0].terms.ids }],
    filter: ANY,
    limit: 5
  })
  assert.strictEqual(hits.length, 1)
  assert.strictEqual((yield* store.sessions({ ...at, limit: 5 })).sessions.length, 1)
  assert.strictEqual(yield* store.lastTurn({ scope, sessionId: "s" }), 0)
  assert.strictEqual((yield* admin.scopes({ limit: 5 })).length, 1)
  yield* admin.fingerprint
})

describe("a store opened read-only", () => {
  it.effect("reads what is there, and makes and migrates nothing", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      const missing = yield* expectFailure(open(PgVectorStore.layer({ pglite, schema, readOnly: true })))
      assert.strictEqual(missing.reason._tag, "Unsupported")
      assert.include(missing.message, schema)
      const { rows } = yield* Effect.promise(() =>
        pglite.query("select from pg_namespace where nspname = $1", [schema])
      )
      assert.strictEqual(rows.length, 0)
      const { store } = yield* open(PgVectorStore.layer({ pglite, schema }))
      yield* store.put({ scope, now: T0, rows: [apple] })
      yield* expectReadsAlone(yield* open(PgVectorStore.layer({ pglite, schema, readOnly: true })))
    })
  )

  it.effect("refuses the first version by name, and leaves it as it is", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      const files = `${import.meta.dirname}/fixtures/first-version/vectors`
      yield* Effect.promise(() => pglite.exec(fixtureScript(files, schema)))
      const error = yield* expectFailure(open(PgVectorStore.layer({ pglite, schema, readOnly: true })))
      assert.strictEqual(error.reason._tag, "Unsupported")
      assert.match(error.message, /version 1.*version 2.*without readOnly/su)
      const { rows } = yield* Effect.promise(() => pglite.query(`select version from ${schema}.migrations`))
      assert.deepStrictEqual(rows, [{ version: 1 }])
    })
  )
})

describe("a store without access counts", () => {
  it.effect("takes writes and counts no access", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const { admin, store } = yield* open(
        PgVectorStore.layer({ pglite, schema: freshSchema(), accessCounts: false })
      )
      assert.deepStrictEqual(admin.mode, { readOnly: false, accessCounts: false })
      yield* store.put({ scope, now: T0, rows: [apple] })
      yield* store.touch({ scope, now: T0, ids: [id] })
      const [memory] = yield* store.get({ scope, now: T0, ids: [id] })
      assert.strictEqual(memory?.accessCount, 0)
    })
  )
})

const onServer = serverUrl === undefined ? describe.skip : describe

onServer(`read-only on a server${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  for (const rowLevelSecurity of [false, true]) {
    it.live(`that takes no writes${rowLevelSecurity ? ", with row-level security" : ""}`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const schema = yield* serverSchema
          yield* Effect.scoped(
            Effect.gen(function* () {
              const { store } = yield* open(
                PgVectorStore.layer({ url: requireServerUrl(), schema, rowLevelSecurity })
              )
              yield* store.put({ scope, now: T0, rows: [apple] })
            })
          )
          // As a standby: the server itself refuses every write.
          const pool = yield* Effect.acquireRelease(
            Effect.sync(
              () =>
                new Pool({
                  connectionString: Redacted.value(requireServerUrl()),
                  options: "-c default_transaction_read_only=on"
                })
            ),
            (opened) => Effect.promise(() => opened.end())
          )
          yield* expectReadsAlone(
            yield* open(PgVectorStore.layer({ pool, schema, readOnly: true, rowLevelSecurity }))
          )
          yield* expectReadsAlone(
            yield* open(PgVectorStore.layer({ url: requireServerUrl(), schema, readOnly: true }))
          )
        })
      )
    )
  }
})
