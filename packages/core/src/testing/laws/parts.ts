import * as Effect from "effect/Effect"
import { ANY } from "../../memory/Condition.ts"
import { toFacts } from "../../store/excerpts.ts"
import type { QueryPart, SearchHit } from "../../store/searching.ts"
import { close, same } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { toScore } from "../model/find.ts"
import { atCosine, axis, queryTerms, T0 } from "../rows.ts"

const ask = ({ scope, store }: LawContext, parts: ReadonlyArray<QueryPart>, limit = 10) =>
  store.search({ scope, now: T0, filter: ANY, limit, exact: true, parts })

const idsOf = (hits: ReadonlyArray<SearchHit>) => hits.map(({ facts }) => facts.id).toSorted()

export const parts = group("parts", {
  "each part finds its own, a row comes once, with evidence for every part": Effect.fnUntraced(
    function* (context) {
      const { dimensions, epsilon, row, scope, store } = context
      const named = row("zanzibar", { vector: atCosine(-0.7, dimensions) })
      const near = row("unrelated", { vector: atCosine(0.9, dimensions) })
      const both = row("quarterly zanzibar", { vector: atCosine(0.2, dimensions, 1) })
      const noise = Array.from({ length: 20 }, (_, i) =>
        row(`noise${i}`, { vector: atCosine(0.1 - i * 0.03, dimensions, i + 2) })
      )
      yield* store.put({ scope, now: T0, rows: [...noise, named, near, both] })
      const asked = [
        { terms: queryTerms("zanzibar") },
        { vector: axis(dimensions) },
        { terms: queryTerms("quarterly") }
      ]
      const result = yield* ask(context, asked, 1)
      const expected = [named, near, both].map(({ memory }) => memory.id).toSorted()
      same(idsOf(result.hits), expected, "the best of each part")
      same(result.df, [[2], [], [1]], "df of each part")
      const hit = result.hits.find(({ facts }) => facts.id === named.memory.id)
      same(hit?.parts.length, 3, "evidence for each part")
      close(hit?.parts[1]?.cosine ?? null, -0.7, epsilon, "the cosine of another part's hit")
      same(hit?.parts[0]?.cosine, null, "a part without a vector has no cosine")
      same(Array.from(hit?.parts[2]?.weights ?? []), [0], "no word of the third part")
    }
  ),

  "a hit carries the facts of its row": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const rows = [
      row("apple one", {
        type: "procedural",
        source: "tool",
        speaker: "Zoë",
        sessionId: "s/1",
        turn: 7,
        saidAt: T0 - 12_345,
        importance: 0.9,
        pinned: true
      }),
      row("apple two")
    ]
    yield* store.put({ scope, now: T0, rows })
    const { hits } = yield* ask(context, [{ terms: queryTerms("apple") }])
    for (const { memory } of rows) {
      same(hits.find(({ facts }) => facts.id === memory.id)?.facts, toFacts(memory), memory.content)
    }
  }),

  "weights, length and norm are as stored": Effect.fnUntraced(function* (context) {
    const { epsilon, row, scope, store } = context
    const told = row("apple apple apple pear and a plum and a quince and a fig")
    yield* store.put({ scope, now: T0, rows: [told] })
    const terms = queryTerms("quince apple zeppelin pear")
    const { hits } = yield* ask(context, [{ terms }])
    const [{ terms: own }] = told.passages
    const [evidence] = hits[0]?.parts ?? []
    Array.from(terms).forEach((id, i) => {
      const at = own.ids.indexOf(id)
      const weight = at < 0 ? 0 : (own.weights[at] ?? 0)
      close(evidence?.weights[i] ?? null, weight, epsilon, `weight ${i}`)
    })
    same(evidence?.length, own.length, "length")
    close(evidence?.norm ?? null, own.norm, epsilon, "norm")
  }),

  "eight parts of 64 terms, each with its vector": Effect.fnUntraced(function* (context) {
    const { dimensions, row, scope, store } = context
    const wordsOf = (part: number) => Array.from({ length: 64 }, (_, i) => `part${part}word${i}`)
    const rows = Array.from({ length: 8 }, (_, part) => row(wordsOf(part).slice(0, 30).join(" ")))
    yield* store.put({ scope, now: T0, rows })
    const asked = rows.map((_, part) => ({
      terms: queryTerms(wordsOf(part).join(" ")),
      vector: axis(dimensions, part % dimensions)
    }))
    const result = yield* ask(context, asked, 2)
    same(
      result.df.map((counts) => counts.filter((count) => count === 1).length),
      rows.map(() => 30),
      "df"
    )
    rows.forEach(({ memory }, part) => {
      const hit = result.hits.find(({ facts }) => facts.id === memory.id)
      const scores = hit?.parts.map((evidence, i) => toScore(result, i, evidence)) ?? []
      same(
        scores.map((score) => score > 0),
        rows.map((_, i) => i === part),
        `scores of row ${part}`
      )
    })
  }),

  "no part: nothing is found, and the passages are counted": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    yield* store.put({ scope, now: T0, rows: [row("apple"), row("pear")] })
    const { df, hits, n } = yield* ask(context, [])
    same({ df, hits, n }, { df: [], hits: [], n: 2 }, "no part")
    const empty = yield* ask(context, [{}])
    same({ df: empty.df, hits: empty.hits, n: empty.n }, { df: [[]], hits: [], n: 2 }, "an empty part")
  })
})
