import { ANY, type Condition } from "../../memory/Condition.ts"
import { toCondition, type Filter } from "../../memory/Filter.ts"
import * as Effect from "effect/Effect"
import { toContents, toIds, same, sameRemoval } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { DAY, T0 } from "../rows.ts"
import { find } from "../model/find.ts"

const NOW = T0 + 100

/** Two of each lifetime, one of each type. */
const mixed = Effect.fnUntraced(function* ({ row, scope, store }: LawContext) {
  const lifetimes = {
    live: {},
    expired: { expiresAt: T0 + 1 },
    closed: { validity: [{ from: T0 - DAY, to: T0 }] }
  }
  const rows = Object.entries(lifetimes).flatMap(([name, parts]) => [
    row(`${name} event`, { ...parts, sessionId: "s", turn: 1, speaker: name }),
    row(`${name} fact`, { ...parts, type: "semantic", metadata: { topic: "rail" } })
  ])
  yield* store.put({ scope, now: T0, rows })
  return rows
})

/** Contents of all rows; at `T0` none has expired. */
const left = ({ scope, store }: LawContext) =>
  Effect.map(store.list({ scope, now: T0, filter: ANY, closed: true, limit: 1_000 }), (page) =>
    toContents(page.rows)
  )

const OLDER: Readonly<Record<string, Filter>> = {
  "a type": { types: ["semantic"] },
  "a session": { sessionId: "s" },
  "all but a session": { exceptSessionId: "s" },
  metadata: { metadata: { topic: "rail" } },
  speakers: { speakers: ["live", "expired", "closed"] }
}

const FILTERS: ReadonlyArray<readonly [name: string, filter: Condition]> = Object.entries(OLDER).map(
  ([name, filter]) => [name, toCondition(filter)]
)

export const removal = group("removal", {
  "by ids, whatever their lifetime, with the count": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const rows = yield* mixed(context)
    const ids = [...toIds(rows.slice(0, 3)), row("never put").memory.id]
    const receipt = yield* store.remove({ scope, now: NOW, target: { _tag: "Ids", ids } })
    sameRemoval(receipt, 3, "the receipt")
    same(yield* left(context), toContents(rows.slice(3)), "what is left")
    const again = yield* store.remove({ scope, now: NOW, target: { _tag: "Ids", ids } })
    same(again.removed, 0, "a second time")
  }),

  "by filter, whatever their lifetime, as count foretold": Effect.fnUntraced(function* (context) {
    const { scope, store } = context
    for (const [name, filter] of FILTERS) {
      const rows = yield* mixed(context)
      const foretold = yield* store.count({ scope, now: NOW, filter, lifetime: "any" })
      const { removed } = yield* store.remove({ scope, now: NOW, target: { _tag: "Filter", filter } })
      same([foretold, removed], [3, 3], name)
      same((yield* left(context)).length, 3, `${name}: what is left`)
      yield* store.remove({ scope, now: NOW, target: { _tag: "All" } })
      same(rows.length, 6, "rows")
    }
  }),

  "a filter that matches nothing removes nothing": Effect.fnUntraced(function* (context) {
    const { scope, store } = context
    yield* mixed(context)
    for (const older of [{ types: [] }, { sessionId: "none" }, { metadata: { topic: null } }]) {
      const filter = toCondition(older)
      same((yield* store.remove({ scope, now: NOW, target: { _tag: "Filter", filter } })).removed, 0, "count")
    }
    same((yield* left(context)).length, 6, "what is left")
  }),

  "everything, expired rows included": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    yield* mixed(context)
    const { removed } = yield* store.remove({ scope, now: NOW, target: { _tag: "All" } })
    same([removed, yield* left(context)], [6, []], "the count and what is left")
    const result = yield* find(store, {
      scope,
      now: T0,
      terms: row("fact").passages[0].terms.ids,
      filter: ANY,
      limit: 5
    })
    same([result.n, result.df], [0, [0]], "n and df")
    same(yield* store.lastTurn({ scope, sessionId: "s" }), null, "lastTurn")
    same((yield* store.remove({ scope, now: NOW, target: { _tag: "All" } })).removed, 0, "a second time")
  }),

  "more than any page: 300 rows": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const rows = Array.from({ length: 300 }, (_, i) => row(`row ${i}`, { pinned: i % 2 === 0 }))
    const fill = Effect.gen(function* () {
      yield* store.put({ scope, now: T0, rows: rows.slice(0, 150) })
      yield* store.put({ scope, now: T0, rows: rows.slice(150) })
    })
    yield* fill
    const byIds = { _tag: "Ids", ids: toIds(rows.slice(0, 256)) } as const
    same((yield* store.remove({ scope, now: NOW, target: byIds })).removed, 256, "by 256 ids")
    same((yield* left(context)).length, 44, "left after ids")
    yield* fill
    const byFilter = { _tag: "Filter", filter: toCondition({ pinned: true }) } as const
    same((yield* store.remove({ scope, now: NOW, target: byFilter })).removed, 150, "by filter")
    same((yield* left(context)).length, 150, "left after a filter")
    same((yield* store.remove({ scope, now: NOW, target: { _tag: "All" } })).removed, 150, "everything")
    same(yield* left(context), [], "left after everything")
  }),

  "what is forgotten can be said anew, with nothing of the old": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    yield* store.put({ scope, now: T0, rows: [row("Secret.", { pinned: true, accessCount: 3 })] })
    yield* store.remove({ scope, now: T0, target: { _tag: "All" } })
    const anew = row("Secret.", { at: T0 + 1 })
    const [result] = yield* store.put({ scope, now: T0 + 1, rows: [anew] })
    same(result?.outcome, "created", "the outcome")
    same(yield* store.get({ scope, now: T0 + 1, ids: [anew.memory.id] }), [anew.memory], "the row")
  }),

  "a forgotten row is found by no channel": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const rows = Array.from({ length: 60 }, (_, i) => row(`apple ${i}`))
    yield* store.put({ scope, now: T0, rows })
    const doomed = toIds(rows.filter((_, i) => i % 2 === 0))
    const ask = (exact?: true) =>
      find(store, {
        scope,
        now: T0,
        vector: rows[0]?.passages[0].vector ?? undefined,
        terms: row("apple").passages[0].terms.ids,
        filter: ANY,
        limit: 100,
        exact
      })
    same((yield* ask()).hits.length, 60, "before")
    yield* store.remove({ scope, now: T0, target: { _tag: "Ids", ids: doomed } })
    for (const exact of [true, undefined] as const) {
      const { df, hits, n } = yield* ask(exact)
      same([n, df, hits.length], [30, [30], 30], `exact ${String(exact)}`)
      same(
        hits.filter(({ memory }) => doomed.includes(memory.id)),
        [],
        "none of the forgotten"
      )
    }
  }),

  "count goes by lifetime and filter": Effect.fnUntraced(function* (context) {
    const { scope, store } = context
    yield* mixed(context)
    const count = (filter: Condition, lifetime?: "live" | "any", now = NOW) =>
      store.count({ scope, now, filter, lifetime })
    same(
      [
        yield* count(ANY),
        yield* count(ANY, "live"),
        yield* count(ANY, "live", T0),
        yield* count(ANY, "any"),
        yield* count(toCondition({ types: ["semantic"] })),
        yield* count(toCondition({ types: ["semantic"] }), "any"),
        yield* count(toCondition({ types: [] }), "any")
      ],
      [2, 2, 4, 6, 1, 3, 0],
      "counts"
    )
  })
})
