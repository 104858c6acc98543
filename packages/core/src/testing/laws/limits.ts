import * as Effect from "effect/Effect"
import { ANY } from "../../memory/Condition.ts"
import type { ScopeLimits } from "../../store/limits.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import { failsWith, holds, same, toContents } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { T0 } from "../rows.ts"

const put = ({ scope, store }: LawContext, rows: ReadonlyArray<StoreRow>, limits?: ScopeLimits, now = T0) =>
  store.put({ scope, now, rows, limits })

const kept = ({ scope, store }: LawContext, now = T0) =>
  Effect.map(store.list({ scope, now, filter: ANY, closed: true, limit: 100 }), ({ rows }) =>
    toContents(rows)
  )

const refuse = { whenFull: "refuse" } as const
const dropOldest = { whenFull: "dropOldest" } as const

export const limits = group("limits", {
  "usage counts rows of every lifetime, and the bytes of texts, metadata and entries": Effect.fnUntraced(
    function* (context) {
      const { admin, row, scope, scopeOf, store } = context
      same(yield* store.usage({ scope }), { memories: 0, bytes: 0, owed: 0 }, "an empty scope")
      yield* put(context, [
        row("four"),
        row("Zoë 東京"),
        row("with metadata", { metadata: { tag: "ü", n: 1 } }),
        row("expired", { expiresAt: T0 + 1 }),
        row("closed", { validity: [{ from: T0 - 2, to: T0 - 1 }] }),
        row(["long", "text"])
      ])
      yield* store.put({
        scope: scopeOf("other"),
        now: T0,
        rows: [row("other", { scope: scopeOf("other") })]
      })
      const entry = { sessionId: "s", kind: "history", number: 0, content: "ééé" }
      yield* store.append({ scope, now: T0, entries: [entry] })
      const bytes = 4 + 11 + 13 + '{"tag":"ü","n":1}'.length + 1 + 7 + 6 + 10 + 6
      same(yield* store.usage({ scope }), { memories: 6, bytes, owed: 0 }, "the scope")
      const counted = (yield* admin.scopes({ limit: 1_000 })).find(
        ({ scope: whose }) => whose.userId === scope.userId
      )
      same(counted, { scope, rows: 6, bytes }, "the list of scopes")
      yield* store.patch({ scope, now: T0, id: row("four").memory.id, change: { metadata: { a: 1 } } })
      same((yield* store.usage({ scope })).bytes, bytes + 7, "after a patch")
      yield* store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [row("Zoë 東京").memory.id] } })
      same((yield* store.usage({ scope })).bytes, bytes + 7 - 11, "after one is forgotten")
    }
  ),

  "a write that does not fit is refused, and says by how much": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const three = { memories: 3, ...refuse }
    yield* put(context, [row("one"), row("two")], three)
    const many = put(context, [row("three"), row("four"), row("five")], three)
    const error = yield* failsWith(many, "LimitReached", "two too many")
    same([error.reason._tag === "LimitReached" && error.reason.memories], [2], "how many")
    same(yield* kept(context), ["one", "two"], "nothing of it is kept")
    yield* put(context, [row("three")], three)
    yield* put(context, [row("one"), row("three")], three, T0 + 1)
    same((yield* kept(context)).length, 3, "what is there already may be said again")
    const ten = { bytes: 14, ...refuse }
    const long = yield* failsWith(put(context, [row("ééé")], ten), "LimitReached", "bytes")
    same(long.reason._tag === "LimitReached" && long.reason.bytes, 3, "how many bytes")
    yield* put(context, [row("ab")], { bytes: 14, ...refuse })
    same((yield* store.usage({ scope })).bytes, 13, "what fits is kept")
  }),

  "expired rows make room first": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    yield* put(context, [row("dead", { expiresAt: T0 + 1 }), row("alive", { at: T0 - 100 })])
    yield* put(context, [row("new")], { memories: 2, ...refuse }, T0 + 1)
    same(yield* kept(context, T0 + 1), ["alive", "new"], "refuse")
    yield* put(context, [row("dead too", { expiresAt: T0 + 2 })])
    yield* put(context, [row("newer")], { memories: 3, ...dropOldest }, T0 + 2)
    same(yield* kept(context, T0 + 2), ["alive", "new", "newer"], "dropOldest")
    same((yield* store.usage({ scope })).memories, 3, "none is left over")
  }),

  "the oldest make room, pins and what supersedes another last": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const at = (age: number) => ({ at: T0 - age })
    const old = row("replaced", at(90))
    yield* put(context, [
      row("pinned", { ...at(100), pinned: true }),
      old,
      row("plain", at(50)),
      row("young", at(10))
    ])
    yield* store.supersede({ scope, now: T0 - 80, id: old.memory.id, row: row("successor", at(80)) })
    const limit = (memories: number) => ({ memories, ...dropOldest })
    yield* put(context, [row("new 1", at(5))], limit(5))
    same(yield* kept(context), ["new 1", "pinned", "plain", "successor", "young"], "the oldest goes")
    yield* put(context, [row("new 2", at(4)), row("new 3", at(3))], limit(5))
    // What superseded a row that is gone is like any other.
    same(yield* kept(context), ["new 1", "new 2", "new 3", "pinned", "young"], "then the next")
    yield* put(context, [row("new 4", at(2))], limit(1))
    same(yield* kept(context), ["new 4"], "what is written stays, even where the pin must go")
    const two = put(context, [row("new 5"), row("new 6")], limit(1))
    yield* failsWith(two, "LimitReached", "more than fits even an empty scope")
    same(yield* kept(context), ["new 4"], "and nothing was dropped for it")
  }),

  "supersede, patch and append keep to the limits": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const first = row("first")
    yield* put(context, [first])
    const { id } = first.memory
    const one = { memories: 1, ...refuse }
    const supersede = store.supersede({ scope, now: T0, id, row: row("second"), limits: one })
    yield* failsWith(supersede, "LimitReached", "supersede")
    same(yield* store.get({ scope, now: T0, ids: [id] }), [first.memory], "the old row is still open")
    const bytes = { bytes: 20, ...refuse }
    const change = { metadata: { note: "too long for it" } }
    yield* failsWith(store.patch({ scope, now: T0, id, change, limits: bytes }), "LimitReached", "patch")
    same(yield* store.get({ scope, now: T0, ids: [id] }), [first.memory], "unchanged")
    const entry = (content: string) => ({ sessionId: "s", kind: "history", number: 0, content })
    const append = (content: string) =>
      store.append({ scope, now: T0, entries: [entry(content)], limits: bytes })
    yield* failsWith(append("sixteen letters!"), "LimitReached", "append")
    yield* append("fifteen letters")
    same((yield* store.usage({ scope })).bytes, 20, "up to the limit")
  }),

  "many writers at once stay within the limits": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const ten = { memories: 10, ...refuse }
    const results = yield* Effect.forEach(
      Array.from({ length: 40 }, (_, i) => i),
      (i) => Effect.result(put(context, [row(`writer ${i}`)], ten)),
      { concurrency: "unbounded" }
    )
    same(results.filter(({ _tag }) => _tag === "Success").length, 10, "ten are acknowledged")
    same((yield* store.usage({ scope })).memories, 10, "ten are kept")
    const five = { memories: 5, ...dropOldest }
    yield* Effect.forEach(
      Array.from({ length: 20 }, (_, i) => i),
      (i) => put(context, [row(`late ${i}`, { at: T0 + i })], five),
      { concurrency: "unbounded" }
    )
    holds((yield* store.usage({ scope })).memories <= 5, "and the oldest went")
  })
})
