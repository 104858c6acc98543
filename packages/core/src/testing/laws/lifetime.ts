import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import type { StoreRow } from "../../store/StoreRow.ts"
import { holds, toContents, same, sameRemoval } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { DAY, T0 } from "../rows.ts"
import { find, findAround } from "../model/find.ts"

/** Removes expired rows of earlier laws from the shared place. */
const drain = Effect.fnUntraced(function* ({ admin }: LawContext, now: number) {
  while ((yield* admin.expire({ now, limit: 1_000 })).removed > 0);
})

/** For each reading method, whether it shows a row at `now`. */
const seenBy = Effect.fnUntraced(function* ({ scope, store }: LawContext, probe: StoreRow, now: number) {
  const search = {
    scope,
    now,
    vector: probe.passages[0].vector ?? undefined,
    terms: probe.passages[0].terms.ids,
    filter: ANY,
    limit: 10
  }
  const page = { scope, now, filter: ANY, closed: true, limit: 10 }
  return {
    get: (yield* store.get({ scope, now, ids: [probe.memory.id] })).length === 1,
    search: (yield* find(store, { ...search, exact: true })).hits.length === 1,
    searchDefault: (yield* find(store, search)).hits.length === 1,
    searchAsOf: (yield* find(store, { ...search, asOf: T0 + 1 })).hits.length === 1,
    around:
      (yield* findAround(store, { scope, now, anchors: [{ sessionId: "s", turn: 0 }], radius: 1 })).length ===
      1,
    speakers: (yield* store.speakers({ scope, now })).length === 1,
    list: (yield* store.list(page)).rows.length === 1,
    listRows: (yield* store.listRows(page)).rows.length === 1,
    latest: (yield* store.latest({ scope, now, filter: ANY, limit: 10 })).length === 1,
    count: (yield* store.count({ scope, now, filter: ANY })) === 1
  }
})

const all = <Key extends string>(seen: Readonly<Record<Key, boolean>>, is: boolean) =>
  Object.fromEntries(Object.keys(seen).map((method) => [method, is]))

export const lifetime = group("lifetime", {
  "expiresAt is the first moment a memory is gone, for every method": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const mortal = row("Mortal.", { expiresAt: T0 + DAY, sessionId: "s", turn: 0, speaker: "Ana" })
    yield* store.put({ scope, now: T0, rows: [mortal] })
    for (const [now, visible] of [
      [T0, true],
      [T0 + DAY - 1, true],
      [T0 + DAY, false],
      [T0 + DAY + 1, false],
      [T0 + 4_000 * DAY, false]
    ] as const) {
      const seen = yield* seenBy(context, mortal, now)
      same(seen, all(seen, visible), `at T0 + ${now - T0} ms`)
    }
  }),

  "time is the caller's: the same store answers for an earlier now": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    yield* store.put({
      scope,
      now: 1_000,
      rows: [row("Ancient.", { at: 1_000, expiresAt: 2_000, validity: [{ from: 0, to: null }] })]
    })
    const at = (now: number) => store.count({ scope, now, filter: ANY })
    same([yield* at(1_999), yield* at(2_000), yield* at(1_999)], [1, 0, 1], "counts")
  }),

  "a deadline already past is gone at once": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const late = row("Too late.", { expiresAt: T0, sessionId: "s", turn: 0, speaker: "Ana" })
    yield* store.put({ scope, now: T0, rows: [late] })
    const seen = yield* seenBy(context, late, T0)
    same(seen, all(seen, false), "never seen")
  }),

  "an expired row cannot be patched": Effect.fnUntraced(function* ({ row, scope, store }) {
    const gone = row("Gone.", { expiresAt: T0 + 1 })
    yield* store.put({ scope, now: T0, rows: [gone] })
    const change = { expiresAt: T0 + DAY }
    same(yield* store.patch({ scope, now: T0 + 1, id: gone.memory.id, change }), null, "the answer")
    same(yield* store.count({ scope, now: T0 + 1, filter: ANY }), 0, "it stays gone")
  }),

  "a lifetime made shorter or longer counts from then on": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const {
      memory,
      passages: [{ terms }]
    } = row("Renewed.", { expiresAt: T0 + 100 })
    yield* store.put({ scope, now: T0, rows: [{ ...row("Renewed."), memory }] })
    const countHits = (now: number) =>
      Effect.map(find(store, { scope, now, terms: terms.ids, filter: ANY, limit: 1 }), (r) => r.hits.length)
    yield* store.patch({ scope, now: T0, id: memory.id, change: { expiresAt: T0 + 1_000 } })
    same([yield* countHits(T0 + 100), yield* countHits(T0 + 1_000)], [1, 0], "longer")
    yield* store.patch({ scope, now: T0, id: memory.id, change: { expiresAt: T0 + 10 } })
    same([yield* countHits(T0 + 9), yield* countHits(T0 + 10)], [1, 0], "shorter")
    yield* store.patch({ scope, now: T0, id: memory.id, change: { expiresAt: null } })
    same(yield* countHits(T0 + 4_000 * DAY), 1, "without end")
  }),

  "purging removes what has expired and nothing else": Effect.fnUntraced(function* (context) {
    const { admin, row, scope, scopeOf, store } = context
    const now = T0 + 10 * DAY
    yield* drain(context, now)
    const other = scopeOf("other")
    const rows = (whose: typeof scope) => [
      row("at the last moment", { scope: whose, expiresAt: now }),
      row("long gone", { scope: whose, expiresAt: T0 + 1 }),
      row("one more day", { scope: whose, expiresAt: now + 1 }),
      row("for ever", { scope: whose })
    ]
    yield* store.put({ scope, now: T0, rows: rows(scope) })
    yield* store.put({ scope: other, now: T0, rows: rows(other) })
    const receipt = yield* admin.expire({ now, limit: 1_000 })
    sameRemoval(receipt, 4, "the receipt")
    for (const whose of [scope, other]) {
      // An earlier `now` would show a row that is hidden but not removed.
      const { rows } = yield* store.list({ scope: whose, now: T0, filter: ANY, closed: true, limit: 10 })
      same(toContents(rows), ["for ever", "one more day"], "what is left")
      const { df, n } = yield* find(store, {
        scope: whose,
        now,
        terms: row("moment day").passages[0].terms.ids,
        filter: ANY,
        limit: 1
      })
      same([n, df.toSorted((a, b) => a - b)], [2, [0, 1]], "purged rows are no longer counted")
      same(
        yield* store.count({ scope: whose, now, filter: ANY, lifetime: "any" }),
        2,
        "count of any lifetime"
      )
    }
    same((yield* admin.expire({ now, limit: 1_000 })).removed, 0, "a second purge finds nothing")
  }),

  "the first expiry, where a store tells it, is the least of all scopes": Effect.fnUntraced(
    function* (context) {
      const { admin, row, scope, scopeOf, store } = context
      const { firstExpiry } = admin
      if (firstExpiry === undefined) return
      const other = scopeOf("other")
      const late = row("Late.", { at: 100, expiresAt: 700 })
      const early = row("Early.", { scope: other, at: 100, expiresAt: 500 })
      yield* store.put({ scope, now: 100, rows: [late, row("For ever.", { at: 100 })] })
      yield* store.put({ scope: other, now: 100, rows: [early] })
      same(yield* firstExpiry, 500, "of two scopes")
      yield* store.patch({ scope: other, now: 100, id: early.memory.id, change: { expiresAt: 900 } })
      same(yield* firstExpiry, 700, "after a patch")
      yield* store.remove({ scope, now: 100, target: { _tag: "All" } })
      same(yield* firstExpiry, 900, "after a removal")
      yield* store.remove({ scope: other, now: 100, target: { _tag: "All" } })
      holds(((yield* firstExpiry) ?? Infinity) > 900, "a removed row expires no more")
    }
  ),

  "a purge keeps to its limit, and goes on where it stopped": Effect.fnUntraced(function* (context) {
    const { admin, row, scope, store } = context
    yield* drain(context, T0 + 2)
    const rows = Array.from({ length: 25 }, (_, i) => row(`gone ${i}`, { expiresAt: T0 + 1 }))
    yield* store.put({ scope, now: T0, rows })
    const removed: Array<number> = []
    do removed.push((yield* admin.expire({ now: T0 + 2, limit: 10 })).removed)
    while (removed.at(-1) === 10)
    same(removed, [10, 10, 5], "removed by each call")
    same(yield* store.count({ scope, now: T0, filter: ANY, lifetime: "any" }), 0, "nothing is left")
  }),

  "a purged statement said again is new": Effect.fnUntraced(function* (context) {
    const { admin, row, scope, store } = context
    yield* store.put({ scope, now: T0, rows: [row("Again.", { expiresAt: T0 + 1, pinned: true })] })
    yield* drain(context, T0 + 2)
    const again = row("Again.", { at: T0 + 5 })
    const [result] = yield* store.put({ scope, now: T0 + 5, rows: [again] })
    same(result?.outcome, "created", "the outcome")
    same(yield* store.get({ scope, now: T0 + 5, ids: [again.memory.id] }), [again.memory], "the new row")
    same((yield* admin.expire({ now: T0 + 5, limit: 10 })).removed, 0, "nothing of the old is left")
  })
})
