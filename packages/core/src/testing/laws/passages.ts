import * as Effect from "effect/Effect"
import { ANY } from "../../memory/Condition.ts"
import { STORE_LIMITS } from "../../store/MemoryStore.ts"
import { toCondition } from "../../memory/Filter.ts"
import { close, findings, same, sameRows, toContents, toIds } from "../check.ts"
import { group, lawFingerprint, type LawContext } from "../Law.ts"
import { find } from "../model/find.ts"
import { atCosine, axis, queryTerms, T0, toVector } from "../rows.ts"

type Texts = readonly [string, ...Array<string>]

const TEXTS: Texts = ["the ship leaves at noon", "freight by rail is cheaper", "the crew eats late"]

/** A row of three passages: the second has the words, the third the meaning. */
const longRow = ({ dimensions, row }: LawContext) =>
  row(TEXTS, { vectors: [0.1, 0.3, 0.9].map((cosine) => atCosine(cosine, dimensions)) })

const ask = ({ dimensions, scope, store }: LawContext, words: string, limit = 10) =>
  find(store, { scope, now: T0, vector: axis(dimensions), terms: queryTerms(words), limit, exact: true })

const counted = ({ scope, store }: LawContext, words: string) =>
  Effect.map(find(store, { scope, now: T0, terms: queryTerms(words), limit: 10, exact: true }), findings)

export const passages = group("passages", {
  "a long text comes back whole, with its passages": Effect.fnUntraced(function* (context) {
    const { epsilon, scope, store } = context
    const long = longRow(context)
    yield* store.put({ scope, now: T0, rows: [long] })
    same(yield* store.get({ scope, now: T0, ids: [long.memory.id] }), [long.memory], "the memory")
    const page = yield* store.listRows({ scope, now: T0, filter: ANY, limit: 10 })
    sameRows(page.rows, [long], epsilon, "the row")
  }),

  "a hit says which passage matched by words, and which by meaning": Effect.fnUntraced(function* (context) {
    const { epsilon, row, scope, store } = context
    const long = longRow(context)
    yield* store.put({ scope, now: T0, rows: [long, row("something else")] })
    const { hits } = yield* ask(context, "freight rail")
    const hit = hits.find(({ facts }) => facts.id === long.memory.id)
    const { terms } = long.passages[1] ?? long.passages[0]
    same([hit?.evidence.worded, hit?.evidence.nearest], [1, 2], "the passages")
    close(hit?.cosine ?? null, 0.9, epsilon, "the greatest cosine")
    same(hit?.evidence.length, terms.length, "the length of the worded passage")
    close(hit?.evidence.norm ?? null, terms.norm, epsilon, "its norm")
    const weights = Array.from(queryTerms("freight rail"), (id) => terms.weights[terms.ids.indexOf(id)] ?? 0)
    weights.forEach((weight, i) => close(hit?.evidence.weights[i] ?? null, weight, epsilon, `weight ${i}`))
  }),

  "where no word is shared the nearest passage stands for the words": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    yield* store.put({ scope, now: T0, rows: [longRow(context), row("zeppelin")] })
    const { hits } = yield* ask(context, "zeppelin")
    const hit = hits.find(({ memory }) => memory.content === TEXTS.join("\n\n"))
    same([hit?.evidence.worded, hit?.evidence.nearest], [2, 2], "the passages")
  }),

  "of passages that tie, the first": Effect.fnUntraced(function* (context) {
    const { dimensions, row, scope, store } = context
    const vectors = [0.2, 0.8, 0.8].map((cosine) => atCosine(cosine, dimensions))
    yield* store.put({ scope, now: T0, rows: [row(["pear", "apple", "apple"], { vectors })] })
    const { hits } = yield* ask(context, "apple")
    same([hits[0]?.evidence.worded, hits[0]?.evidence.nearest], [1, 1], "the passages")
  }),

  "a text of a hundred passages is one hit, and hides no other": Effect.fnUntraced(function* (context) {
    const { dimensions, row, scope, store } = context
    const near = Array.from({ length: 100 }, (_, i) => atCosine(0.9 - i * 0.001, dimensions, i))
    const texts: Texts = ["apple", ...Array.from({ length: 99 }, () => "apple apple")]
    const others = Array.from({ length: 6 }, (_, i) =>
      row(`apple other${i}`, { vector: atCosine(0.5 - i * 0.05, dimensions, i) })
    )
    const long = row(texts, { vectors: near })
    yield* store.put({ scope, now: T0, rows: [long, ...others] })
    const request = { scope, now: T0, limit: 5, exact: true }
    const meant = yield* find(store, { ...request, vector: axis(dimensions) })
    same(toIds(meant.hits).toSorted(), toIds([long, ...others.slice(0, 4)]).toSorted(), "by meaning")
    const worded = yield* find(store, { ...request, terms: queryTerms("apple") })
    same(worded.hits.length, 5, "by words")
    same(new Set(toIds(worded.hits)).size, 5, "each once")
  }),

  "n and df count passages, every other count counts memories": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    yield* store.put({
      scope,
      now: T0,
      rows: [row(["apple one", "apple two", "pear"]), row("apple three"), row("plum")]
    })
    const { df, n } = yield* counted(context, "apple pear quince")
    same([n, df], [5, [3, 1, 0]], "n and df")
    same(yield* store.count({ scope, now: T0, filter: ANY }), 3, "count")
    same((yield* store.list({ scope, now: T0, filter: ANY, limit: 10 })).rows.length, 3, "list")
    same((yield* store.latest({ scope, now: T0, filter: ANY, limit: 10 })).length, 3, "latest")
  }),

  "one removal takes every passage": Effect.fnUntraced(function* (context) {
    const { admin, row, scope, store } = context
    const long = (parts = {}) => row(["apple one", "apple two", "apple three"], parts)
    const gone = { hits: [], n: 0, df: [0] }
    const ids = [long().memory.id]
    const remove = (target: Parameters<typeof store.remove>[0]["target"]) =>
      Effect.map(store.remove({ scope, now: T0, target }), ({ removed }) => removed)
    const ways = {
      "by id": remove({ _tag: "Ids", ids }),
      "by filter": remove({ _tag: "Filter", filter: toCondition({ pinned: false }) }),
      "the whole scope": remove({ _tag: "All" }),
      "the user": Effect.map(admin.eraseUser({ userId: scope.userId }), ({ removed }) => removed)
    }
    for (const [name, way] of Object.entries(ways)) {
      yield* store.put({ scope, now: T0, rows: [long()] })
      same((yield* counted(context, "apple")).n, 3, `${name}: before`)
      same(yield* way, 1, `${name}: one memory`)
      same(yield* counted(context, "apple"), gone, `${name}: after`)
    }
    yield* store.put({ scope, now: T0, rows: [long({ expiresAt: T0 + 1 })] })
    while ((yield* admin.expire({ now: T0 + 1, limit: 1_000 })).removed > 0);
    same(yield* counted(context, "apple"), gone, "purged")
  }),

  "what changes a memory changes all its passages": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const long = row(["apple one", "apple two"], { metadata: { tag: "old" } })
    yield* store.put({ scope, now: T0, rows: [long] })
    const { id } = long.memory
    yield* store.patch({ scope, now: T0, id, change: { metadata: { tag: "new" }, pinned: true } })
    const passing = (filter: Parameters<typeof toCondition>[0]) =>
      Effect.map(
        find(store, { scope, now: T0, terms: queryTerms("two"), filter: toCondition(filter), limit: 5 }),
        ({ hits }) => hits.length
      )
    same(yield* passing({ metadata: { tag: "new" }, pinned: true }), 1, "the new metadata")
    same(yield* passing({ metadata: { tag: "old" } }), 0, "the old metadata")
    yield* store.supersede({ scope, now: T0, id, row: row("pear") })
    same(
      yield* counted(context, "apple pear"),
      { ...(yield* counted(context, "apple pear")), n: 1, df: [0, 1] },
      "closed"
    )
    yield* store.put({ scope, now: T0 + 1, rows: [long] })
    same((yield* counted(context, "apple")).df, [2], "reopened, with the passages it had")
  }),

  "other content under an expired key has its own passages": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const first = row(["apple one", "apple two", "apple three"], { key: "k", expiresAt: T0 + 1 })
    yield* store.put({ scope, now: T0, rows: [first] })
    yield* store.put({ scope, now: T0 + 1, rows: [row(["pear", "plum"], { key: "k" })] })
    same((yield* counted(context, "apple pear plum")).df, [0, 1, 1], "the words of the first are gone")
  }),

  "a move cuts a text as the new space has it": Effect.fnUntraced(function* (context) {
    const { dimensions, fresh, row, scope } = context
    const place = yield* fresh
    const { admin, store } = yield* place.open()
    const next = lawFingerprint(dimensions, "next")
    const whole = row("apple one\n\napple two")
    yield* store.put({ scope, now: T0, rows: [whole, row(["pear", "plum"])] })
    yield* admin.stage(next)
    const cut = row(["apple one", "apple two"])
    const merged = row("pear\n\nplum")
    yield* admin.fillStage(
      [cut, merged].map(({ memory, owed, passages: own }) => ({ scope, id: memory.id, passages: own, owed }))
    )
    yield* admin.commitStage
    const moved = yield* place.open(next)
    const { rows } = yield* moved.store.listRows({ scope, now: T0, filter: ANY, limit: 10 })
    same(
      rows.map(({ memory, passages: own }) => `${memory.content.slice(0, 5)} ${own.length}`).toSorted(),
      ["apple 2", "pear\n 1"],
      "the passages"
    )
    const found = yield* find(moved.store, { scope, now: T0, terms: queryTerms("two"), limit: 5 })
    same([found.n, found.hits[0]?.evidence.worded], [3, 1], "found in the second passage")
  }),

  "1,000,000 characters are kept, found and forgotten": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, row, scope, store } = context
    const size = STORE_LIMITS.contentCharacters / 1_000
    const texts = Array.from({ length: 1_000 }, (_, i) =>
      `passage${i} ${"of a very long text ".repeat(60)}`.slice(0, size - (i < 999 ? 2 : 0)).replace(/ $/, ".")
    )
    const [first = "", ...more] = texts
    const long = row([first, ...more])
    same(long.memory.content.length, STORE_LIMITS.contentCharacters, "the length of the text")
    yield* store.put({ scope, now: T0, rows: [long, row("passage777 of a short one")] })
    const [back] = yield* store.get({ scope, now: T0, ids: [long.memory.id] })
    same(back, long.memory, "the memory")
    const found = yield* find(store, {
      scope,
      now: T0,
      terms: queryTerms("passage777"),
      limit: 5,
      exact: true
    })
    same([found.n, found.df, found.hits.length], [1_001, [2], 2], "found among all")
    const hit = found.hits.find(({ facts }) => facts.id === long.memory.id)
    same(hit?.evidence.worded, 777, "in its passage")
    const vector = toVector(texts[123] ?? "", dimensions)
    const near = yield* find(store, { scope, now: T0, vector, limit: 1, exact: true })
    same([near.hits[0]?.facts.id, near.hits[0]?.evidence.nearest], [long.memory.id, 123], "by meaning")
    close(near.hits[0]?.cosine ?? null, 1, epsilon, "its cosine")
    yield* store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [long.memory.id] } })
    same((yield* counted(context, "passage777")).n, 1, "forgotten")
  }),

  "64 kB of metadata are kept and filtered by": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const note = "ü".repeat(30_000)
    const tags = Array.from({ length: 500 }, (_, i) => `tag${i}`)
    const tagged = row("apple", { metadata: { note, tags, deep: { floor: 3 } } })
    yield* store.put({ scope, now: T0, rows: [tagged, row("pear")] })
    same(yield* store.get({ scope, now: T0, ids: [tagged.memory.id] }), [tagged.memory], "the memory")
    const filter = toCondition({ metadata: { note } })
    same(
      toContents((yield* store.list({ scope, now: T0, filter, limit: 5 })).rows),
      ["apple"],
      "listed by it"
    )
    const found = yield* find(store, { scope, now: T0, terms: queryTerms("apple pear"), filter, limit: 5 })
    same(toContents(found.hits), ["apple"], "found by it")
  })
})
