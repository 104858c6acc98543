import * as Effect from "effect/Effect"
import { ANY } from "../../memory/Condition.ts"
import { toCondition } from "../../memory/Filter.ts"
import type { ExcerptsRequest } from "../../store/searching.ts"
import { close, same } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { atCosine, axis, queryTerms, T0 } from "../rows.ts"

const read = ({ scope, store }: LawContext, request: Omit<ExcerptsRequest, "scope" | "now">, now = T0) =>
  store.excerpts({ scope, now, ...request })

const longRow = ({ dimensions, row }: LawContext) =>
  row(["the ship leaves at noon", "freight by rail", "the crew eats late"], {
    metadata: { tag: "sea" },
    sessionId: "s",
    turn: 4,
    vectors: [0.1, 0.3, 0.9].map((cosine) => atCosine(cosine, dimensions))
  })

/** Longer than an excerpt carries. */
const LARGE = { note: "n".repeat(5_000) }

export const excerpts = group("excerpts", {
  "a short text comes whole, a long one by passage": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const [long, short] = [longRow(context), row("short", { metadata: { a: 1 } })]
    yield* store.put({ scope, now: T0, rows: [long, short] })
    const [whole] = yield* read(context, { rows: [{ id: short.memory.id, passage: 0 }] })
    same(
      whole,
      { memory: short.memory, passage: 0, passages: 1, start: 0, end: 5, isWhole: true, vector: null },
      "whole"
    )
    const [cut] = yield* read(context, { rows: [{ id: long.memory.id, passage: 1 }] })
    const memory = { ...long.memory, content: "freight by rail" }
    const place = { passage: 1, passages: 3, start: 25, end: 40 }
    same(cut, { memory, ...place, isWhole: false, vector: null }, "by passage")
    same(long.memory.content.slice(25, 40), "freight by rail", "at its place")
  }),

  "the best passage for a question: by words, else by meaning, else the first": Effect.fnUntraced(
    function* (context) {
      const { dimensions, scope, store } = context
      const long = longRow(context)
      yield* store.put({ scope, now: T0, rows: [long] })
      const best = (part: ExcerptsRequest["part"]) =>
        Effect.map(read(context, { rows: [{ id: long.memory.id, passage: null }], part }), ([excerpt]) =>
          excerpt === undefined ? null : excerpt.passage
        )
      same(yield* best({ terms: queryTerms("rail freight") }), 1, "by words")
      const both = { terms: queryTerms("rail"), vector: axis(dimensions) }
      same(yield* best(both), 1, "words go before meaning")
      same(yield* best({ ...both, terms: queryTerms("zeppelin") }), 2, "by meaning")
      same(yield* best({ terms: queryTerms("zeppelin") }), 0, "the first")
      same(yield* best(undefined), 0, "without a question")
      const idfs = Float64Array.from([0.001, 9])
      same(yield* best({ terms: queryTerms("ship crew"), idfs }), 2, "the rarer word decides")
    }
  ),

  "long metadata stays behind, and the excerpt says so": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const large = row("large", { metadata: LARGE })
    yield* store.put({ scope, now: T0, rows: [large] })
    const [excerpt] = yield* read(context, { rows: [{ id: large.memory.id, passage: 0 }] })
    same(excerpt?.memory, { ...large.memory, metadata: {} }, "the memory")
    same([excerpt?.isWhole, excerpt?.passages], [false, 1], "not whole")
  }),

  "closed rows come, expired ones, unknown ids and passages do not": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const closed = row("closed", { validity: [{ from: T0 - 2, to: T0 - 1 }] })
    const expired = row("expired", { expiresAt: T0 })
    yield* store.put({ scope, now: T0 - 1, rows: [closed, expired] })
    const ids = [closed.memory.id, expired.memory.id, row("never put").memory.id, "no uuid"]
    const found = yield* read(context, {
      rows: [...ids.map((id) => ({ id, passage: 0 })), { id: closed.memory.id, passage: 1 }]
    })
    same(
      found.map(({ memory }) => memory.content),
      ["closed"],
      "what comes"
    )
  }),

  "vectors come where they are asked for": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, row, scope, store } = context
    const bare = row("bare", { vector: null })
    const long = longRow(context)
    yield* store.put({ scope, now: T0, rows: [long, bare] })
    const rows = [
      { id: long.memory.id, passage: 2 },
      { id: bare.memory.id, passage: 0 }
    ]
    const found = yield* read(context, { rows, vectors: true })
    const vectorOf = (id: string) => found.find(({ memory }) => memory.id === id)?.vector
    same(vectorOf(bare.memory.id), null, "a row without a vector")
    atCosine(0.9, dimensions).forEach((component, i) =>
      close(vectorOf(long.memory.id)?.[i] ?? null, component, epsilon, `component ${i}`)
    )
  }),

  "latest brings long texts by their first passage": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    yield* store.put({ scope, now: T0, rows: [longRow(context), row("short", { at: T0 - 1 })] })
    const latest = yield* store.latest({ scope, now: T0, filter: ANY, limit: 10 })
    same(
      latest.map(({ isWhole, memory, passage }) => [memory.content, passage, isWhole]),
      [
        ["the ship leaves at noon", 0, false],
        ["short", 0, true]
      ],
      "the last"
    )
  }),

  "around tells whether a row passes the filter, with its evidence and its passage": Effect.fnUntraced(
    function* (context) {
      const { dimensions, epsilon, row, scope, store } = context
      const long = longRow(context)
      const other = row("the rail strike", { sessionId: "s", turn: 5, metadata: { tag: "land" } })
      yield* store.put({ scope, now: T0, rows: [long, other] })
      const rows = yield* store.around({
        scope,
        now: T0,
        anchors: [{ sessionId: "s", turn: 4 }],
        radius: 1,
        parts: [{ terms: queryTerms("rail"), vector: axis(dimensions), idfs: Float64Array.from([1]) }],
        filter: toCondition({ metadata: { tag: "sea" } })
      })
      const of = (id: string) => rows.find(({ facts }) => facts.id === id)
      same([of(long.memory.id)?.passes, of(other.memory.id)?.passes], [true, false], "the filter")
      const [evidence] = of(long.memory.id)?.parts ?? []
      same([evidence?.worded, evidence?.nearest], [1, 2], "its passages")
      close(evidence?.cosine ?? null, 0.9, epsilon, "its cosine")
      same(of(long.memory.id)?.excerpt.memory.content, "freight by rail", "its text")
      same(of(other.memory.id)?.excerpt.memory, other.memory, "a short text is whole")
      same((of(other.memory.id)?.parts[0]?.weights[0] ?? 0) > 0, true, "its words")
    }
  )
})
