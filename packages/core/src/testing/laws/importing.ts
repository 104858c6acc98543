import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import { toIds, same } from "../check.ts"
import { group } from "../Law.ts"
import { DAY, T0 } from "../rows.ts"
import { find } from "../model/find.ts"

export const importing = group("import of the past", {
  "what was said long ago keeps its time, and is found now": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const rows = [10, 400, 4_000, 30_000].map((days) =>
      row(`Said ${days} days ago.`, { saidAt: T0 - days * DAY })
    )
    yield* store.put({ scope, now: T0, rows })
    const { hits } = yield* find(store, {
      scope,
      now: T0,
      terms: row("days").passages[0].terms.ids,
      filter: ANY,
      limit: 10,
      exact: true
    })
    same(
      hits.map((hit) => hit.memory.saidAt).toSorted((a, b) => b - a),
      rows.map(({ memory }) => memory.saidAt),
      "saidAt"
    )
    same(toIds(yield* store.latest({ scope, now: T0, filter: ANY, limit: 10 })), toIds(rows), "latest first")
  }),

  "it held from when it was said, not from when it was imported": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const past = row("The plan was sea freight.", { saidAt: T0 - 100 * DAY })
    const next = row("The plan is rail.", { saidAt: T0 - 10 * DAY })
    yield* store.put({ scope, now: T0, rows: [past] })
    yield* store.supersede({ scope, now: T0, id: past.memory.id, row: next })
    for (const [days, holding] of [
      [101, []],
      [50, [past.memory.id]],
      [5, [next.memory.id]]
    ] as const) {
      const { hits } = yield* find(store, {
        scope,
        now: T0,
        asOf: T0 - days * DAY,
        terms: row("plan").passages[0].terms.ids,
        filter: ANY,
        limit: 10,
        exact: true
      })
      same(toIds(hits), holding, `${days} days ago`)
    }
  }),

  "rows with a history of their own are kept whole": Effect.fnUntraced(function* ({ row, scope, store }) {
    const successor = row("Now it is rail.")
    const moved = row("It was sea freight, twice.", {
      createdAt: T0 - 300 * DAY,
      updatedAt: T0 - 90 * DAY,
      validity: [
        { from: T0 - 300 * DAY, to: T0 - 200 * DAY },
        { from: T0 - 100 * DAY, to: T0 - 90 * DAY }
      ],
      supersededBy: successor.memory.id,
      accessCount: 41,
      lastAccessedAt: T0 - 91 * DAY
    })
    yield* store.put({ scope, now: T0, rows: [moved, successor] })
    const { rows } = yield* store.list({ scope, now: T0, filter: ANY, closed: true, limit: 10 })
    same(rows, [moved.memory, successor.memory], "in the order of their creation")
    for (const [days, expected] of [
      [250, true],
      [150, false],
      [95, true],
      [50, false]
    ] as const) {
      const { hits } = yield* find(store, {
        scope,
        now: T0,
        asOf: T0 - days * DAY,
        vector: moved.passages[0].vector ?? undefined,
        filter: ANY,
        limit: 10,
        exact: true
      })
      same(toIds(hits).includes(moved.memory.id), expected, `${days} days ago`)
    }
    const n = yield* find(store, { scope, now: T0, filter: ANY, limit: 1, exact: true })
    same(n.n, 1, "a closed row is not counted")
  }),

  "a row imported already expired is not there": Effect.fnUntraced(function* ({ row, scope, store }) {
    const gone = row("Long gone.", { saidAt: T0 - 10 * DAY, expiresAt: T0 - DAY })
    yield* store.put({ scope, now: T0, rows: [gone] })
    same(yield* store.get({ scope, now: T0, ids: [gone.memory.id] }), [], "get")
    same((yield* store.list({ scope, now: T0, filter: ANY, closed: true, limit: 10 })).rows, [], "list")
  })
})
