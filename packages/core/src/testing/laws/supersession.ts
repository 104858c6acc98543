import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import { holds, toIds, same, sameSet } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { DAY, T0 } from "../rows.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import { find, findAround } from "../model/find.ts"

/** Puts "old", then supersedes it with "new" a second later. */
const superseded = Effect.fnUntraced(function* (
  { row, scope, store }: LawContext,
  parts: Parameters<typeof row>[1] = {}
) {
  const before = row("The office is in Lyon.", parts)
  const after = row("The office is in Turin.", { at: T0 + 1_000 })
  yield* store.put({ scope, now: T0, rows: [before] })
  const outcome = yield* store.supersede({ scope, now: T0 + 1_000, id: before.memory.id, row: after })
  return { before, after, outcome }
})

const searchBoth = ({ scope, store }: LawContext, row: StoreRow, asOf?: number) =>
  find(store, {
    scope,
    now: T0 + 2_000,
    asOf,
    vector: row.passages[0].vector ?? undefined,
    terms: row.passages[0].terms.ids,
    filter: ANY,
    limit: 10,
    exact: true
  })

export const supersession = group("supersession", {
  "the old row is closed and linked, the new one is open": Effect.fnUntraced(function* (context) {
    const { scope, store } = context
    const { after, before, outcome } = yield* superseded(context, { metadata: { a: 1 }, expiresAt: T0 + DAY })
    same(outcome, { outcome: "created", closed: true }, "the outcome")
    const got = yield* store.get({ scope, now: T0 + 2_000, ids: toIds([before, after]) })
    same(
      got.find(({ id }) => id === before.memory.id),
      {
        ...before.memory,
        validity: [{ from: T0, to: T0 + 1_000 }],
        supersededBy: after.memory.id,
        updatedAt: T0 + 1_000
      },
      "the old row keeps everything else"
    )
    same(
      got.find(({ id }) => id === after.memory.id),
      after.memory,
      "the new row"
    )
  }),

  "the closed row is absent now": Effect.fnUntraced(function* (context) {
    const { scope, store } = context
    const { after, before } = yield* superseded(context, { sessionId: "s", turn: 0, speaker: "Ana" })
    const now = T0 + 2_000
    const result = yield* searchBoth(context, before)
    same(toIds(result.hits), [after.memory.id], "search")
    same([result.n, result.df.toSorted((a, b) => a - b)], [1, [0, 1]], "search counts current rows only")
    const around = yield* findAround(store, { scope, now, anchors: [{ sessionId: "s", turn: 0 }], radius: 1 })
    same(around, [], "around")
    same(yield* store.speakers({ scope, now }), [], "speakers")
    same(toIds((yield* store.list({ scope, now, filter: ANY, limit: 10 })).rows), [after.memory.id], "list")
    same(toIds(yield* store.latest({ scope, now, filter: ANY, limit: 10 })), [after.memory.id], "latest")
    same(yield* store.count({ scope, now, filter: ANY }), 1, "count")
  }),

  "the closed row is there as history": Effect.fnUntraced(function* (context) {
    const { scope, store } = context
    const { after, before } = yield* superseded(context, { sessionId: "s", turn: 3 })
    const now = T0 + 2_000
    const then = yield* searchBoth(context, before, T0 + 500)
    same(toIds(then.hits), [before.memory.id], "search with asOf")
    const around = yield* findAround(store, {
      scope,
      now,
      asOf: T0 + 500,
      anchors: [{ sessionId: "s", turn: 3 }],
      radius: 1
    })
    same(toIds(around), [before.memory.id], "around with asOf")
    const listed = yield* store.list({ scope, now, filter: ANY, closed: true, limit: 10 })
    same(toIds(listed.rows), toIds([before, after]), "list with closed rows")
    same(yield* store.lastTurn({ scope, sessionId: "s" }), 3, "lastTurn")
    same(yield* store.count({ scope, now, filter: ANY, lifetime: "any" }), 2, "count of any lifetime")
  }),

  "asOf is inclusive at the start and exclusive at the end": Effect.fnUntraced(function* (context) {
    const { after, before } = yield* superseded(context)
    for (const [asOf, expected] of [
      [T0 - 1, []],
      [T0, [before.memory.id]],
      [T0 + 999, [before.memory.id]],
      [T0 + 1_000, [after.memory.id]],
      [T0 + DAY, [after.memory.id]]
    ] as const) {
      same(toIds((yield* searchBoth(context, before, asOf)).hits), expected, `asOf T0 + ${asOf - T0}`)
    }
  }),

  "asOf never brings back what has expired": Effect.fnUntraced(function* (context) {
    const { before } = yield* superseded(context, { expiresAt: T0 + 1_500 })
    same((yield* searchBoth(context, before, T0 + 500)).hits, [], "search with asOf")
  }),

  "an id that is not there closes nothing, and the new row is kept": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const next = row("Kept all the same.")
    const outcome = yield* store.supersede({ scope, now: T0, id: row("Never put.").memory.id, row: next })
    same(outcome, { outcome: "created", closed: false }, "the outcome")
    same(yield* store.get({ scope, now: T0, ids: [next.memory.id] }), [next.memory], "the new row")
  }),

  "a row already closed stays as it was": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const { before } = yield* superseded(context)
    const closed = yield* store.get({ scope, now: T0 + 2_000, ids: [before.memory.id] })
    const third = row("The office is in Bern.", { at: T0 + 2_000 })
    const outcome = yield* store.supersede({ scope, now: T0 + 2_000, id: before.memory.id, row: third })
    same(outcome, { outcome: "created", closed: false }, "the outcome")
    same(yield* store.get({ scope, now: T0 + 2_000, ids: [before.memory.id] }), closed, "the old row")
  }),

  "an expired row is not closed any more": Effect.fnUntraced(function* (context) {
    const { outcome } = yield* superseded(context, { expiresAt: T0 + 1_000 })
    same(outcome, { outcome: "created", closed: false }, "the outcome")
  }),

  "a conflict links nothing": Effect.fnUntraced(function* ({ row, scope, store }) {
    const old = row("Old.")
    const taken = row("Taken.", { key: "k" })
    yield* store.put({ scope, now: T0, rows: [old, taken] })
    const other = row("Other words.", { key: "k", at: T0 + 10 })
    const outcome = yield* store.supersede({ scope, now: T0 + 10, id: old.memory.id, row: other })
    same(outcome, { outcome: "conflict", closed: false }, "the outcome")
    const { rows } = yield* store.list({ scope, now: T0 + 10, filter: ANY, closed: true, limit: 10 })
    sameSet(rows, [old.memory, taken.memory], "both rows are as they were")
  }),

  "a successor known already closes the old row from its own start": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const old = row("Old.")
    const next = row("Next.", { at: T0 + 100 })
    yield* store.put({ scope, now: T0 + 100, rows: [old, next] })
    const outcome = yield* store.supersede({
      scope,
      now: T0 + 900,
      id: old.memory.id,
      row: row("Next.", { at: T0 + 900 })
    })
    same(outcome, { outcome: "refreshed", closed: true }, "the outcome")
    const [closed] = yield* store.get({ scope, now: T0 + 900, ids: [old.memory.id] })
    same(closed?.validity, [{ from: T0, to: T0 + 100 }], "it ends where the successor's interval starts")
  }),

  "a successor that was gone is reopened, and closes the old row": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const old = row("Old.")
    const gone = row("Gone and back.", { expiresAt: T0 + 10 })
    yield* store.put({ scope, now: T0, rows: [old, gone] })
    const now = T0 + 50
    const back = row("Gone and back.", { at: now })
    const outcome = yield* store.supersede({ scope, now, id: old.memory.id, row: back })
    same(outcome, { outcome: "reopened", closed: true }, "the outcome")
    const got = yield* store.get({ scope, now, ids: toIds([old, back]) })
    same(
      got.find(({ id }) => id === back.memory.id)?.validity,
      [
        { from: T0, to: T0 + 10 },
        { from: now, to: null }
      ],
      "the successor's intervals"
    )
    same(got.find(({ id }) => id === old.memory.id)?.validity, [{ from: T0, to: now }], "the old row's")
  }),

  "a row that was reopened can be superseded again": Effect.fnUntraced(function* ({ row, scope, store }) {
    const a = (at: number) => row("It is A.", { at })
    const b = (at: number) => row("It is B.", { at })
    yield* store.put({ scope, now: T0, rows: [a(T0)] })
    for (const [now, old, next] of [
      [T0 + 10, a, b],
      [T0 + 20, b, a],
      [T0 + 30, a, b]
    ] as const) {
      const { closed } = yield* store.supersede({ scope, now, id: old(T0).memory.id, row: next(now) })
      holds(closed, `closed at T0 + ${now - T0}`)
    }
    const got = yield* store.get({ scope, now: T0 + 40, ids: toIds([a(T0), b(T0)]) })
    const of = (id: string) => got.find((memory) => memory.id === id)
    same(
      of(a(T0).memory.id)?.validity,
      [
        { from: T0, to: T0 + 10 },
        { from: T0 + 20, to: T0 + 30 }
      ],
      "A held twice"
    )
    same(
      of(b(T0).memory.id)?.validity,
      [
        { from: T0 + 10, to: T0 + 20 },
        { from: T0 + 30, to: null }
      ],
      "B held, and holds"
    )
    for (const [at, holding] of [
      [T0 + 5, "It is A."],
      [T0 + 15, "It is B."],
      [T0 + 25, "It is A."],
      [T0 + 35, "It is B."]
    ] as const) {
      const vector = a(T0).passages[0].vector ?? undefined
      const { hits } = yield* find(store, { scope, now: T0 + 40, asOf: at, vector, filter: ANY, limit: 5 })
      same(
        hits.map(({ memory }) => memory.content),
        [holding],
        `what held at T0 + ${at - T0}`
      )
    }
  }),

  "an interval never runs backwards": Effect.fnUntraced(function* ({ row, scope, store }) {
    const old = row("Said now.")
    const imported = row("Held since long ago.", { saidAt: T0 - DAY })
    yield* store.put({ scope, now: T0, rows: [old] })
    yield* store.supersede({ scope, now: T0 + 1, id: old.memory.id, row: imported })
    const [closed] = yield* store.get({ scope, now: T0 + 1, ids: [old.memory.id] })
    same(closed?.validity, [{ from: T0, to: T0 }], "closed at its own start")
    holds(closed?.supersededBy === imported.memory.id, "and linked")
  }),

  "a chain of successors can be walked": Effect.fnUntraced(function* ({ row, scope, store }) {
    const chain = Array.from({ length: 6 }, (_, i) => row(`Version ${i} of the plan.`, { at: T0 + i * 100 }))
    for (const [i, next] of chain.entries()) {
      const previous = chain[i - 1]
      if (previous === undefined) yield* store.put({ scope, now: T0, rows: [next] })
      else yield* store.supersede({ scope, now: T0 + i * 100, id: previous.memory.id, row: next })
    }
    const { rows } = yield* store.list({ scope, now: T0 + 1_000, filter: ANY, closed: true, limit: 10 })
    same(
      rows.map((memory) => memory.supersededBy),
      [...chain.slice(1).map(({ memory }) => memory.id), null],
      "each names the next"
    )
    same(
      rows.map((memory) => memory.validity.at(-1)),
      chain.map((_, i) => ({ from: T0 + i * 100, to: i === 5 ? null : T0 + (i + 1) * 100 })),
      "each ends where the next starts"
    )
  })
})
