import { ANY, isIn } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import type { StoreRow } from "../../store/StoreRow.ts"
import { holds, same, sameRows } from "../check.ts"
import { group } from "../Law.ts"
import { DAY, T0 } from "../rows.ts"
import { find } from "../model/find.ts"

export const identity = group("identity", {
  "the same statement again is refreshed, never doubled": Effect.fnUntraced(function* ({
    epsilon,
    row,
    scope,
    store
  }) {
    const first = row("I like tea.", {
      metadata: { a: 1 },
      pinned: true,
      importance: 0.9,
      expiresAt: T0 + DAY
    })
    const again = row("I like tea.", { at: T0 + 5_000, metadata: { b: 2 }, expiresAt: T0 + 2 * DAY })
    yield* store.put({ scope, now: T0, rows: [first] })
    const outcomes = yield* store.put({ scope, now: T0 + 5_000, rows: [again] })
    same(outcomes, [{ id: first.memory.id, outcome: "refreshed" }], "the outcome")
    const { rows } = yield* store.listRows({ scope, now: T0 + 5_000, filter: ANY, limit: 10 })
    const expected = { ...first.memory, updatedAt: T0 + 5_000, expiresAt: T0 + 2 * DAY }
    sameRows(rows, [{ ...first, memory: expected }], epsilon, "only updatedAt and expiresAt are taken over")
  }),

  "refreshing keeps the later updatedAt, and may lift the expiry": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    yield* store.put({ scope, now: T0, rows: [row("Late.", { updatedAt: T0 + 900, expiresAt: T0 + DAY })] })
    const early = row("Late.", { updatedAt: T0 + 100, expiresAt: null })
    yield* store.put({ scope, now: T0 + 100, rows: [early] })
    const [memory] = yield* store.get({ scope, now: T0 + 100, ids: [early.memory.id] })
    same([memory?.updatedAt, memory?.expiresAt], [T0 + 900, null], "updatedAt and expiresAt")
  }),

  "refreshing keeps the first vector and the first weights": Effect.fnUntraced(function* ({
    epsilon,
    row,
    scope,
    store
  }) {
    const first = row("The vector stays.")
    const other = row("Something else entirely.")
    yield* store.put({ scope, now: T0, rows: [first] })
    yield* store.put({ scope, now: T0, rows: [{ ...other, memory: first.memory }] })
    const { rows } = yield* store.listRows({ scope, now: T0, filter: ANY, limit: 10 })
    sameRows(rows, [first], epsilon, "listRows")
    const { hits } = yield* find(store, {
      scope,
      now: T0,
      vector: first.passages[0].vector ?? undefined,
      filter: ANY,
      limit: 1,
      exact: true
    })
    holds(Math.abs((hits[0]?.cosine ?? 0) - 1) <= epsilon, "the search uses the first vector")
  }),

  "a statement said again takes over what is given, and keeps the rest": Effect.fnUntraced(function* ({
    epsilon,
    row,
    scope,
    store
  }) {
    const parts = { metadata: { a: 1 }, pinned: true, importance: 0.9 }
    const contents = ["I like green tea.", "I like black tea.", "I like mint tea."]
    const first = contents.map((content) => row(content, parts))
    yield* store.put({ scope, now: T0, rows: first })
    const said = { at: T0 + 5_000, metadata: { b: [2] }, pinned: false, importance: 0 }
    const [green, black, mint] = contents.map((content) => row(content, said))
    if (green === undefined || black === undefined || mint === undefined) return
    const rows = [
      { ...green, overwrites: ["metadata", "importance", "pinned"] as const },
      { ...black, overwrites: ["pinned"] as const },
      { ...mint, overwrites: ["metadata"] as const }
    ]
    same(
      (yield* store.put({ scope, now: T0 + 5_000, rows })).map(({ outcome }) => outcome),
      ["refreshed", "refreshed", "refreshed"],
      "the outcomes"
    )
    const { rows: stored } = yield* store.listRows({ scope, now: T0 + 5_000, filter: ANY, limit: 10 })
    const given = [
      { metadata: { b: [2] }, pinned: false, importance: 0 },
      { pinned: false },
      { metadata: { b: [2] } }
    ]
    const expected = first.map((one, i) => ({
      ...one,
      memory: { ...one.memory, updatedAt: T0 + 5_000, ...given[i] }
    }))
    const byId = (a: StoreRow, b: StoreRow) => (a.memory.id < b.memory.id ? -1 : 1)
    sameRows(
      stored.toSorted(byId),
      expected.toSorted(byId),
      epsilon,
      "each field that was given, and no other"
    )
    same(
      yield* store.count({ scope, now: T0 + 5_000, filter: isIn({ field: "pinned" }, [true]) }),
      1,
      "filters see what was taken over"
    )
  }),

  "a statement reopened takes over what is given": Effect.fnUntraced(function* ({ row, scope, store }) {
    yield* store.put({ scope, now: T0, rows: [row("Gone.", { expiresAt: T0 + 10, metadata: { a: 1 } })] })
    const again = row("Gone.", { at: T0 + 20, metadata: { b: 2 }, importance: 1 })
    yield* store.put({ scope, now: T0 + 20, rows: [{ ...again, overwrites: ["metadata"] }] })
    const [memory] = yield* store.get({ scope, now: T0 + 20, ids: [again.memory.id] })
    same([memory?.metadata, memory?.importance], [{ b: 2 }, 0.5], "metadata, not importance")
  }),

  "of two lifetimes the longer wins, and none is the longest": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const day = (days: number | null) => (days === null ? null : T0 + days * DAY)
    for (const [before, after, wins] of [
      [2, 1, 2],
      [1, 2, 2],
      [null, 1, null],
      [1, null, null]
    ] as const) {
      const content = `Kept for ${before}, then for ${after} days.`
      const first = row(content, { expiresAt: day(before) })
      yield* store.put({ scope, now: T0, rows: [first] })
      yield* store.put({ scope, now: T0 + 1, rows: [row(content, { at: T0 + 1, expiresAt: day(after) })] })
      const [memory] = yield* store.get({ scope, now: T0 + 1, ids: [first.memory.id] })
      same(memory?.expiresAt, day(wins), `expiresAt of ${JSON.stringify(content)}`)
    }
  }),

  "a row under its former id is restated, never doubled": Effect.fnUntraced(function* ({
    epsilon,
    row,
    scope,
    store
  }) {
    const keyed = row("I like tea.", { key: "former" })
    const former = { ...keyed, memory: { ...keyed.memory, key: null } }
    const beside = row("Unrelated.")
    yield* store.put({ scope, now: T0, rows: [former] })
    const again = {
      ...row("I like tea.", { at: T0 + 1, pinned: true }),
      formerIds: [row("Unknown.").memory.id, former.memory.id]
    }
    const outcomes = yield* store.put({
      scope,
      now: T0 + 1,
      rows: [
        { ...again, overwrites: ["pinned"] },
        { ...beside, formerIds: [row("Unknown.").memory.id] }
      ]
    })
    same(
      outcomes,
      [
        { id: former.memory.id, outcome: "refreshed" },
        { id: beside.memory.id, outcome: "created" }
      ],
      "the outcomes, with the ids of the rows"
    )
    const { rows } = yield* store.listRows({ scope, now: T0 + 1, filter: ANY, limit: 10 })
    const expected = { ...former.memory, updatedAt: T0 + 1, pinned: true }
    const byId = (a: StoreRow, b: StoreRow) => (a.memory.id < b.memory.id ? -1 : 1)
    sameRows(
      rows.toSorted(byId),
      [{ ...former, memory: expected }, beside].toSorted(byId),
      epsilon,
      "the former row and the other one"
    )
  }),

  "a row under its own id comes before one under its former id": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const own = row("I like tea.")
    const keyed = row("I like tea.", { key: "former" })
    yield* store.put({ scope, now: T0, rows: [own, keyed] })
    const outcomes = yield* store.put({
      scope,
      now: T0 + 1,
      rows: [{ ...row("I like tea.", { at: T0 + 1 }), formerIds: [keyed.memory.id] }]
    })
    same(outcomes, [{ id: own.memory.id, outcome: "refreshed" }], "the outcome")
  }),

  "a former id of another scope names nothing": Effect.fnUntraced(function* ({ row, scope, scopeOf, store }) {
    const other = scopeOf("other")
    const theirs = row("I like tea.", { scope: other })
    const mine = row("I like tea.", { key: "mine" })
    yield* store.put({ scope: other, now: T0, rows: [theirs] })
    const outcomes = yield* store.put({
      scope,
      now: T0,
      rows: [{ ...mine, formerIds: [theirs.memory.id] }]
    })
    same(outcomes, [{ id: mine.memory.id, outcome: "created" }], "the outcome")
    same(yield* store.get({ scope: other, now: T0, ids: [theirs.memory.id] }), [theirs.memory], "theirs")
  }),

  "a successor under its former id is reopened, and closes the old row": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const former = row("The database is PostgreSQL.", { key: "A" })
    const b = row("The database is MySQL.", { key: "B", at: T0 + 1_000 })
    yield* store.put({ scope, now: T0, rows: [former] })
    yield* store.supersede({ scope, now: T0 + 1_000, id: former.memory.id, row: b })
    const again = {
      ...row("The database is PostgreSQL.", { at: T0 + 2_000 }),
      formerIds: [former.memory.id]
    }
    same(
      yield* store.supersede({ scope, now: T0 + 2_000, id: b.memory.id, row: again }),
      { outcome: "reopened", closed: true, id: former.memory.id },
      "the outcome, with the successor's id"
    )
    const [old] = yield* store.get({ scope, now: T0 + 2_000, ids: [b.memory.id] })
    same(old?.supersededBy, former.memory.id, "the link")
    same(yield* store.count({ scope, now: T0 + 2_000, filter: ANY }), 1, "one is current")
  }),

  "an expired statement said again is reopened with its history": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const first = row("I live in Lyon.", { expiresAt: T0 + 1_000 })
    yield* store.put({ scope, now: T0, rows: [first] })
    const again = row("I live in Lyon.", { at: T0 + 5_000, expiresAt: null })
    const outcomes = yield* store.put({ scope, now: T0 + 5_000, rows: [again] })
    same(outcomes, [{ id: first.memory.id, outcome: "reopened" }], "the outcome")
    const got = yield* store.get({ scope, now: T0 + 5_000, ids: [first.memory.id] })
    const validity = [
      { from: T0, to: T0 + 1_000 },
      { from: T0 + 5_000, to: null }
    ]
    same(got, [{ ...first.memory, updatedAt: T0 + 5_000, expiresAt: null, validity }], "the reopened row")
    const result = yield* find(store, {
      scope,
      now: T0 + 6_000,
      terms: first.passages[0].terms.ids,
      filter: ANY,
      limit: 5,
      exact: true
    })
    same([result.hits.length, result.n, result.df], [1, 1, [1, 1]], "it is found and counted once")
  }),

  "A, then B, then A again: each interval is kept": Effect.fnUntraced(function* ({ row, scope, store }) {
    const a = row("The database is PostgreSQL.", { key: "A" })
    const b = row("The database is MySQL.", { key: "B", at: T0 + 1_000 })
    yield* store.put({ scope, now: T0, rows: [a] })
    yield* store.supersede({ scope, now: T0 + 1_000, id: a.memory.id, row: b })
    const again = row("The database is PostgreSQL.", { key: "A", at: T0 + 2_000 })
    same(
      yield* store.supersede({ scope, now: T0 + 2_000, id: b.memory.id, row: again }),
      { outcome: "reopened", closed: true },
      "the outcome"
    )
    const got = yield* store.get({ scope, now: T0 + 2_000, ids: [a.memory.id, b.memory.id] })
    const of = (id: string) => got.find((memory) => memory.id === id)
    same(
      of(a.memory.id)?.validity,
      [
        { from: T0, to: T0 + 1_000 },
        { from: T0 + 2_000, to: null }
      ],
      "A held, and holds again"
    )
    same(of(a.memory.id)?.supersededBy, null, "A has no successor any more")
    same(of(b.memory.id)?.validity, [{ from: T0 + 1_000, to: T0 + 2_000 }], "B held in between")
    same(of(b.memory.id)?.supersededBy, a.memory.id, "B gave way to A")
    for (const [asOf, holding] of [
      [T0 + 500, a],
      [T0 + 1_500, b],
      [T0 + 2_500, a]
    ] as const) {
      const { hits } = yield* find(store, {
        scope,
        now: T0 + 3_000,
        asOf,
        vector: a.passages[0].vector ?? undefined,
        filter: ANY,
        limit: 10,
        exact: true
      })
      same(
        hits.map((hit) => hit.memory.id),
        [holding.memory.id],
        `what held at T0 + ${asOf - T0}`
      )
    }
  }),

  "the same text by two speakers is two memories": Effect.fnUntraced(function* ({ row, scope, store }) {
    const rows = [
      row("I agree.", { speaker: "Ana" }),
      row("I agree.", { speaker: "Bo" }),
      row("I agree."),
      row("I agree.", { source: "assistant" }),
      row("I agree.", { type: "semantic" })
    ]
    const outcomes = yield* store.put({ scope, now: T0, rows })
    same(
      outcomes,
      rows.map(({ memory }) => ({ id: memory.id, outcome: "created" })),
      "the outcomes, in order"
    )
    holds((yield* store.count({ scope, now: T0, filter: ANY })) === 5, "five memories")
  }),

  "the same text under two keys is two memories": Effect.fnUntraced(function* ({ row, scope, store }) {
    yield* store.put({ scope, now: T0, rows: [row("Thanks!", { key: "1" }), row("Thanks!", { key: "2" })] })
    const result = yield* find(store, {
      scope,
      now: T0,
      terms: row("thanks").passages[0].terms.ids,
      filter: ANY,
      limit: 5,
      exact: true
    })
    same([result.hits.length, result.n, result.df], [2, 2, [2]], "both are found and counted")
  }),

  "the same key with other content is a conflict that changes nothing": Effect.fnUntraced(function* ({
    epsilon,
    row,
    scope,
    store
  }) {
    const first = row("Ten pallets.", { key: "order" })
    const second = row("Twelve pallets.", { key: "order", at: T0 + 10, expiresAt: T0 + DAY })
    const beside = row("A row of the same batch.", { at: T0 + 10 })
    yield* store.put({ scope, now: T0, rows: [first] })
    const outcomes = yield* store.put({ scope, now: T0 + 10, rows: [second, beside] })
    same(
      outcomes.map(({ outcome }) => outcome),
      ["conflict", "created"],
      "the outcomes"
    )
    const { rows } = yield* store.listRows({ scope, now: T0 + 10, filter: ANY, limit: 10 })
    sameRows(rows, [first, beside], epsilon, "the first row is as it was")
  }),

  "an expired row under the same key makes room for other content": Effect.fnUntraced(function* ({
    epsilon,
    row,
    scope,
    store
  }) {
    const first = row("Ten pallets on Monday.", { key: "order", expiresAt: T0 + 10, metadata: { old: true } })
    const second = row("Twelve crates on Friday.", { key: "order", at: T0 + 10 })
    yield* store.put({ scope, now: T0, rows: [first] })
    const outcomes = yield* store.put({ scope, now: T0 + 10, rows: [second] })
    same(outcomes, [{ id: second.memory.id, outcome: "created" }], "the outcome")
    const { rows } = yield* store.listRows({ scope, now: T0 + 10, filter: ANY, limit: 10 })
    sameRows(rows, [second], epsilon, "the second row is there whole")
    const terms = Uint32Array.from([
      ...row("pallets").passages[0].terms.ids,
      ...row("crates").passages[0].terms.ids
    ])
    const result = yield* find(store, { scope, now: T0 + 10, terms, filter: ANY, limit: 5, exact: true })
    same([result.n, result.df, result.hits.length], [1, [0, 1], 1], "the words of the first are gone")
  }),

  "rows that are put whole are all kept, or none of them is": Effect.fnUntraced(function* ({
    epsilon,
    row,
    scope,
    store
  }) {
    const known = row("Where do I ship?", { key: "question" })
    yield* store.put({ scope, now: T0, rows: [known] })
    const later = { at: T0 + 10 }
    const [answer, beside] = [row("To Oslo.", later), row("By sea.", later)]
    const again = row("Where do I ship?", { ...later, key: "question" })
    const limits = { memories: 10, whenFull: "refuse" } as const
    const put = (whole: "new" | "stated", ...rows: ReadonlyArray<StoreRow>) =>
      Effect.map(
        store.put({ scope, now: T0 + 10, rows, whole, ...(whole === "new" ? {} : { limits }) }),
        (results) => results.map(({ outcome }) => outcome)
      )
    const other = row("Who ships?", { ...later, key: "question" })
    same(yield* put("stated", answer, other), ["conflict", "conflict"], "beside other content under its key")
    same(yield* put("new", answer, again), ["conflict", "conflict"], "beside a row that is known")
    const before = yield* store.listRows({ scope, now: T0 + 10, filter: ANY, limit: 10 })
    sameRows(before.rows, [known], epsilon, "nothing was written or refreshed")
    same(yield* put("stated", answer, again), ["created", "refreshed"], "where nothing conflicts")
    same(yield* put("new", beside), ["created"], "where all are new")
    same(yield* store.count({ scope, now: T0 + 10, filter: ANY, lifetime: "any" }), 3, "the rows")
  }),

  "a batch may hold new, known and conflicting rows": Effect.fnUntraced(function* ({ row, scope, store }) {
    const existing = row("Known.")
    const keyed = row("Keyed.", { key: "k" })
    const gone = row("Gone.", { expiresAt: T0 + 1 })
    yield* store.put({ scope, now: T0, rows: [existing, keyed, gone] })
    const outcomes = yield* store.put({
      scope,
      now: T0 + 1,
      rows: [
        row("New.", { at: T0 + 1 }),
        row("Other.", { key: "k", at: T0 + 1 }),
        row("Gone.", { at: T0 + 1 }),
        row("Known.", { at: T0 + 1 })
      ]
    })
    same(
      outcomes.map(({ outcome }) => outcome),
      ["created", "conflict", "reopened", "refreshed"],
      "in the order of the rows"
    )
  })
})
