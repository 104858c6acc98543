import { storeClosed } from "@keepsake/core/driver"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Database, SqlStatement } from "../../src/connection/Database.ts"
import { makeStatementRunner } from "../../src/connection/StatementRunner.ts"
import { expectFailure } from "../support/servers.ts"

const unexpected = () => Promise.reject(new Error("unexpected call"))

/** A database that answers `query` alone. */
const makeDatabase = (query: Database["query"]): Database => ({
  concurrent: true,
  query,
  execute: unexpected,
  transaction: unexpected,
  withSession: unexpected,
  close: unexpected
})

const statement = (): SqlStatement => ({ operation: "count", text: "select 1", values: [] })
const serialisationFailure = Object.assign(new Error("could not serialize access"), { code: "40001" })

describe("StatementRunner", () => {
  it.live("does not retry once the store is closed", () =>
    Effect.gen(function* () {
      let queries = 0
      let reason: string | null = null
      const database = makeDatabase(() => {
        queries++
        reason = "Closed in the test."
        return Promise.reject(serialisationFailure)
      })
      const runner = makeStatementRunner(database, {
        rowLevelSecurity: false,
        statementTimeoutMs: null,
        closedReason: () => reason,
        replica: null
      })
      const error = yield* expectFailure(runner.write("all", statement, () => null))
      assert.strictEqual(error.message, storeClosed("Closed in the test.").message)
      assert.strictEqual(queries, 1)
    })
  )

  it.live("retries a statement that the server rolled back", () =>
    Effect.gen(function* () {
      let queries = 0
      const database = makeDatabase(() =>
        ++queries < 3 ? Promise.reject(serialisationFailure) : Promise.resolve([[queries]])
      )
      const runner = makeStatementRunner(database, {
        rowLevelSecurity: false,
        statementTimeoutMs: null,
        closedReason: () => null,
        replica: null
      })
      assert.deepStrictEqual(yield* runner.write("all", statement, (rows) => rows), [[3]])
    })
  )

  it.live("drains statements whose fibers were interrupted", () =>
    Effect.gen(function* () {
      const answer = Promise.withResolvers<ReadonlyArray<ReadonlyArray<unknown>>>()
      const runner = makeStatementRunner(
        makeDatabase(() => answer.promise),
        { rowLevelSecurity: false, statementTimeoutMs: null, closedReason: () => null, replica: null }
      )
      const fiber = yield* Effect.forkChild(
        runner.read("all", statement, () => null),
        { startImmediately: true }
      )
      yield* Fiber.interrupt(fiber)
      let drained = false
      const draining = runner.drained().then(() => {
        drained = true
      })
      yield* Effect.sleep("20 millis")
      assert.isFalse(drained)
      answer.resolve([])
      yield* Effect.promise(() => draining)
      assert.isTrue(drained)
    })
  )
})
