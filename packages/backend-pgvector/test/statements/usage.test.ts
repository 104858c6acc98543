/** Scopes keep count of their bytes, whoever writes; those of the first version begin with the first limited write. */
import { type Fingerprint, type Scope } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { PgVectorStore } from "../../src/index.ts"
import { scopeId } from "../../src/scopeId.ts"
import { fixtureScript } from "../support/restoreFixture.ts"
import { DIMENSIONS, expectFailure, freshSchema, open, sharedPGlite } from "../support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)
const folder = join(import.meta.dirname, "../fixtures/first-version/vectors")

/** What the scope counted, and what its rows add up to. */
const readCounts = (schema: string, whose: Scope) =>
  Effect.promise(async () => {
    const db = await sharedPGlite()
    const key = scopeId(whose)
    const { rows } = await db.query<{ counted: number | null; read: number }>(
      `select s.bytes::float8 as counted, ((
         select coalesce(sum(octet_length(content) + coalesce(metadata_bytes, case when metadata = '{}' then 0
           else ${schema}.json_bytes(metadata) end)), 0) from ${schema}.memories_2 where scope = s.scope
       ) + (
         select coalesce(sum(octet_length(content)), 0) from ${schema}.entries where scope = s.scope
       ))::float8 as read
       from ${schema}.scopes s where s.scope = $1`,
      [key]
    )
    return rows[0]
  })

describe("bytes of a scope", () => {
  it.effect("are counted through every kind of write, by two instances", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      const layer = PgVectorStore.layer({ pglite, schema })
      const [a, b] = [yield* open(layer), yield* open(layer)]
      const tagged = row("tagged", { metadata: { note: "ü" } })
      const mortal = row("mortal", { key: "k", expiresAt: T0 + 1 })
      const entry = { sessionId: "s", kind: "notes", number: 0, content: "Noté." }
      const writes = [
        a.store.put({ scope, now: T0, rows: [tagged, mortal, row(["long", "text"])] }),
        b.store.patch({ scope, now: T0, id: tagged.memory.id, change: { metadata: { longer: [1, 2, 3] } } }),
        b.store.append({ scope, now: T0, entries: [entry] }),
        a.store.put({
          scope,
          now: T0 + 2,
          rows: [row("another text", { key: "k" })],
          limits: { bytes: 1_000, whenFull: "refuse" }
        }),
        b.store.supersede({ scope, now: T0 + 2, id: tagged.memory.id, row: row("its successor") }),
        a.store.patch({ scope, now: T0 + 2, id: tagged.memory.id, change: { metadata: {} } }),
        b.store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [row(["long", "text"]).memory.id] } }),
        a.store.dropEntries({ scope, sessionId: "s" })
      ]
      for (const [i, write] of writes.entries()) {
        yield* Effect.asVoid(write)
        const counts = yield* readCounts(schema, scope)
        assert.strictEqual(counts?.counted, counts?.read, `after write ${i}`)
        assert.strictEqual((yield* b.store.usage({ scope })).bytes, counts?.read)
      }
      const full = { bytes: (yield* a.store.usage({ scope })).bytes, whenFull: "refuse" } as const
      const error = yield* expectFailure(
        b.store.put({ scope, now: T0 + 3, rows: [row("12345")], limits: full })
      )
      assert.strictEqual(error.reason._tag === "LimitReached" && error.reason.bytes, 5)
    })
  )

  it.effect("of the first version are read until a limited write, and counted from then on", () =>
    Effect.gen(function* () {
      const pglite = yield* Effect.promise(sharedPGlite)
      const schema = freshSchema()
      yield* Effect.promise(() => pglite.exec(fixtureScript(folder, schema)))
      const { fingerprint, scope: theirs } = JSON.parse(
        readFileSync(join(folder, "expected.json"), "utf8")
      ) as { readonly fingerprint: Fingerprint; readonly scope: Scope }
      const { admin, store } = yield* open(PgVectorStore.layer({ pglite, schema }), fingerprint)
      const add = (text: string, limits?: { readonly bytes: number; readonly whenFull: "refuse" }) =>
        store.put({
          scope: theirs,
          now: T0,
          rows: [rowBuilder(theirs, fingerprint.embedding?.dimensions ?? 1)(text)],
          limits
        })
      yield* add("unlimited")
      const before = yield* readCounts(schema, theirs)
      assert.isNull(before?.counted)
      assert.strictEqual((yield* store.usage({ scope: theirs })).bytes, before?.read)
      yield* add("limited", { bytes: 1e9, whenFull: "refuse" })
      yield* add("unlimited again")
      const after = yield* readCounts(schema, theirs)
      assert.strictEqual(after?.read, (before?.read ?? 0) + "limited".length + "unlimited again".length)
      assert.strictEqual(after?.counted, after?.read)
      const counted = (yield* admin.scopes({ limit: 1_000 })).find(
        ({ scope: whose }) => whose.userId === theirs.userId && whose.agentId === theirs.agentId
      )
      assert.strictEqual(counted?.bytes, after?.read)
    })
  )
})
