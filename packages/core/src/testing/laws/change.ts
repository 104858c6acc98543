import { toCondition, type Filter } from "../../memory/Filter.ts"
import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import type { Memory } from "../../memory/Memory.ts"
import type { MemoryChange } from "../../store/MemoryStore.ts"
import { holds, same, sameRows } from "../check.ts"
import { group } from "../Law.ts"
import { DAY, T0 } from "../rows.ts"
import { find } from "../model/find.ts"

/** No field is `undefined`: a law of its own is about those. */
const CHANGES = [
  { importance: 1 },
  { pinned: false },
  { expiresAt: T0 + 2 * DAY },
  { expiresAt: null },
  { metadata: { fresh: [1, { two: 2 }] } },
  { metadata: {} },
  { importance: 0.25, pinned: true, expiresAt: T0 + DAY, metadata: { all: "four" } },
  {}
] as const satisfies ReadonlyArray<MemoryChange>

export const change = group("change", {
  "patch changes what it names and nothing else": Effect.fnUntraced(function* ({
    epsilon,
    row,
    scope,
    store
  }) {
    const target = row("Patched.", {
      metadata: { old: 1 },
      pinned: true,
      speaker: "Ana",
      expiresAt: T0 + DAY
    })
    const beside = row("Not patched.")
    yield* store.put({ scope, now: T0, rows: [target, beside] })
    let expected: Memory = target.memory
    for (const [i, change] of CHANGES.entries()) {
      const now = T0 + 1 + i
      expected = { ...expected, ...change, updatedAt: now }
      const { id } = expected
      same(
        yield* store.patch({ scope, now, id, change }),
        expected,
        `the answer to ${JSON.stringify(change)}`
      )
      const { rows } = yield* store.listRows({ scope, now, filter: ANY, limit: 10 })
      const kept = [{ ...target, memory: expected }, beside].toSorted((a, b) =>
        a.memory.id < b.memory.id ? -1 : 1
      )
      sameRows(rows, kept, epsilon, `the rows after ${JSON.stringify(change)}`)
    }
  }),

  "patch leaves a field that is undefined": Effect.fnUntraced(function* ({ row, scope, store }) {
    const target = row("Patched.", { metadata: { old: 1 }, pinned: true, expiresAt: T0 + DAY })
    yield* store.put({ scope, now: T0, rows: [target] })
    const { id } = target.memory
    const absent = { expiresAt: undefined, importance: undefined, pinned: undefined, metadata: undefined }
    const expected = { ...target.memory, importance: 1, updatedAt: T0 + 1 }
    const change = { ...absent, importance: 1 }
    same(yield* store.patch({ scope, now: T0 + 1, id, change }), expected, "the answer")
    same(yield* store.get({ scope, now: T0 + 1, ids: [id] }), [expected], "the row")
  }),

  "patch of an unknown id changes nothing": Effect.fnUntraced(function* ({ row, scope, store }) {
    yield* store.put({ scope, now: T0, rows: [row("There.")] })
    const id = row("Not there.").memory.id
    same(yield* store.patch({ scope, now: T0, id, change: { pinned: true } }), null, "the answer")
    same(yield* store.count({ scope, now: T0, filter: toCondition({ pinned: true }) }), 0, "no row is made")
    same(yield* store.count({ scope, now: T0, filter: ANY }), 1, "no row is added")
  }),

  "patch reaches closed rows": Effect.fnUntraced(function* ({ row, scope, store }) {
    const closed = row("Closed.", {
      validity: [{ from: T0 - 2, to: T0 - 1 }],
      supersededBy: row("x").memory.id
    })
    yield* store.put({ scope, now: T0, rows: [closed] })
    const patched = yield* store.patch({
      scope,
      now: T0 + 1,
      id: closed.memory.id,
      change: { importance: 0 }
    })
    same(patched, { ...closed.memory, importance: 0, updatedAt: T0 + 1 }, "it stays closed")
  }),

  "what is patched is what filters see": Effect.fnUntraced(function* ({ row, scope, store }) {
    const {
      memory,
      passages: [{ terms }]
    } = row("Tagged.", { metadata: { tag: "old", both: 1 } })
    yield* store.put({ scope, now: T0, rows: [row("Tagged.", { metadata: memory.metadata })] })
    yield* store.patch({ scope, now: T0, id: memory.id, change: { metadata: { tag: "new" }, pinned: true } })
    const countMatching = (filter: Filter) =>
      Effect.map(
        find(store, { scope, now: T0, terms: terms.ids, filter: toCondition(filter), limit: 5 }),
        ({ hits }) => hits.length
      )
    same(
      [
        yield* countMatching({ metadata: { tag: "new" } }),
        yield* countMatching({ metadata: { tag: "old" } }),
        yield* countMatching({ metadata: { both: 1 } }),
        yield* countMatching({ pinned: true }),
        yield* countMatching({ pinned: false })
      ],
      [1, 0, 0, 1, 0],
      "hits"
    )
  }),

  "touch counts accesses and tells the last": Effect.fnUntraced(function* ({ row, scope, store }) {
    const [a, b, c] = [row("a", { accessCount: 5, lastAccessedAt: T0 - DAY }), row("b"), row("c")]
    yield* store.put({ scope, now: T0, rows: [a, b, c] })
    yield* store.touch({ scope, now: T0 + 1, ids: [a.memory.id, b.memory.id, row("absent").memory.id] })
    yield* store.touch({ scope, now: T0 + 2, ids: [a.memory.id] })
    const { rows } = yield* store.list({ scope, now: T0 + 2, filter: ANY, limit: 10 })
    const of = (id: string) => rows.find((memory) => memory.id === id)
    same(
      of(a.memory.id),
      { ...a.memory, accessCount: 7, lastAccessedAt: T0 + 2 },
      "touched twice; updatedAt is not moved"
    )
    same(of(b.memory.id), { ...b.memory, accessCount: 1, lastAccessedAt: T0 + 1 }, "touched once")
    same(of(c.memory.id), c.memory, "not touched")
    holds(rows.length === 3, "no row is made")
  }),

  "touches at the same time are all counted": Effect.fnUntraced(function* ({ row, scope, store }) {
    const { memory } = row("Popular.")
    yield* store.put({ scope, now: T0, rows: [row("Popular.")] })
    yield* Effect.all(
      Array.from({ length: 20 }, () => store.touch({ scope, now: T0, ids: [memory.id] })),
      { concurrency: "unbounded" }
    )
    const [touched] = yield* store.get({ scope, now: T0, ids: [memory.id] })
    same(touched?.accessCount, 20, "accessCount")
  }),

  "an access count survives being said again": Effect.fnUntraced(function* ({ row, scope, store }) {
    const { memory } = row("Recalled often.")
    yield* store.put({ scope, now: T0, rows: [row("Recalled often.")] })
    yield* store.touch({ scope, now: T0 + 1, ids: [memory.id] })
    yield* store.put({ scope, now: T0 + 2, rows: [row("Recalled often.", { at: T0 + 2 })] })
    const [kept] = yield* store.get({ scope, now: T0 + 2, ids: [memory.id] })
    same([kept?.accessCount, kept?.lastAccessedAt], [1, T0 + 1], "kept")
  })
})
