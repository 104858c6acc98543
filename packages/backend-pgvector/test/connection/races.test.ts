/** Two connections at one row: what the second finds gone means nothing, and the rest of its batch is kept. */
import { ANY } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import type { MemoryError } from "@keepsake/core"
import { PgVectorStore } from "../../src/index.ts"
import {
  DIMENSIONS,
  NO_SERVER,
  open,
  requireServerUrl,
  serverSchema,
  serverUrl,
  withClient
} from "../support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)
const [gone, kept] = [row("apple", { owed: true, vector: null }), row("pear")]
const vector = kept.passages[0].vector!
const at = { scope, now: T0 }

const onServer = serverUrl === undefined ? describe.skip : describe

onServer(`a removal beside other calls${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  /** Another connection removes `gone`, and commits while `call` waits for its lock or has seen the row. */
  const whileRemoving = <A>(
    call: (handle: Effect.Success<ReturnType<typeof open>>) => Effect.Effect<A, MemoryError>
  ) =>
    Effect.scoped(
      Effect.gen(function* () {
        const schema = yield* serverSchema
        const handle = yield* open(PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 4 }))
        yield* handle.store.put({ ...at, rows: [gone, kept] })
        const value = yield* Effect.promise(() =>
          withClient(Redacted.value(requireServerUrl()), async (client) => {
            await client.query(`begin; delete from ${schema}.memories_2 where id = '${gone.memory.id}'`)
            const fiber = Effect.runFork(call(handle))
            const waiting = async () => {
              // Else a transaction sees the texts of statements as they were when it first looked.
              await client.query("select pg_stat_clear_snapshot()")
              const { rows } = await client.query(
                `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%"${schema}"%'`
              )
              return rows.length > 0
            }
            while (!(await waiting()) && fiber.pollUnsafe() === undefined)
              await new Promise((done) => setTimeout(done, 10))
            await client.query("commit")
            return Effect.runPromise(Fiber.join(fiber))
          })
        )
        const [pear] = yield* handle.store.get({ ...at, ids: [kept.memory.id] })
        const left = yield* handle.store.count({ ...at, filter: ANY })
        const { memories } = yield* handle.store.usage({ scope })
        assert.strictEqual(memories, left, "the scope counts its rows")
        return { value, pear, left }
      })
    )

  it.live("touch counts the other memories", () =>
    Effect.gen(function* () {
      const { pear } = yield* whileRemoving(({ store }) =>
        store.touch({ ...at, ids: [gone.memory.id, kept.memory.id] })
      )
      assert.strictEqual(pear?.accessCount, 1)
    })
  )

  it.live("patch finds nothing to change", () =>
    Effect.gen(function* () {
      const { value } = yield* whileRemoving(({ store }) =>
        store.patch({ ...at, id: gone.memory.id, change: { pinned: true } })
      )
      assert.strictEqual(value, null)
    })
  )

  it.live("supersede keeps the successor and closes nothing", () =>
    Effect.gen(function* () {
      const { left, value } = yield* whileRemoving(({ store }) =>
        store.supersede({ ...at, id: gone.memory.id, row: row("a red apple") })
      )
      assert.deepStrictEqual(value, { outcome: "created", closed: false })
      assert.strictEqual(left, 2)
    })
  )

  it.live("put creates it again", () =>
    Effect.gen(function* () {
      const { left, value } = yield* whileRemoving(({ store }) => store.put({ ...at, rows: [gone] }))
      assert.deepStrictEqual(
        value.map(({ outcome }) => outcome),
        ["created"]
      )
      assert.strictEqual(left, 2)
    })
  )

  it.live("payment of owed vectors passes it over", () =>
    Effect.gen(function* () {
      const { value } = yield* whileRemoving(({ admin }) =>
        admin.payOwed([{ scope, id: gone.memory.id, vectors: [vector] }])
      )
      assert.strictEqual(value, 0)
    })
  )

  it.live("a second removal counts the rest", () =>
    Effect.gen(function* () {
      const { left, value } = yield* whileRemoving(({ store }) =>
        store.remove({ ...at, target: { _tag: "Ids", ids: [gone.memory.id, kept.memory.id] } })
      )
      assert.strictEqual(value.removed, 1)
      assert.strictEqual(left, 0)
    })
  )

  it.live("a put under limits stays within them", () =>
    Effect.gen(function* () {
      const limits = { memories: 2, whenFull: "refuse" } as const
      const { left } = yield* whileRemoving(({ store }) => store.put({ ...at, rows: [row("plum")], limits }))
      assert.isAtMost(left, 2)
    })
  )
})
