/** Removed memories are gone from the tables, and after `eraseBytes` from the server's files. */
import { ANY } from "@keepsake/core/driver"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { startPostgres } from "../../../scripts/postgres.ts"
import { PgVectorStore } from "../src/index.ts"
import {
  DIMENSIONS,
  freshOnPGlite,
  NO_PRIVATE_SERVER,
  open,
  privateServer,
  sharedPGlite,
  withClient
} from "./support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)
const MARK = "zyzzyvaquokka"

/** Files below `folder` that contain the text. */
const filesWith = (folder: string, text: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text))

describe("removal", () => {
  it.effect("removes rows, postings, accesses, counts and staged vectors at once", () =>
    Effect.gen(function* () {
      const { admin, store } = yield* open(yield* freshOnPGlite({ tablePrefix: "forget_" }))
      const rows = [row("An apple."), row("A pear.")]
      yield* store.put({ scope, now: T0, rows })
      yield* store.touch({ scope, now: T0, ids: rows.map(({ memory }) => memory.id) })
      const fingerprint = yield* admin.fingerprint
      yield* admin.stage({ ...fingerprint, k1: 2 })
      yield* admin.fillStage(
        rows.map(({ memory, owed, passages }) => ({ scope, id: memory.id, passages, owed }))
      )
      const { removed } = yield* store.remove({ scope, now: T0, target: { _tag: "All" } })
      assert.strictEqual(removed, 2)
      const db = yield* Effect.promise(sharedPGlite)
      const tables = yield* Effect.promise(() =>
        db.query<{ name: string }>(
          "select format('%I.%I', schemaname, tablename) as name from pg_tables where tablename like 'forget\\_%'"
        )
      )
      const filled: Array<string> = []
      for (const { name } of tables.rows) {
        const { rows: tableRows } = yield* Effect.promise(() => db.query(`select 1 from ${name}`))
        if (tableRows.length > 0) filled.push(name.replace(/^.*\./u, ""))
      }
      assert.sameMembers(filled, ["forget_settings", "forget_migrations"])
    })
  )

  it.effect("of everything takes entries and last turns too, and of a user those of an empty scope", () =>
    Effect.gen(function* () {
      const { admin, store } = yield* open(yield* freshOnPGlite({ tablePrefix: "turns_" }))
      const turn = row("A turn.", { sessionId: "s", turn: 3 })
      const forgetTurn = Effect.andThen(
        store.put({ scope, now: T0, rows: [turn] }),
        store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [turn.memory.id] } })
      )
      const lastTurn = store.lastTurn({ scope, sessionId: "s" })
      yield* forgetTurn
      assert.deepStrictEqual(yield* admin.scopes({ limit: 10 }), [])
      assert.strictEqual(yield* lastTurn, 3)
      yield* admin.eraseUser({ userId: "another" })
      assert.strictEqual(yield* lastTurn, 3)
      yield* admin.eraseUser({ userId: scope.userId })
      assert.isNull(yield* lastTurn)
      yield* forgetTurn
      yield* store.put({ scope, now: T0, rows: [turn] })
      const entry = { sessionId: "s", kind: "notes", number: 0, content: "Kept." }
      yield* store.append({ scope, now: T0, entries: [entry] })
      const { removed } = yield* store.remove({ scope, now: T0, target: { _tag: "All" } })
      assert.strictEqual(removed, 1)
      assert.isNull(yield* lastTurn)
      assert.deepStrictEqual(yield* admin.scopes({ limit: 10 }), [])
      assert.deepStrictEqual((yield* store.listEntries({ scope, limit: 10 })).entries, [])
    })
  )

  it.effect(
    "names samples of the planner only where there may be some, and nothing where nothing was removed",
    () =>
      Effect.gen(function* () {
        const { store } = yield* open(yield* freshOnPGlite({ tablePrefix: "sampled_" }))
        const rows = [row("An apple."), row("A pear.")]
        yield* store.put({ scope, now: T0, rows })
        const remove = (ids: ReadonlyArray<string>) =>
          Effect.map(store.remove({ scope, now: T0, target: { _tag: "Ids", ids } }), ({ places }) =>
            places.map(({ bytes, place }) => `${place} ${bytes}`)
          )
        const [apple, pear] = rows.map(({ memory }) => memory.id)
        assert.deepStrictEqual(yield* remove([apple!]), [
          "rows unlinked",
          "log unlinked",
          "statistics untouched"
        ])
        const db = yield* Effect.promise(sharedPGlite)
        const { rows: tables } = yield* Effect.promise(() =>
          db.query<{ name: string }>(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables where tablename = 'sampled_memories_2'"
          )
        )
        yield* Effect.promise(() => db.exec(`analyze ${tables[0]?.name}`))
        assert.deepStrictEqual(yield* remove([pear!]), [
          "rows unlinked",
          "log unlinked",
          "statistics unlinked"
        ])
        assert.deepStrictEqual(yield* remove([pear!]), [
          "rows untouched",
          "log untouched",
          "statistics untouched"
        ])
      })
  )

  const whenPrivate = privateServer ? it.live : it.live.skip
  whenPrivate(
    `leaves text in the server's files until eraseBytes${privateServer ? "" : ` (${NO_PRIVATE_SERVER})`}`,
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const server = yield* Effect.acquireRelease(Effect.promise(startPostgres), (postgres) =>
            Effect.promise(() => postgres.stop())
          )
          const { pg, store } = yield* open(PgVectorStore.layer({ url: Redacted.make(server.url) }))
          const secrets = Array.from({ length: 50 }, (_, i) =>
            row(`${MARK} said ${i}`, {
              speaker: `${MARK} ${i}`,
              sessionId: `${MARK} ${i}`,
              turn: i,
              metadata: { [MARK]: i }
            })
          )
          yield* store.put({ scope, now: T0, rows: [...secrets, row("An apple.")] })
          const checkpoint = Effect.promise(() =>
            withClient(server.url, async (client) => {
              await client.query("vacuum")
              await client.query("checkpoint")
            })
          )
          const tables = join(server.dataFolder, "base")

          const removal = yield* store.remove({
            scope,
            now: T0,
            target: { _tag: "Ids", ids: secrets.map(({ memory }) => memory.id) }
          })
          yield* checkpoint
          assert.strictEqual(removal.bytes, "unlinked")
          assert.match(removal.toErase, /vacuum full.*checkpoint.*Write-ahead/su)
          assert.isNotEmpty(
            filesWith(tables, MARK),
            "deleted text stays in the files, so the receipt must not say erased"
          )

          const { places, remains } = yield* pg.eraseBytes
          assert.deepStrictEqual(
            places.map(({ bytes, place }) => `${place} ${bytes}`),
            ["rows erased", "log unlinked", "statistics erased"]
          )
          assert.deepInclude(remains, { oldFiles: 0, deadRows: 0, samples: 0 })
          assert.strictEqual(remains.files.rewritten, remains.files.all)
          assert.deepStrictEqual(filesWith(tables, MARK), [])
          assert.strictEqual(yield* store.count({ scope, now: T0, filter: ANY }), 1)
        })
      )
  )
})
