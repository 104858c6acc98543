/** A hot standby: read-only handles over it, and the second server of a handle that writes. */
import { AgentMemory, promiseClient, type Scope, StoreFingerprint } from "@keepsake/core"
import { ANY } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Redacted } from "effect"
import { type PrivatePostgres, type PrivateStandby, startPostgres } from "../../../../scripts/postgres.ts"
import { makeStatementRunner } from "../../src/connection/StatementRunner.ts"
import type { Database, Rows, SqlStatement } from "../../src/connection/Database.ts"
import { ReadReplica } from "../../src/connection/ReadReplica.ts"
import { PgVectorStore } from "../../src/index.ts"
import {
  DIMENSIONS,
  FINGERPRINT,
  NO_PRIVATE_SERVER,
  open,
  privateServer,
  withClient
} from "../support/servers.ts"

const unexpected = () => Promise.reject(new Error("unexpected call"))
const statement = (): SqlStatement => ({ operation: "count", text: "select 1", values: [] })
const [ana, ben] = ["ana", "ben"].map((userId) => ({ agentId: "agent", userId })) as [Scope, Scope]

describe("reads of a handle with a second server", () => {
  const named = (name: string, fail: () => unknown = () => null): Database => ({
    concurrent: true,
    query: (): Promise<Rows> => {
      const cause = fail()
      return cause === null ? Promise.resolve([[name]]) : Promise.reject(cause)
    },
    execute: unexpected,
    transaction: unexpected,
    withSession: unexpected,
    close: unexpected
  })

  const makeReader = (fail: () => unknown, afterWriteMs = 5_000) => {
    const runner = makeStatementRunner(named("primary"), {
      rowLevelSecurity: false,
      statementTimeoutMs: null,
      closedReason: () => null,
      replica: new ReadReplica(named("standby", fail), afterWriteMs)
    })
    const from = (scope: Scope | "all") => runner.read(scope, statement, (rows) => rows[0]?.[0])
    return { runner, from }
  }

  it.live("go to the primary for a while after a write of their scope", () =>
    Effect.gen(function* () {
      const { from, runner } = makeReader(() => null, 100)
      assert.strictEqual(yield* from(ana), "standby")
      yield* runner.writeUnseen(ana, statement, () => null)
      assert.strictEqual(yield* from(ana), "standby", "counts of accesses keep no one away")
      yield* runner.write(ana, statement, () => null)
      assert.deepStrictEqual(yield* Effect.all([from(ana), from(ben), from("all")]), [
        "primary",
        "standby",
        "primary"
      ])
      yield* Effect.sleep("120 millis")
      assert.deepStrictEqual(yield* Effect.all([from(ana), from("all")]), ["standby", "standby"])
      yield* runner.write("all", statement, () => null)
      assert.strictEqual(yield* from(ben), "primary")
    })
  )

  it.live("go to the primary while the second server is away, or lacks a table", () =>
    Effect.gen(function* () {
      for (const code of ["ECONNREFUSED", "42P01"]) {
        let asked = 0
        const { from } = makeReader(() => {
          asked++
          return Object.assign(new Error("away"), { code })
        })
        assert.strictEqual(yield* from(ana), "primary")
        const first = asked
        assert.strictEqual(yield* from(ben), "primary")
        assert.strictEqual(asked, first, "it rests")
      }
      const { from } = makeReader(() => Object.assign(new Error("bad"), { code: "22000" }))
      assert.strictEqual((yield* Effect.flip(from(ana))).reason._tag, "InvalidInput")
    })
  )
})

const whenPrivate = privateServer ? describe : describe.skip

whenPrivate(`a hot standby${privateServer ? "" : ` (${NO_PRIVATE_SERVER})`}`, () => {
  const servers = Effect.acquireRelease(
    Effect.promise(
      async (): Promise<{ readonly primary: PrivatePostgres; readonly standby: PrivateStandby }> => {
        const primary = await startPostgres()
        return { primary, standby: await primary.startStandby() }
      }
    ),
    ({ primary }) => Effect.promise(() => primary.stop())
  )
  const apple = rowBuilder(ana, DIMENSIONS)("apple")
  const at = { scope: ana, now: T0 }

  it.live("answers a read-only memory without a warning, and a handle that writes reads its own writes", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { primary, standby } = yield* servers
        const url = Redacted.make(primary.url)
        const words = { ...FINGERPRINT, embedding: null }
        const { store } = yield* open(
          PgVectorStore.layer({ url, readUrl: Redacted.make(standby.url), readAfterWriteMs: 1_000 }),
          words
        )
        yield* store.put({
          ...at,
          rows: [{ ...apple, passages: [{ ...apple.passages[0], vector: null }] }]
        })
        assert.strictEqual(yield* store.count({ ...at, filter: ANY }), 1)
        const arrived = () =>
          withClient(standby.url, async (client) => {
            const { rows } = await client.query("select from keepsake.memories_2").catch(() => ({ rows: [] }))
            return rows.length === 1
          })
        while (!(yield* Effect.promise(arrived))) yield* Effect.sleep("50 millis")

        const warnings: Array<string> = []
        const logger = Logger.make(({ message }) => warnings.push(String(message)))
        yield* Effect.promise(async () => {
          await using memory = await promiseClient(
            AgentMemory.layer({}).pipe(
              Layer.provideMerge(PgVectorStore.layer({ url: Redacted.make(standby.url), readOnly: true })),
              Layer.provide(StoreFingerprint.layer(words)),
              Layer.provideMerge(Logger.layer([logger]))
            )
          )
          const found = await memory.for(ana).recall("apple", { minScore: 0 })
          assert.deepStrictEqual(
            found.map(({ memory: { content } }) => content),
            ["apple"]
          )
          await memory.for(ana).list()
        })
        assert.deepStrictEqual(
          warnings.filter((warning) => !/pgvector \S+ has faults/u.test(warning)),
          []
        )

        yield* Effect.sleep("1100 millis")
        yield* Effect.promise(() =>
          withClient(primary.url, (client) => client.query("update keepsake.memories_2 set pinned = true"))
        )
        const isPinned = Effect.map(store.get({ ...at, ids: [apple.memory.id] }), ([row]) => row?.pinned)
        while ((yield* isPinned) !== true) yield* Effect.sleep("50 millis")
        yield* Effect.promise(standby.kill)
        assert.strictEqual(yield* store.count({ ...at, filter: ANY }), 1, "the primary answers")
      })
    )
  )
})
