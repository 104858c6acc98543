import * as Effect from "effect/Effect"
import { toContents, same } from "../check.ts"
import { group } from "../Law.ts"
import { T0 } from "../rows.ts"

export const history = group("history", {
  "predecessors are the rows that a row superseded": Effect.fnUntraced(function* ({ row, scope, store }) {
    const put = (text: string) => store.put({ scope, now: T0, rows: [row(text)] })
    const supersede = (old: string, text: string, now: number) =>
      store.supersede({ scope, now, id: row(old).memory.id, row: row(text, { at: now }) })
    for (const text of ["tea", "coffee", "unrelated"]) yield* put(text)
    yield* supersede("tea", "water", T0 + 1)
    yield* supersede("coffee", "water", T0 + 2)
    yield* supersede("water", "juice", T0 + 3)
    const before = (texts: ReadonlyArray<string>, now = T0 + 5) =>
      Effect.map(
        store.predecessors({ scope, now, ids: texts.map((text) => row(text).memory.id) }),
        toContents
      )
    same(yield* before(["water"]), ["coffee", "tea"], "two of one")
    same(yield* before(["juice"]), ["water"], "one")
    same(yield* before(["juice", "water", "tea", "none"]), ["coffee", "tea", "water"], "several at once")
    same(yield* before([]), [], "none asked for")
  }),

  "an expired predecessor is left out, a forgotten one is gone": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    yield* store.put({ scope, now: T0, rows: [row("tea", { expiresAt: T0 + 10 }), row("coffee")] })
    for (const old of ["tea", "coffee"]) {
      yield* store.supersede({
        scope,
        now: T0 + 1,
        id: row(old).memory.id,
        row: row("water", { at: T0 + 1 })
      })
    }
    const ask = (now: number) =>
      Effect.map(store.predecessors({ scope, now, ids: [row("water").memory.id] }), toContents)
    same(yield* ask(T0 + 9), ["coffee", "tea"], "before it expires")
    same(yield* ask(T0 + 10), ["coffee"], "afterwards")
    yield* store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [row("coffee").memory.id] } })
    same(yield* ask(T0 + 10), [], "after forgetting")
  }),

  "a row that was reopened has no successor any more": Effect.fnUntraced(function* ({ row, scope, store }) {
    yield* store.put({ scope, now: T0, rows: [row("tea")] })
    yield* store.supersede({
      scope,
      now: T0 + 1,
      id: row("tea").memory.id,
      row: row("water", { at: T0 + 1 })
    })
    yield* store.put({ scope, now: T0 + 2, rows: [row("tea", { at: T0 + 2 })] })
    same(yield* store.predecessors({ scope, now: T0 + 2, ids: [row("water").memory.id] }), [], "predecessors")
  }),

  "a key comes back with its row, and stays as it was first kept": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const keyed = row("Keyed.", { key: 'k/"1" 日本' })
    yield* store.put({ scope, now: T0, rows: [keyed, row("Without.")] })
    yield* store.put({ scope, now: T0 + 1, rows: [keyed] })
    yield* store.patch({ scope, now: T0 + 2, id: keyed.memory.id, change: { pinned: true } })
    const kept = yield* store.get({ scope, now: T0 + 2, ids: [keyed.memory.id, row("Without.").memory.id] })
    same(
      kept.map(({ content, key }) => `${content} ${key}`).toSorted(),
      ['Keyed. k/"1" 日本', "Without. null"],
      "the keys"
    )
  })
})
