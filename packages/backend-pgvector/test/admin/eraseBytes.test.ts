/** What `eraseBytes` says is what it found: each remainder is planted, and has to be noticed. */
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Client } from "pg"
import { countDeadRows } from "../../src/admin/remains.ts"
import { pgliteDatabase } from "../../src/connection/pgliteDatabase.ts"
import type { MeasuredErasure } from "../../src/index.ts"
import {
  DIMENSIONS,
  freshOnPGlite,
  NO_SERVER,
  open,
  requireServerUrl,
  serverSchema,
  serverUrl,
  sharedPGlite,
  withClient
} from "../support/servers.ts"
import { PgVectorStore } from "../../src/index.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)
const rows = Array.from({ length: 40 }, (_, i) => row(`quokka ${i}`, { speaker: `zyzzyva ${i}` }))

const placesOf = ({ places }: MeasuredErasure) => places.map(({ bytes, place }) => `${place} ${bytes}`)

const removeAll = { scope, now: T0, target: { _tag: "All" } } as const

describe("eraseBytes on PGlite", () => {
  it.effect("finds nothing where all is erased, and empties the samples of empty tables", () =>
    Effect.gen(function* () {
      const { pg, store } = yield* open(yield* freshOnPGlite({ tablePrefix: "measured_" }))
      yield* store.put({ scope, now: T0, rows })
      const db = yield* Effect.promise(sharedPGlite)
      const sampled = () =>
        Effect.promise(async () => {
          const found = await db.query(
            "select from pg_stats where tablename = 'measured_memories_2' and most_common_vals::text || histogram_bounds::text like '%quokka%' or histogram_bounds::text like '%quokka%'"
          )
          return found.rows.length
        })
      assert.strictEqual((yield* pg.eraseBytes).remains.samples, 0)
      assert.isAbove(yield* sampled(), 0)
      yield* store.remove(removeAll)
      // `analyze` leaves the samples of a table without rows.
      const erasure = yield* pg.eraseBytes
      assert.deepStrictEqual(placesOf(erasure), ["rows erased", "log unlinked", "statistics erased"])
      assert.strictEqual(yield* sampled(), 0)
      const { remains } = erasure
      assert.deepInclude(remains, { oldFiles: 0, deadRows: 0, samples: 0 })
      assert.isAbove(remains.files.all, 20)
      assert.strictEqual(remains.files.rewritten, remains.files.all)
      assert.isAbove(remains.log.files ?? 0, 0)
    })
  )

  it.effect("takes no rows for left whose removal is written down late", () =>
    Effect.promise(async () => {
      const session = pgliteDatabase(await sharedPGlite())
      await session.execute("create table written_late (x) as select * from generate_series(1, 50)")
      await session.execute("select pg_stat_force_next_flush()")
      await session.execute("delete from written_late")
      // What a session counts is written down with a statement of its own, once a second.
      const execute = (script: string) =>
        session.execute(script).then(() => session.execute("select pg_sleep(1.1)"))
      assert.strictEqual(await countDeadRows({ ...session, execute }, ["written_late"]), 0)
      await session.execute("drop table written_late")
    })
  )
})

const onServer = serverUrl === undefined ? it.live.skip : it.live

describe("eraseBytes on a server", () => {
  onServer(
    `finds deleted rows that a session may still see${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`,
    () =>
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const url = requireServerUrl()
        const { pg, store } = yield* open(PgVectorStore.layer({ url, schema, poolSize: 2 }))
        yield* store.put({ scope, now: T0, rows })
        const reader = yield* Effect.acquireRelease(
          Effect.promise(async () => {
            const client = new Client(Redacted.value(url))
            await client.connect()
            await client.query("begin isolation level repeatable read; select 1 from pg_class limit 1")
            return client
          }),
          (client) => Effect.promise(() => client.end())
        )
        yield* store.remove(removeAll)
        const held = yield* pg.eraseBytes
        assert.strictEqual(placesOf(held)[0], "rows unlinked")
        assert.isAtLeast(held.remains.deadRows ?? 0, rows.length)
        assert.include(held.toErase, "deleted rows stay in the tables")
        yield* Effect.promise(() => reader.query("rollback"))
        const free = yield* pg.eraseBytes
        assert.deepStrictEqual(placesOf(free), ["rows erased", "log unlinked", "statistics erased"])
      }).pipe(Effect.scoped)
  )

  onServer(`says what a role may not see, and finds samples that it may not remove`, () =>
    Effect.gen(function* () {
      const schema = yield* serverSchema
      const admin = Redacted.value(requireServerUrl())
      const role = `${schema}_role`
      yield* Effect.acquireRelease(
        Effect.promise(() =>
          withClient(admin, (client) =>
            client.query(
              `create role ${role} login password 'p'; create schema ${schema} authorization ${role}`
            )
          )
        ),
        () =>
          Effect.promise(() =>
            withClient(admin, (client) => client.query(`drop owned by ${role} cascade; drop role ${role}`))
          )
      )
      const url = new URL(admin)
      url.username = role
      url.password = "p"
      yield* Effect.scoped(
        Effect.gen(function* () {
          const settings = { url: Redacted.make(url.href), schema, poolSize: 2 }
          const { pg, store } = yield* open(PgVectorStore.layer(settings))
          yield* store.put({ scope, now: T0, rows })
          const kept = yield* pg.eraseBytes
          assert.deepStrictEqual(
            [kept.remains.oldFiles, kept.remains.deadRows, kept.remains.samples, kept.remains.log.bytes],
            [null, 0, 0, null]
          )
          assert.deepStrictEqual(placesOf(kept), ["rows unlinked", "log unlinked", "statistics erased"])
          assert.include(kept.toErase, "could not be measured")
          yield* store.remove(removeAll)
          const emptied = yield* pg.eraseBytes
          assert.strictEqual(emptied.remains.deadRows, 0)
          assert.isAbove(emptied.remains.samples ?? 0, 0)
          assert.strictEqual(placesOf(emptied)[2], "statistics unlinked")
          assert.include(emptied.toErase, "delete from pg_statistic")
          const secured = { ...settings, tablePrefix: "secured_", rowLevelSecurity: true }
          const { pg: other } = yield* open(PgVectorStore.layer(secured))
          const hidden = yield* other.eraseBytes
          assert.deepStrictEqual([hidden.remains.deadRows, hidden.remains.samples], [0, null])
          assert.strictEqual(placesOf(hidden)[2], "statistics unlinked")
        })
      )
    }).pipe(Effect.scoped)
  )
})
