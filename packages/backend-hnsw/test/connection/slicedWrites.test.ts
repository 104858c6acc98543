import { assert, describe, it } from "@effect/vitest"
import { queryTerms, STORE_LIMITS } from "@keepsake/core/driver"
import { find } from "@keepsake/core/conformance"
import { Effect, Exit, Fiber } from "effect"
import { copyFileSync, existsSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { setImmediate } from "node:timers/promises"
import { openStore } from "../support/openStore.ts"
import { DIMENSIONS, direction, makeRow, makeScope, NOW } from "../support/rows.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const scope = makeScope("ana")
/** One write, which takes several slices on any machine: each row has passages of its own numbers. */
const rows = Array.from({ length: STORE_LIMITS.batch }, (_, i) => {
  const content = `memory ${i} `.repeat(20)
  const row = makeRow(scope, content, direction(i, DIMENSIONS), {
    sessionId: "s",
    turn: i,
    createdAt: NOW + i
  })
  const [first] = row.passages
  return { ...row, passages: [first, first, first, first, first, first] as const }
})
const request = { scope, now: NOW, rows }

/** Whether another connection finds the file locked by a transaction that writes. */
const isLocked = (path: string): boolean => {
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    db.exec("BEGIN IMMEDIATE; ROLLBACK")
    return false
  } catch {
    return true
  } finally {
    db.close()
  }
}

const turn = Effect.promise(() => setImmediate())

/** Returns while a write is between two slices. */
const untilLocked = (path: string): Effect.Effect<void> =>
  Effect.andThen(
    turn,
    Effect.suspend(() => (isLocked(path) ? Effect.void : untilLocked(path)))
  )

const openFolder = Effect.gen(function* () {
  const path = `${yield* temporaryFolder}/memory.db`
  const { store } = yield* openStore({ path, synchronous: "normal" })
  // So that the file has the scope.
  yield* store.put({ scope: makeScope("ben"), now: NOW, rows: [makeRow(makeScope("ben"), "hello", null)] })
  return { path, store }
})

const readCounts = (store: Effect.Success<typeof openFolder>["store"]) =>
  Effect.all(
    [
      store.count({ scope, now: NOW, filter: { _tag: "And", conditions: [] }, lifetime: "any" }),
      Effect.map(
        store.list({ scope, now: NOW, filter: { _tag: "And", conditions: [] }, limit: rows.length }),
        (page) => page.rows.length
      ),
      Effect.map(
        store.get({ scope, now: NOW, ids: rows.map(({ memory }) => memory.id) }),
        (found) => found.length
      ),
      Effect.map(store.lastTurn({ scope, sessionId: "s" }), (last) => (last ?? -1) + 1),
      Effect.map(
        find(store, { scope, now: NOW, limit: rows.length, terms: queryTerms("memory") }),
        ({ hits }) => hits.length
      ),
      Effect.map(store.usage({ scope }), ({ memories }) => memories)
    ],
    { concurrency: "unbounded" }
  )

describe("a write of many rows", () => {
  it.live("lets the event loop run, and no read sees a part of it", () =>
    Effect.gen(function* () {
      const { path, store } = yield* openFolder
      const other = yield* openStore({ path })
      const put = yield* Effect.forkChild(store.put(request))
      const reads: Array<Fiber.Fiber<ReadonlyArray<number>, unknown>> = []
      let lockedTurns = 0
      while (put.pollUnsafe() === undefined) {
        if (lockedTurns < 3 && isLocked(path)) {
          lockedTurns++
          reads.push(yield* Effect.forkChild(readCounts(store)))
          assert.deepStrictEqual(new Set(yield* readCounts(other.store)), new Set([0]))
        }
        yield* turn
      }
      assert.isAbove(lockedTurns, 1)
      for (const read of reads) {
        assert.deepStrictEqual(new Set(yield* Fiber.join(read)), new Set([rows.length]))
      }
      assert.deepStrictEqual(new Set(yield* readCounts(other.store)), new Set([rows.length]))
    }).pipe(Effect.scoped)
  )

  it.live("leaves nothing where it is interrupted between two slices, or is refused at its end", () =>
    Effect.gen(function* () {
      const { path, store } = yield* openFolder
      const put = yield* Effect.forkChild(store.put(request))
      yield* untilLocked(path)
      const waiting = yield* Effect.forkChild(readCounts(store))
      const next = yield* Effect.forkChild(store.put({ ...request, rows: rows.slice(0, 1) }))
      yield* Fiber.interrupt(put)
      assert.deepStrictEqual(
        (yield* Fiber.join(next)).map(({ outcome }) => outcome),
        ["created"]
      )
      assert.isAtMost(Math.max(...(yield* Fiber.join(waiting))), 1)
      const limits = { memories: 10, whenFull: "refuse" } as const
      assert.isTrue(Exit.isFailure(yield* Effect.exit(store.put({ ...request, limits }))))
      assert.deepStrictEqual(new Set(yield* readCounts(store)), new Set([1]))
      const outcomes = yield* store.put(request)
      assert.strictEqual(outcomes.filter(({ outcome }) => outcome === "created").length, rows.length - 1)
      assert.deepStrictEqual(new Set(yield* readCounts(store)), new Set([rows.length]))
    }).pipe(Effect.scoped)
  )

  it.live("leaves nothing where the process ends between two slices", () =>
    Effect.gen(function* () {
      const { path, store } = yield* openFolder
      const put = yield* Effect.forkChild(store.put(request))
      yield* untilLocked(path)
      // What a process that is killed now leaves.
      const left = `${yield* temporaryFolder}/memory.db`
      for (const end of ["", "-wal"]) if (existsSync(path + end)) copyFileSync(path + end, left + end)
      const reopened = yield* openStore({ path: left })
      assert.deepStrictEqual(new Set(yield* readCounts(reopened.store)), new Set([0]))
      yield* Fiber.join(put)
    }).pipe(Effect.scoped)
  )
})
