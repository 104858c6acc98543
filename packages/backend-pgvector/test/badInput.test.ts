/** Each mistake has its own error, which says what to run. */
import { Closed, fingerprint } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Pool } from "pg"
import { toMemoryError } from "../src/connection/errors.ts"
import { type PgVectorOptions, PgVectorStore } from "../src/index.ts"
import {
  DIMENSIONS,
  expectFailure,
  FINGERPRINT,
  freshOnPGlite,
  freshSchema,
  NO_SERVER,
  open,
  serverSchema,
  serverUrl,
  sharedPGlite,
  requireServerUrl,
  withClient
} from "./support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)

const refusal = (options: PgVectorOptions, given = FINGERPRINT) =>
  Effect.scoped(expectFailure(open(PgVectorStore.layer(options), given)))

const expectReason = (
  error: { readonly reason: { readonly _tag: string }; readonly message: string },
  tag: string,
  says: RegExp
) => {
  assert.strictEqual(error.reason._tag, tag, error.message)
  assert.match(error.message, says)
}

const embedding = (dimensions: number) =>
  fingerprint({ model: "test", dimensions, calibration: { mean: 0, spread: 1 } })

describe("options", () => {
  it.effect("that name no place, or no plain identifier, or no number", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const url = Redacted.make("postgres://localhost/x")
      expectReason(
        yield* refusal({ url: Redacted.make("mysql://localhost") }),
        "InvalidInput",
        /postgres:\/\//u
      )
      expectReason(yield* refusal({ pglite, schema: 'x"; drop' }), "InvalidInput", /^schema: .*lower-case/u)
      expectReason(yield* refusal({ pglite, tablePrefix: "A" }), "InvalidInput", /^tablePrefix:/u)
      expectReason(yield* refusal({ pglite, tablePrefix: "x".repeat(21) }), "InvalidInput", /at most 20/u)
      expectReason(yield* refusal({ url, poolSize: 0 }), "InvalidInput", /^poolSize:/u)
      expectReason(yield* refusal({ url, statementTimeoutMs: 0.5 }), "InvalidInput", /^statementTimeoutMs:/u)
      // @ts-expect-error neither of the three
      expectReason(yield* refusal({}), "InvalidInput", /exactly one of url, pool and pglite/u)
    })
  )

  it.effect("a dimension beyond what a row holds names the way out", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const at = (halfvec: boolean) => ({ pglite, schema: freshSchema(), halfvec })
      expectReason(yield* refusal(at(false), embedding(3_072)), "InvalidInput", /set halfvec: true/u)
      expectReason(yield* refusal(at(true), embedding(4_096)), "InvalidInput", /embedder with fewer/u)
      yield* Effect.scoped(open(PgVectorStore.layer(at(true)), embedding(3_072)))
      yield* Effect.scoped(open(PgVectorStore.layer(at(false)), embedding(1_900)))
    })
  )

  it.effect("another kind of vector than the store was made with", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      yield* Effect.scoped(open(PgVectorStore.layer({ pglite, schema, halfvec: true })))
      expectReason(yield* refusal({ pglite, schema, halfvec: false }), "Conflict", /as halfvec/u)
      yield* Effect.scoped(open(PgVectorStore.layer({ pglite, schema })))
    })
  )
})

describe("a database", () => {
  it.effect("filled with another embedder names both", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      yield* Effect.scoped(open(PgVectorStore.layer({ pglite, schema })))
      expectReason(
        yield* refusal({ pglite, schema }, embedding(8)),
        "FingerprintMismatch",
        /16 dimensions.*8 dimensions.*keepsake reembed/su
      )
    })
  )

  it.effect("newer than this package is left alone", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      yield* Effect.scoped(open(PgVectorStore.layer({ pglite, schema })))
      yield* Effect.promise(() =>
        pglite.exec(`insert into ${schema}.migrations (version, name) values (999, 'later')`)
      )
      expectReason(
        yield* refusal({ pglite, schema }),
        "Unsupported",
        /version 999.*upgrade @keepsake\/backend-pgvector/u
      )
    })
  )

  it.effect("with too old a pgvector says how to update it", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const { rows } = yield* Effect.promise(() =>
        pglite.query<{ extversion: string }>("select extversion from pg_extension where extname = 'vector'")
      )
      const says = (version: string) =>
        Effect.promise(() =>
          pglite.query("update pg_extension set extversion = $1 where extname = 'vector'", [version])
        )
      yield* says("0.7.4")
      const error = yield* Effect.ensuring(
        refusal({ pglite, schema: freshSchema() }),
        says(rows[0]?.extversion ?? "0.8.0")
      )
      expectReason(error, "Unsupported", /pgvector 0\.7\.4 is too old.*alter extension vector update/su)
    })
  )

  it("tells PgBouncer's errors apart, which share one code", () => {
    const said = (message: string) =>
      toMemoryError(Object.assign(new Error(message), { code: "08P01" })).reason._tag
    assert.strictEqual(said("SASL authentication failed"), "Unauthorized")
    assert.strictEqual(said("no such user"), "Unauthorized")
    assert.strictEqual(said("no such database: absent"), "InvalidInput")
    assert.strictEqual(said("unsupported startup parameter: options"), "Unsupported")
    assert.strictEqual(said("server conn crashed?"), "Unavailable")
  })

  it.effect("gives no text away in errors", () =>
    Effect.gen(function* () {
      const { store } = yield* open(yield* freshOnPGlite())
      const secret = row("a secret \u0000 with a NUL")
      const error = yield* expectFailure(store.put({ scope, now: T0, rows: [secret] }))
      expectReason(error, "InvalidInput", /NUL/u)
      assert.notInclude(JSON.stringify(error) + String(error.cause), "secret")
    })
  )
})

describe("moving on", () => {
  it.effect("a handle on the old space is told to open again", () =>
    Effect.gen(function* () {
      const layer = yield* freshOnPGlite()
      const [first, second] = [yield* open(layer), yield* open(layer)]
      yield* first.store.put({ scope, now: T0, rows: [row("An apple.")] })
      yield* first.admin.stage(fingerprint(null))
      const [memory] = yield* first.admin.unstaged({ limit: 10 })
      assert.isDefined(memory)
      yield* first.admin.fillStage([{ scope, id: memory!.id, vector: null, terms: row("An apple.").terms }])
      yield* first.admin.commitStage
      const asked = row("An apple.")
      const searching = second.store.search({ scope, now: T0, terms: asked.terms.ids, filter: {}, limit: 1 })
      const putting = second.store.put({ scope, now: T0, rows: [asked] })
      for (const call of [Effect.asVoid(searching), Effect.asVoid(putting)]) {
        const error = yield* expectFailure(call)
        assert.instanceOf(error.reason, Closed)
        assert.match(error.message, /open it again/u)
      }
    })
  )
})

const onServer = serverUrl === undefined ? describe.skip : describe

onServer(`a server${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  const url = () => Redacted.value(requireServerUrl())
  const changed = (change: (url: URL) => void): Redacted.Redacted => {
    const parsed = new URL(url())
    change(parsed)
    return Redacted.make(parsed.href)
  }

  /** A database of its own with a role that owns nothing but may connect. */
  const plainDatabase = Effect.acquireRelease(
    Effect.promise(async () => {
      const name = freshSchema()
      await withClient(url(), async (client) => {
        await client.query(`create database ${name}`)
        await client.query(`create role ${name} login password 'plain'`)
      })
      return name
    }),
    (name) =>
      Effect.promise(() =>
        withClient(url(), async (client) => {
          await client.query(`drop database ${name} with (force)`)
          await client.query(`drop role ${name}`)
        })
      )
  )
  const asRole = (name: string) =>
    changed((parsed) => {
      parsed.username = name
      parsed.password = "plain"
      parsed.pathname = `/${name}`
    })
  const inDatabase = (name: string) => changed((parsed) => void (parsed.pathname = `/${name}`))

  it.live("that refuses the password, or the role", () =>
    Effect.gen(function* () {
      const wrong = changed((parsed) => void (parsed.password = "wrong"))
      expectReason(yield* refusal({ url: wrong }), "Unauthorized", /password/u)
      const unknown = changed((parsed) => void (parsed.username = "nobody_of_this_name"))
      expectReason(yield* refusal({ url: unknown }), "Unauthorized", /password|role/u)
    })
  )

  it.live("that lacks the database, or does not answer", () =>
    Effect.gen(function* () {
      expectReason(yield* refusal({ url: inDatabase("no_such_database") }), "InvalidInput", /createdb/u)
      const nobody = changed((parsed) => void (parsed.port = "1"))
      const error = yield* refusal({ url: nobody })
      expectReason(error, "Unavailable", /host and port/u)
      assert.isTrue(error.isRetryable)
    })
  )

  it.live("where the extension is missing and the role may not make it", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const name = yield* plainDatabase
        expectReason(
          yield* refusal({ url: asRole(name) }),
          "Unsupported",
          /superuser run `create extension vector`/u
        )
      })
    )
  )

  it.live("where the role has no right on the schema; with it, an ordinary role will do", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const name = yield* plainDatabase
        const inside = Redacted.value(inDatabase(name))
        yield* Effect.promise(() => withClient(inside, (client) => client.query("create extension vector")))
        expectReason(
          yield* refusal({ url: asRole(name) }),
          "Unauthorized",
          /create schema keepsake authorization/u
        )
        yield* Effect.promise(() => withClient(inside, (client) => client.query("create schema keepsake")))
        expectReason(yield* refusal({ url: asRole(name) }), "Unauthorized", /grant create, usage on schema/u)
        yield* Effect.promise(() =>
          withClient(inside, (client) => client.query(`grant create, usage on schema keepsake to ${name}`))
        )
        yield* Effect.scoped(
          Effect.flatMap(open(PgVectorStore.layer({ url: asRole(name) })), ({ store }) =>
            store.put({ scope, now: T0, rows: [row("Here.")] })
          )
        )
      })
    )
  )

  it.live("whose extension lies in another schema", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const name = yield* plainDatabase
        const inside = inDatabase(name)
        yield* Effect.promise(() =>
          withClient(Redacted.value(inside), (client) =>
            client.query("create schema extensions; create extension vector schema extensions")
          )
        )
        const { store } = yield* open(PgVectorStore.layer({ url: inside }))
        const there = row("Here.")
        yield* store.put({ scope, now: T0, rows: [there] })
        const { hits } = yield* store.search({ scope, now: T0, vector: there.vector!, filter: {}, limit: 1 })
        assert.strictEqual(hits[0]?.memory.id, there.memory.id)
      })
    )
  )

  it.live("reached through a pool of the application, which is used and left open, or has been ended", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const pool = new Pool({ connectionString: url(), max: 2 })
        const { admin, store } = yield* open(PgVectorStore.layer({ pool, schema }))
        yield* store.put({ scope, now: T0, rows: [row("Here.")] })
        yield* admin.close
        assert.isFalse(pool.ended)
        const again = yield* open(PgVectorStore.layer({ pool, schema }))
        yield* Effect.promise(() => pool.end())
        expectReason(
          yield* expectFailure(again.store.count({ scope, now: T0, filter: {} })),
          "Closed",
          /Pool.*ended/u
        )
        expectReason(yield* refusal({ pool, schema }), "Closed", /Pool.*ended/u)
      })
    )
  )
})
