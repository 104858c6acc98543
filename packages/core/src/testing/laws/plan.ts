import * as Effect from "effect/Effect"
import { ANY } from "../../memory/Condition.ts"
import { same } from "../check.ts"
import { group } from "../Law.ts"
import { axis, T0 } from "../rows.ts"
import { find } from "../model/find.ts"

export const plan = group("plan", {
  "an exact search says so, and counts the rows that words alone find": Effect.fnUntraced(
    function* (context) {
      const { dimensions, row, scope, store } = context
      yield* store.put({
        scope,
        now: T0,
        rows: [
          row("apple"),
          row("apple without a vector", { vector: null }),
          row("pear without a vector, expired", { vector: null, expiresAt: T0 }),
          row("plum without a vector, closed", { vector: null, validity: [{ from: T0 - 2, to: T0 - 1 }] })
        ]
      })
      const ask = (request: object) =>
        Effect.map(
          find(store, { scope, now: T0, filter: ANY, limit: 10, exact: true, ...request }),
          (found) => found.plan
        )
      const expected = { way: "exact", byWordsAlone: 2 }
      same(yield* ask({ vector: axis(dimensions) }), expected, "by vector")
      same(yield* ask({ terms: row("apple").passages[0].terms.ids }), expected, "by words")
      const empty = yield* find(store, {
        scope: context.scopeOf("empty"),
        now: T0,
        filter: ANY,
        limit: 1,
        exact: true
      })
      same(empty.plan, { way: "exact", byWordsAlone: 0 }, "an empty scope")
    }
  )
})
