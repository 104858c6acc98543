/** A store of the first version becomes one of this version: whole, or not at all, and never under an old process. */
import { ANY, type Fingerprint, type Memory, type Scope } from "@keepsake/core/driver"
import { rowBuilder } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Redacted, Schedule } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Client } from "pg"
import { PgVectorStore } from "../../src/index.ts"
import { scopeId } from "../../src/scopeId.ts"
import { fixtureScript } from "../support/restoreFixture.ts"
import {
  expectFailure,
  FINGERPRINT,
  freshSchema,
  NO_SERVER,
  open,
  requireServerUrl,
  serverSchema,
  serverUrl,
  sharedPGlite,
  withClient
} from "../support/servers.ts"

const fixtures = join(import.meta.dirname, "../fixtures/first-version")
const folder = join(fixtures, "vectors")

interface Expected {
  readonly now: number
  readonly scope: Scope
  readonly fingerprint: Fingerprint
  readonly memories: ReadonlyArray<Memory>
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"))
const { fingerprint, now, scope } = readJson(join(folder, "expected.json")) as Expected

/** Every statement that the first version's store sent, as its own test recorded them, and those of a move. */
const statements = (schema: string): ReadonlyArray<readonly [name: string, text: string]> =>
  Object.entries(readJson(join(fixtures, "statements.json")) as Record<string, string>).map(
    ([name, text]) => [name, text.replaceAll('"keepsake"', `"${schema}"`)]
  )

/** Reads of counts, which touch neither table. */
const HARMLESS = new Set(["scopes", "search by nothing"])

const countParameters = (text: string): number =>
  Math.max(0, ...Array.from(text.matchAll(/\$(\d+)/gu), ([, number]) => Number(number)))

type Run = (name: string, text: string, values: Array<null>) => Promise<unknown>

/** The SQLSTATE of each statement over NULLs, with which it runs and does nothing. */
const runAll = async (schema: string, run: Run): Promise<ReadonlyArray<readonly [string, string]>> => {
  const outcomes: Array<readonly [string, string]> = []
  for (const [name, text] of statements(schema)) {
    const code = await run(
      name,
      text,
      Array.from({ length: countParameters(text) }, () => null)
    ).then(
      () => "ran",
      (cause: unknown) => String(Reflect.get(Object(cause), "code"))
    )
    outcomes.push([name, code])
  }
  return outcomes
}

const UNDEFINED_TABLE = "42P01"

const allRan = (schema: string) => statements(schema).map(([name]) => [name, "ran"] as const)
const allRefused = (schema: string) =>
  statements(schema).map(([name]) => [name, HARMLESS.has(name) ? "ran" : UNDEFINED_TABLE] as const)

const countRows = ({ store }: Effect.Success<ReturnType<typeof open>>) =>
  store.count({ scope, now, filter: ANY, lifetime: "any" })

describe("a process of the first version", () => {
  it.effect("has its next statement refused, and changes nothing", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      yield* Effect.promise(() => pglite.exec(fixtureScript(folder, schema)))
      const runOld = Effect.promise(() =>
        runAll(schema, (_, text, values) => pglite.transaction((tx) => tx.query(text, values)))
      )
      assert.deepStrictEqual(yield* runOld, allRan(schema))
      const opened = yield* open(PgVectorStore.layer({ pglite, schema }), fingerprint)
      const before = yield* countRows(opened)
      assert.isAbove(before, 0)
      assert.deepStrictEqual(yield* runOld, allRefused(schema))
      assert.strictEqual(yield* countRows(opened), before)
    })
  )

  it.effect("is opened with another embedder: nothing is migrated", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      yield* Effect.promise(() => pglite.exec(fixtureScript(folder, schema)))
      const other = { ...FINGERPRINT, k1: 2 }
      const error = yield* expectFailure(open(PgVectorStore.layer({ pglite, schema }), other))
      assert.strictEqual(error.reason._tag, "FingerprintMismatch")
      const { rows } = yield* Effect.promise(() => pglite.query(`select version from ${schema}.migrations`))
      assert.deepStrictEqual(rows, [{ version: 1 }])
    })
  )
})

const onServer = serverUrl === undefined ? describe.skip : describe

const inServer = <A>(body: (client: Client) => Promise<A>) =>
  Effect.promise(() => withClient(Redacted.value(requireServerUrl()), body))

/** A store of the first version on the server; `setUp` runs in it, in its own schema. */
const firstVersion = (setUp = "") =>
  Effect.gen(function* () {
    const schema = yield* serverSchema
    yield* inServer(async (client) => {
      await client.query(fixtureScript(folder, schema))
      await client.query(setUp.replaceAll("first_version", schema))
    })
    const layer = PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 3 })
    return { schema, opening: open(layer, fingerprint) }
  })

const readVersions = (schema: string) =>
  inServer(async (client) => {
    const { rows } = await client.query<{ version: number }>(
      `select version from ${schema}.migrations order by version`
    )
    return rows.map(({ version }) => version)
  })

/** The session that waits for a lock in a statement that begins so. */
const waitingSession = async (client: Client, statement: string): Promise<number> => {
  for (;;) {
    const { rows } = await client.query<{ pid: number }>(
      "select pid from pg_stat_activity where wait_event_type = 'Lock' and position($1 in query) > 0",
      [statement]
    )
    if (rows[0] !== undefined) return rows[0].pid
  }
}

const hasValidIndex = (schema: string) =>
  inServer(async (client) => {
    const { rows } = await client.query<{ indisvalid: boolean }>(
      "select indisvalid from pg_index where indexrelid = to_regclass($1)",
      [`${schema}.memories_superseded`]
    )
    return rows[0]?.indisvalid === true
  })

const indexBuilt = (schema: string) =>
  Effect.gen(function* () {
    while (!(yield* hasValidIndex(schema))) yield* Effect.sleep("10 millis")
  })

onServer(`an upgrade on a server${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  it.live("refuses the prepared statements of a session that is still open", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { opening, schema } = yield* firstVersion()
        yield* Effect.promise(() =>
          withClient(Redacted.value(requireServerUrl()), async (client) => {
            const runOld = () =>
              runAll(schema, async (name, text, values) => {
                await client.query("begin")
                try {
                  await client.query(countParameters(text) === 0 ? { text } : { name, text, values })
                } finally {
                  await client.query("rollback")
                }
              })
            assert.deepStrictEqual(await runOld(), allRan(schema))
            await Effect.runPromise(
              Effect.scoped(
                Effect.gen(function* () {
                  const opened = yield* opening
                  const before = yield* countRows(opened)
                  assert.deepStrictEqual(yield* Effect.promise(runOld), allRefused(schema))
                  assert.strictEqual(yield* countRows(opened), before)
                })
              )
            )
          })
        )
      })
    )
  )

  it.live("killed in the middle leaves the first version; those who wait go on", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { opening, schema } = yield* firstVersion()
        const holder = yield* Effect.acquireRelease(
          Effect.promise(async () => {
            const client = new Client(Redacted.value(requireServerUrl()))
            await client.connect()
            await client.query(`begin; lock table ${schema}.stage in access share mode`)
            return client
          }),
          (client) => Effect.promise(() => client.end())
        )
        const first = yield* Effect.forkChild(Effect.exit(opening), { startImmediately: true })
        // `memories` is renamed already when the next command waits.
        const pid = yield* inServer((client) => waitingSession(client, `alter table "${schema}"."stage"`))
        const others = yield* Effect.forkChild(Effect.all([opening, opening], { concurrency: "unbounded" }), {
          startImmediately: true
        })
        yield* inServer((client) => waitingSession(client, "pg_advisory_xact_lock"))
        yield* inServer((client) => client.query("select pg_terminate_backend($1)", [pid]))
        assert.isTrue(Exit.isFailure(yield* Fiber.join(first)))
        assert.deepStrictEqual(yield* readVersions(schema), [1])
        yield* Effect.promise(() => holder.query("rollback"))
        const [opened] = yield* Fiber.join(others)
        assert.deepStrictEqual(yield* readVersions(schema), [1, 2])
        assert.isAbove(yield* countRows(opened), 0)
      })
    )
  )

  it.live("builds its index beside the store, and again where a build was interrupted", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { opening, schema } = yield* firstVersion()
        yield* Effect.scoped(Effect.andThen(opening, indexBuilt(schema)))
        yield* inServer((client) =>
          client.query("update pg_index set indisvalid = false where indexrelid = $1::regclass", [
            `${schema}.memories_superseded`
          ])
        )
        yield* Effect.scoped(Effect.andThen(opening, indexBuilt(schema)))
      })
    )
  )

  it.live("searches a tuned scope by its graph, which tuning it again replaces", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const key = scopeId(scope)
        const half = key.replaceAll("-", "").slice(0, 16)
        const { opening, schema } = yield* firstVersion(`
          create index "hnsw_1_${half}" on first_version.memories using hnsw (embedding_1 public.vector_ip_ops)
            where scope = '${key}'::uuid and valid_to is null;
          create index "words_${half}" on first_version.postings (term, id) include (weight_1)
            where scope = '${key}'::uuid and is_current;
          insert into first_version.tuned values ('${key}', true)`)
        const { pg, store } = yield* opening
        const { passages } = rowBuilder(scope, fingerprint.embedding?.dimensions ?? 0)("tent")
        const parts = [{ vector: passages[0].vector! }]
        const search = store.search({ scope, now, parts, filter: ANY, limit: 5 })
        // A search learns of the graph, and starts to measure it.
        for (let i = 0; i < 3; i++) assert.strictEqual((yield* search).hits.length, 5)
        yield* Effect.retry(pg.tuneScope(scope), { schedule: Schedule.spaced("50 millis"), times: 100 })
        const { rows } = yield* inServer((client) =>
          client.query<{ indexname: string }>(
            "select indexname from pg_indexes where schemaname = $1 and indexname like $2 order by 1",
            [schema, `%${half}`]
          )
        )
        assert.deepStrictEqual(
          rows.map(({ indexname }) => indexname),
          [`lists_1_${half}`, `passage_lists_1_${half}`, `words_${half}`]
        )
        yield* pg.untuneScope(scope)
      })
    )
  )

  it.live("gives the new tables the policies that the others have", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const tables = ["memories", "postings", "scopes", "accesses", "stage", "tuned"]
        const { opening, schema } = yield* firstVersion(
          [
            ...tables.flatMap((table) => [
              `alter table first_version.${table} enable row level security, force row level security`,
              `create policy scope_only on first_version.${table} using (
                 (select current_setting('keepsake.scope', true)) = 'all'
                 or scope = (select nullif(nullif(current_setting('keepsake.scope', true), ''), 'all'))::uuid)`
            ]),
            "update first_version.settings set row_level_security = true"
          ].join(";")
        )
        const { store } = yield* opening
        const { rows } = yield* inServer((client) =>
          client.query<{ tablename: string }>(
            "select tablename from pg_policies where schemaname = $1 order by 1",
            [schema]
          )
        )
        assert.deepStrictEqual(
          rows.map(({ tablename }) => tablename),
          [
            "accesses",
            "entries",
            "memories_2",
            "passages",
            "postings",
            "scopes",
            "session_turns",
            "stage_2",
            "stage_passages",
            "tuned"
          ]
        )
        const entry = { sessionId: "s", kind: "notes", number: 0, content: "Kept." }
        yield* store.append({ scope, now, entries: [entry] })
        assert.strictEqual((yield* store.listEntries({ scope, limit: 10 })).entries.length, 1)
      })
    )
  )
})
