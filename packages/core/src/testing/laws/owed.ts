import * as Effect from "effect/Effect"
import { ANY } from "../../memory/Condition.ts"
import { close, same, sameRows, toContents, toIds } from "../check.ts"
import { group, type Handle, type LawContext } from "../Law.ts"
import { find } from "../model/find.ts"
import { atCosine, axis, queryTerms, T0 } from "../rows.ts"

/** The owed rows of this law: others may share the store. */
const owedOf = ({ admin }: Handle, { scope }: LawContext) =>
  Effect.map(admin.owed({ limit: 1_000 }), (rows) =>
    rows.filter(({ memory }) => memory.scope.userId === scope.userId)
  )

const byMeaning = ({ store }: Handle, { dimensions, scope }: LawContext) =>
  find(store, { scope, now: T0, vector: axis(dimensions), limit: 10, exact: true })

export const owed = group("owed", {
  "an owed row is found by words, listed, and found by meaning once it is paid": Effect.fnUntraced(
    function* (context) {
      const { admin, dimensions, epsilon, row, scope, store } = context
      const late = row("apple pie", { vector: null, owed: true, sessionId: "s", turn: 0 })
      yield* store.put({ scope, now: T0, rows: [row("apple tart"), late] })
      const words = yield* find(store, { scope, now: T0, terms: queryTerms("pie"), limit: 5 })
      same(toContents(words.hits), ["apple pie"], "by words")
      same(
        (yield* owedOf(context, context)).map(({ memory, spans }) => [memory, spans]),
        [[late.memory, [{ start: 0, end: 9 }]]],
        "listed"
      )
      same((yield* store.usage({ scope })).owed, 1, "counted")
      const { rows: before } = yield* store.listRows({ scope, now: T0, filter: ANY, limit: 5 })
      sameRows(
        before.filter((one) => one.owed),
        [late],
        epsilon,
        "the row"
      )
      const vector = atCosine(0.75, dimensions)
      same(yield* admin.payOwed([{ scope, id: late.memory.id, vectors: [vector] }]), 1, "paid")
      const { hits, plan } = yield* byMeaning(context, context)
      close(
        hits.find(({ facts }) => facts.id === late.memory.id)?.cosine ?? null,
        0.75,
        epsilon,
        "its cosine"
      )
      same(plan.byWordsAlone, 0, "no row by words alone")
      same(yield* store.get({ scope, now: T0, ids: [late.memory.id] }), [late.memory], "nothing else changed")
      same(yield* owedOf(context, context), [], "owed no more")
      same((yield* store.usage({ scope })).owed, 0, "not counted any more")
    }
  ),

  "a vector that is not to be had is owed no more": Effect.fnUntraced(function* (context) {
    const { admin, row, scope, store } = context
    const emoji = row("👍 apple", { vector: null, owed: true })
    yield* store.put({ scope, now: T0, rows: [emoji, row("none from the start", { vector: null })] })
    same(toIds(yield* owedOf(context, context)), toIds([emoji]), "a row without a vector owes none by itself")
    same(yield* admin.payOwed([{ scope, id: emoji.memory.id, vectors: [null] }]), 1, "paid with nothing")
    same(yield* owedOf(context, context), [], "owed no more")
    const { hits, plan } = yield* find(store, { scope, now: T0, terms: queryTerms("apple"), limit: 5 })
    same([toIds(hits), plan.byWordsAlone], [toIds([emoji]), 2], "found by words alone")
  }),

  "said again with a vector it is paid, without one it stays owed": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, row, scope, store } = context
    const late = row("apple pie", { vector: null, owed: true })
    yield* store.put({ scope, now: T0, rows: [late] })
    yield* store.put({ scope, now: T0 + 1, rows: [late] })
    same((yield* owedOf(context, context)).length, 1, "said again while the embedder is down")
    const vector = atCosine(0.6, dimensions)
    const [result] = yield* store.put({ scope, now: T0 + 2, rows: [row("apple pie", { vector })] })
    same(result?.outcome, "refreshed", "the outcome")
    same(yield* owedOf(context, context), [], "paid")
    const { hits } = yield* byMeaning(context, context)
    close(hits[0]?.cosine ?? null, 0.6, epsilon, "its cosine")
    yield* store.put({ scope, now: T0 + 3, rows: [late] })
    same(yield* owedOf(context, context), [], "a paid row never owes again")
    close((yield* byMeaning(context, context)).hits[0]?.cosine ?? null, 0.6, epsilon, "and keeps its vector")
  }),

  "what is gone, owes nothing, or has other passages is passed over": Effect.fnUntraced(function* (context) {
    const { admin, dimensions, epsilon, row, scope, store } = context
    const gone = row("gone", { vector: null, owed: true })
    const whole = row("whole", { vector: atCosine(0.5, dimensions) })
    const long = row(["one", "two"], { vector: null, owed: true })
    yield* store.put({ scope, now: T0, rows: [gone, whole, long] })
    yield* store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [gone.memory.id] } })
    const vector = atCosine(0.9, dimensions)
    const pay = [gone, whole, long].map(({ memory }) => ({ scope, id: memory.id, vectors: [vector] }))
    same(yield* admin.payOwed(pay), 0, "none is paid")
    same(
      (yield* byMeaning(context, context)).hits.map(({ facts }) => facts.id),
      [whole.memory.id],
      "by meaning"
    )
    close((yield* byMeaning(context, context)).hits[0]?.cosine ?? null, 0.5, epsilon, "as it was")
    const vectors = [atCosine(0.1, dimensions), vector]
    same(yield* admin.payOwed([{ scope, id: long.memory.id, vectors }]), 1, "all passages at once")
    const hit = (yield* byMeaning(context, context)).hits.find(({ facts }) => facts.id === long.memory.id)
    same(hit?.evidence.nearest, 1, "the second passage is the nearest")
    close(hit?.cosine ?? null, 0.9, epsilon, "by its vector")
  }),

  "another instance sees what was paid, and so does the next opening": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, fresh, row, scope } = context
    const place = yield* fresh
    const first = yield* place.open()
    const second = yield* place.open()
    const late = row("apple pie", { vector: null, owed: true })
    yield* first.store.put({
      scope,
      now: T0,
      rows: [late, row("pear", { vector: atCosine(0.1, dimensions) })]
    })
    same((yield* byMeaning(second, context)).hits.length, 1, "before")
    const vector = atCosine(0.8, dimensions)
    yield* first.admin.payOwed([{ scope, id: late.memory.id, vectors: [vector] }])
    const nearest = (handle: Handle) =>
      Effect.map(
        byMeaning(handle, context),
        ({ hits }) => hits.find(({ facts }) => facts.id === late.memory.id)?.cosine ?? null
      )
    close(yield* nearest(second), 0.8, epsilon, "the other instance")
    same(yield* second.admin.owed({ limit: 10 }), [], "owed no more there")
    yield* first.admin.close
    yield* second.admin.close
    close(yield* nearest(yield* place.open()), 0.8, epsilon, "after opening again")
  })
})
