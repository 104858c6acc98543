import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { MemoryError } from "../../memory/MemoryError.ts"
import { holds, toIds, same } from "../check.ts"
import { group } from "../Law.ts"
import { T0 } from "../rows.ts"
import { find } from "../model/find.ts"

/** Starts a call and interrupts it after some yields, so that interruptions hit different points. */
const interruptedAfter = Effect.fnUntraced(function* <A, E>(turns: number, call: Effect.Effect<A, E>) {
  const fiber = yield* Effect.forkChild(call)
  for (let i = 0; i < turns; i++) yield* Effect.yieldNow
  return yield* Fiber.interrupt(fiber)
})

export const interruption = group("interruption", {
  "interrupted calls leave the store usable, and no half-written batch": Effect.fnUntraced(
    function* (context) {
      const { row, scope, store } = context
      const batches = Array.from({ length: 12 }, (_, batch) =>
        Array.from({ length: 4 }, (_, i) => row(`apple ${batch} ${i}`))
      )
      const terms = row("apple").passages[0].terms.ids
      const search = {
        scope,
        now: T0,
        vector: row("apple").passages[0].vector ?? undefined,
        terms,
        filter: ANY
      }
      for (const [turns, rows] of batches.entries()) {
        yield* interruptedAfter(turns, store.put({ scope, now: T0, rows }))
        yield* interruptedAfter(turns, find(store, { ...search, limit: 5 }))
      }
      yield* store.put({ scope, now: T0, rows: [row("apple at last")] })
      const { rows } = yield* store.list({ scope, now: T0, filter: ANY, limit: 1_000 })
      const stored = new Set(toIds(rows))
      for (const batch of batches) {
        const written = toIds(batch).filter((id) => stored.has(id)).length
        holds(written === 0 || written === 4, `${written} of a batch of 4 are there`)
      }
      const { df, hits, n } = yield* find(store, { ...search, limit: 1_000, exact: true })
      same([n, df, hits.length], [stored.size, [stored.size], stored.size], "counted as kept")
    }
  ),

  "close during writes: what was acknowledged is there, what was not failed as Closed": Effect.fnUntraced(
    function* (context) {
      const { fresh, row, scope } = context
      const place = yield* fresh
      const { admin, store } = yield* place.open()
      const rows = Array.from({ length: 30 }, (_, i) => row(`row ${i}`))
      const writing = yield* Effect.forkChild(
        Effect.forEach(rows, (statement) => Effect.exit(store.put({ scope, now: T0, rows: [statement] })), {
          concurrency: 10
        })
      )
      // When this call has answered, some writes are done and some are under way.
      yield* store.count({ scope, now: T0, filter: ANY })
      yield* admin.close
      const exits = yield* Fiber.join(writing)
      const again = yield* place.open()
      const stored = yield* again.store.list({ scope, now: T0, filter: ANY, limit: 1_000 })
      exits.forEach((exit, i) => {
        const id = toIds(rows)[i] ?? ""
        if (Exit.isSuccess(exit)) return holds(toIds(stored.rows).includes(id), `row ${i} was acknowledged`)
        const error = Exit.findErrorOption(exit)
        const reason =
          error._tag === "Some" && error.value instanceof MemoryError ? error.value.reason._tag : "none"
        return same(reason, "Closed", `row ${i} failed`)
      })
    }
  )
})
