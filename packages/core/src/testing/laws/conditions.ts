import * as Effect from "effect/Effect"
import { type Condition, matches, not } from "../../memory/Condition.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import { toIds, same } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { randomCondition, randomParts } from "../model/conditions.ts"
import { makeRandom } from "../random.ts"
import { axis, DAY, queryTerms, T0 } from "../rows.ts"
import { find } from "../model/find.ts"

/** Before the first of the random rows expires. */
const NOW = T0 + DAY

const randomRows = Effect.fnUntraced(function* ({ row, scope, seed, store }: LawContext) {
  const random = makeRandom(seed)
  const rows = Array.from({ length: 60 }, (_, i) => row(`apple ${i}`, randomParts(random)))
  yield* store.put({ scope, now: T0, rows })
  return rows
})

const selected = (rows: ReadonlyArray<StoreRow>, condition: Condition): ReadonlyArray<string> =>
  toIds(rows.filter(({ memory }) => matches(condition, memory))).toSorted()

const show = (condition: Condition): string => JSON.stringify(condition)

export const conditions = group("conditions", {
  "random conditions select in list, latest and count what they select by definition": Effect.fnUntraced(
    function* (context) {
      const { operations, scope, seed, store } = context
      const rows = yield* randomRows(context)
      const random = makeRandom(seed + 1)
      for (let i = 0; i < operations / 2; i++) {
        const filter = randomCondition(random)
        const expected = selected(rows, filter)
        const request = { scope, now: NOW, filter, limit: 100 }
        same(toIds((yield* store.list(request)).rows).toSorted(), expected, `list: ${show(filter)}`)
        if (i % 4 > 0) continue
        same(toIds(yield* store.latest(request)).toSorted(), expected, `latest: ${show(filter)}`)
        same(yield* store.count(request), expected.length, `count: ${show(filter)}`)
        same(
          yield* store.count({ ...request, lifetime: "any" }),
          expected.length,
          `count any: ${show(filter)}`
        )
      }
    }
  ),

  "random conditions select in search what they select by definition": Effect.fnUntraced(function* (context) {
    const { dimensions, operations, scope, seed, store } = context
    const rows = yield* randomRows(context)
    const random = makeRandom(seed + 2)
    for (let i = 0; i < operations / 4; i++) {
      const filter = randomCondition(random)
      const { hits } = yield* find(store, {
        scope,
        now: NOW,
        filter,
        limit: 100,
        exact: true,
        ...(i % 2 === 0 ? { terms: queryTerms("apple") } : { vector: axis(dimensions) })
      })
      same(toIds(hits).toSorted(), selected(rows, filter), `search: ${show(filter)}`)
    }
  }),

  "a condition and its opposite part the rows": Effect.fnUntraced(function* (context) {
    const { operations, scope, seed, store } = context
    const rows = yield* randomRows(context)
    const random = makeRandom(seed + 3)
    for (let i = 0; i < operations / 8; i++) {
      const condition = randomCondition(random)
      const list = (filter: Condition) =>
        Effect.map(store.list({ scope, now: NOW, filter, limit: 100 }), (page) => toIds(page.rows))
      const both = [...(yield* list(condition)), ...(yield* list(not(condition)))]
      same(both.toSorted(), toIds(rows).toSorted(), show(condition))
    }
  }),

  "a condition is removed by as it is counted by": Effect.fnUntraced(function* (context) {
    const { operations, scope, seed, store } = context
    const random = makeRandom(seed + 4)
    for (let i = 0; i < operations / 40; i++) {
      const rows = yield* randomRows(context)
      const filter = randomCondition(random)
      const { removed } = yield* store.remove({ scope, now: NOW, target: { _tag: "Filter", filter } })
      same(removed, selected(rows, filter).length, `removed: ${show(filter)}`)
      const { rows: left } = yield* store.list({ scope, now: NOW, filter: not(filter), limit: 100 })
      same(toIds(left).toSorted(), selected(rows, not(filter)), `left: ${show(filter)}`)
    }
  }),

  "many rows that fail a condition never hide one that passes": Effect.fnUntraced(function* (context) {
    const { dimensions, row, scope, store } = context
    const rows = Array.from({ length: 200 }, (_, i) =>
      row(`apple apple ${i}`, { metadata: { deep: { rank: i }, tags: i === 120 ? ["rare", 1] : ["usual"] } })
    )
    yield* store.put({ scope, now: T0, rows })
    const wanted: ReadonlyArray<Condition> = [
      { _tag: "Contains", target: { path: ["tags"] }, value: "rare" },
      { _tag: "Compare", target: { path: ["deep", "rank"] }, comparison: "gte", value: 199 },
      not({ _tag: "Contains", target: { path: ["tags"] }, value: "usual" })
    ]
    for (const filter of wanted) {
      for (const exact of [true, undefined]) {
        const request = { scope, now: T0, filter, limit: 1, exact }
        const near = yield* find(store, { ...request, vector: axis(dimensions) })
        same(toIds(near.hits), selected(rows, filter), `by vector: ${show(filter)}`)
        const worded = yield* find(store, { ...request, terms: queryTerms("apple") })
        same(toIds(worded.hits), selected(rows, filter), `by words: ${show(filter)}`)
      }
    }
  })
})
