/** Each mistake has an error of its own that says what to run. */
import { ANY, Closed, fingerprint } from "@keepsake/core/driver"
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

const refusal = (options: PgVectorOptions, storeFingerprint = FINGERPRINT) =>
  Effect.scoped(expectFailure(open(PgVectorStore.layer(options), storeFingerprint)))

const expectReason = (
  error: { readonly reason: { readonly _tag: string }; readonly message: string },
  tag: string,
  message: RegExp
) => {
  assert.strictEqual(error.reason._tag, tag, error.message)
  assert.match(error.message, message)
}

const embedding = (dimensions: number) =>
  fingerprint({ model: "test", dimensions, calibration: { mean: 0, spread: 1 } })

describe("options", () => {
  it.effect("without a connection, with a bad identifier or a bad number, are refused by name", () =>
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
      // @ts-expect-error none of the three
      expectReason(yield* refusal({}), "InvalidInput", /exactly one of url, pool and pglite/u)
    })
  )

  it.effect("more dimensions than fit a row: the error says what to do", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const fresh = (halfvec: boolean) => ({ pglite, schema: freshSchema(), halfvec })
      expectReason(yield* refusal(fresh(false), embedding(3_072)), "InvalidInput", /set halfvec: true/u)
      expectReason(yield* refusal(fresh(true), embedding(4_096)), "InvalidInput", /embedder with fewer/u)
      yield* Effect.scoped(open(PgVectorStore.layer(fresh(true)), embedding(3_072)))
      yield* Effect.scoped(open(PgVectorStore.layer(fresh(false)), embedding(1_900)))
    })
  )

  it.effect("another vector type than the store was created with is a conflict", () =>
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
  it.effect("filled with another embedder: the error names both", () =>
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

  it.effect("newer than this package is refused and stays as it is", () =>
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

  it.effect("with too old a pgvector: the error says how to update it", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const { rows } = yield* Effect.promise(() =>
        pglite.query<{ extversion: string }>("select extversion from pg_extension where extname = 'vector'")
      )
      const pretendVersion = (version: string) =>
        Effect.promise(() =>
          pglite.query("update pg_extension set extversion = $1 where extname = 'vector'", [version])
        )
      yield* pretendVersion("0.7.4")
      const error = yield* Effect.ensuring(
        refusal({ pglite, schema: freshSchema() }),
        pretendVersion(rows[0]?.extversion ?? "0.8.0")
      )
      expectReason(error, "Unsupported", /pgvector 0\.7\.4 is too old.*alter extension vector update/su)

      const readAdvice = (version: string) =>
        pretendVersion(version).pipe(
          Effect.andThen(open(PgVectorStore.layer({ pglite, schema: freshSchema() }))),
          Effect.ensuring(pretendVersion(rows[0]?.extversion ?? "0.8.0")),
          Effect.map(({ admin }) => (admin.advice ?? []).map(({ fix, problem }) => `${problem}. ${fix}`))
        )
      const [advice = ""] = yield* readAdvice("0.8.3")
      assert.match(advice, /0\.8\.3 has faults that 0\.8\.4 mends.*alter extension vector update/su)
      for (const version of ["0.8.4", "0.9.0", "0.10.1", "1.0.0"])
        assert.deepStrictEqual(yield* readAdvice(version), [], version)
    })
  )

  it("tells PgBouncer's errors apart by their messages: they share one code", () => {
    const reasonTag = (message: string) =>
      toMemoryError(Object.assign(new Error(message), { code: "08P01" })).reason._tag
    assert.strictEqual(reasonTag("SASL authentication failed"), "Unauthorized")
    assert.strictEqual(reasonTag("no such user"), "Unauthorized")
    assert.strictEqual(reasonTag("no such database: absent"), "InvalidInput")
    assert.strictEqual(reasonTag("unsupported startup parameter: options"), "Unsupported")
    assert.strictEqual(reasonTag("server conn crashed?"), "Unavailable")
  })

  it.effect("keeps stored text out of errors", () =>
    Effect.gen(function* () {
      const { store } = yield* open(yield* freshOnPGlite())
      const secret = row("a secret \u0000 with a NUL")
      const error = yield* expectFailure(store.put({ scope, now: T0, rows: [secret] }))
      expectReason(error, "InvalidInput", /NUL/u)
      assert.notInclude(JSON.stringify(error) + String(error.cause), "secret")
    })
  )
})

describe("a move to another space", () => {
  it.effect("makes handles on the old space fail, and tells to open again", () =>
    Effect.gen(function* () {
      const layer = yield* freshOnPGlite()
      const [first, second] = [yield* open(layer), yield* open(layer)]
      yield* first.store.put({ scope, now: T0, rows: [row("An apple.")] })
      yield* first.admin.stage(fingerprint(null))
      const [memory] = yield* first.admin.unstaged({ limit: 10 })
      assert.isDefined(memory)
      yield* first.admin.fillStage([
        { scope, id: memory!.id, passages: row("An apple.", { vector: null }).passages, owed: false }
      ])
      yield* first.admin.commitStage
      const apple = row("An apple.")
      const search = second.store.search({
        scope,
        now: T0,
        parts: [{ terms: apple.passages[0].terms.ids }],
        filter: ANY,
        limit: 1
      })
      const put = second.store.put({ scope, now: T0, rows: [apple] })
      for (const call of [Effect.asVoid(search), Effect.asVoid(put)]) {
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
  const withChange = (change: (url: URL) => void): Redacted.Redacted => {
    const parsed = new URL(url())
    change(parsed)
    return Redacted.make(parsed.href)
  }

  /** A fresh database, and a role of the same name that owns nothing but may connect. */
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
    withChange((parsed) => {
      parsed.username = name
      parsed.password = "plain"
      parsed.pathname = `/${name}`
    })
  const inDatabase = (name: string) => withChange((parsed) => void (parsed.pathname = `/${name}`))

  it.live("that refuses the password or the role", () =>
    Effect.gen(function* () {
      const wrong = withChange((parsed) => void (parsed.password = "wrong"))
      expectReason(yield* refusal({ url: wrong }), "Unauthorized", /password/u)
      const unknown = withChange((parsed) => void (parsed.username = "no_such_role"))
      expectReason(yield* refusal({ url: unknown }), "Unauthorized", /password|role/u)
    })
  )

  it.live("that lacks the database or does not answer", () =>
    Effect.gen(function* () {
      expectReason(yield* refusal({ url: inDatabase("no_such_database") }), "InvalidInput", /createdb/u)
      const closedPort = withChange((parsed) => void (parsed.port = "1"))
      const error = yield* refusal({ url: closedPort })
      expectReason(error, "Unavailable", /host and port/u)
      assert.isTrue(error.isRetryable)
    })
  )

  it.live("without the extension, where the role may not create it", () =>
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

  it.live("where the role lacks the right to the schema; with it, an ordinary role is enough", () =>
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

  it.live("with the extension in another schema", () =>
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
        const here = row("Here.")
        yield* store.put({ scope, now: T0, rows: [here] })
        const { hits } = yield* store.search({
          scope,
          now: T0,
          parts: [{ vector: here.passages[0].vector! }],
          filter: ANY,
          limit: 1
        })
        assert.strictEqual(hits[0]?.facts.id, here.memory.id)
      })
    )
  )

  it.live("through a pool of the application, which stays open; one that has been ended is refused", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const pool = new Pool({ connectionString: url(), max: 2 })
        const { admin, store } = yield* open(PgVectorStore.layer({ pool, schema }))
        yield* store.put({ scope, now: T0, rows: [row("Here.")] })
        yield* admin.close
        assert.isFalse(pool.ended)
        const reopened = yield* open(PgVectorStore.layer({ pool, schema }))
        yield* Effect.promise(() => pool.end())
        expectReason(
          yield* expectFailure(reopened.store.count({ scope, now: T0, filter: ANY })),
          "Closed",
          /Pool.*ended/u
        )
        expectReason(yield* refusal({ pool, schema }), "Closed", /Pool.*ended/u)
      })
    )
  )
})
