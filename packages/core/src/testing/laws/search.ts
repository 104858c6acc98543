import { toCondition } from "../../memory/Filter.ts"
import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import type { StoreRow } from "../../store/StoreRow.ts"
import { idf } from "../../text/bm25.ts"
import { findings, close, toContents, holds, toIds, same, sameSet } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { makeRandom } from "../random.ts"
import { atCosine, axis, queryTerms, T0 } from "../rows.ts"
import { find, type Question } from "../model/find.ts"

const ask = ({ scope, store }: LawContext, request: Partial<Question>, limit = 10) =>
  find(store, { scope, now: T0, exact: true, limit, ...request })

const put = ({ scope, store }: LawContext, rows: ReadonlyArray<StoreRow>) =>
  store.put({ scope, now: T0, rows })

const words = (...tokens: ReadonlyArray<string>): Uint32Array => queryTerms(tokens.join(" "))

export const search = group("search", {
  "cosines are exact, from the same direction to the opposite": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, row } = context
    const cosines = [1, 0.97, 0.5, 0.03, 0, -0.03, -0.5, -1]
    yield* put(
      context,
      cosines.map((cosine) => row(`cosine ${cosine}`, { vector: atCosine(cosine, dimensions) }))
    )
    const { hits } = yield* ask(context, { vector: axis(dimensions) })
    same(hits.length, cosines.length, "every row is a hit")
    for (const hit of hits) {
      close(hit.cosine, Number(hit.memory.content.slice(7)), epsilon, hit.memory.content)
      same(hit.bm25, 0, "without terms there is no lexical score")
    }
  }),

  "the nearest rows are the ones returned": Effect.fnUntraced(function* (context) {
    const { dimensions, row } = context
    const rows = Array.from({ length: 40 }, (_, i) =>
      row(`rank ${i}`, { vector: atCosine(0.95 - i * 0.045, dimensions, i) })
    )
    yield* put(context, makeRandom(7).some(rows, rows.length))
    for (const limit of [1, 7, 39]) {
      const { hits } = yield* ask(context, { vector: axis(dimensions) }, limit)
      sameSet(
        hits.map((hit) => hit.memory),
        rows.slice(0, limit).map(({ memory }) => memory),
        `the best ${limit}`
      )
    }
  }),

  "the lexical score is the sum of idf times weight": Effect.fnUntraced(function* (context) {
    const { epsilon, row } = context
    const rows = [
      row("freight freight freight harbour"),
      row("freight rates for the harbour and the railway and the depot"),
      row("harbour"),
      row("something else")
    ]
    yield* put(context, rows)
    const terms = words("freight", "harbour", "zeppelin")
    const { df, hits, n } = yield* ask(context, { terms })
    same([n, df], [4, [2, 3, 0]], "n and df")
    same(toIds(hits).toSorted(), toIds(rows.slice(0, 3)).toSorted(), "rows that share a term")
    for (const hit of hits) {
      const [{ terms: own }] = (rows.find(({ memory }) => memory.id === hit.memory.id) ?? row("")).passages
      const score = Array.from(terms).reduce((sum, id, i) => {
        const at = own.ids.indexOf(id)
        return at < 0 ? sum : sum + idf(n, df[i] ?? 0) * (own.weights[at] ?? 0)
      }, 0)
      close(hit.bm25, score, epsilon, hit.memory.content)
      same(hit.cosine, null, "without a vector there is no cosine")
    }
  }),

  "rare words weigh more than common ones": Effect.fnUntraced(function* (context) {
    const { row } = context
    yield* put(
      context,
      Array.from({ length: 30 }, (_, i) => row(i === 17 ? "common zanzibar" : `common filler${i}`))
    )
    const { hits } = yield* ask(context, { terms: words("common", "zanzibar") }, 1)
    same(toContents(hits), ["common zanzibar"], "the best of all")
  }),

  "hits are the union of both channels, each with both scores": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, row } = context
    const near = row("unrelated words", { vector: atCosine(0.9, dimensions) })
    const named = row("zanzibar", { vector: atCosine(-0.8, dimensions) })
    const both = row("zanzibar with a long tail of further words behind", {
      vector: atCosine(0.7, dimensions)
    })
    const noise = Array.from({ length: 20 }, (_, i) =>
      row(`noise${i}`, { vector: atCosine(0.3 - i * 0.02, dimensions, i) })
    )
    yield* put(context, [...noise, near, named, both])
    const { hits } = yield* ask(context, { vector: axis(dimensions), terms: words("zanzibar") }, 1)
    same(toIds(hits).toSorted(), toIds([near, named]).toSorted(), "the best of each channel")
    const of = (row: StoreRow) => hits.find((hit) => hit.memory.id === row.memory.id)
    close(of(named)?.cosine ?? null, -0.8, epsilon, "the cosine of a lexical hit")
    same(of(near)?.bm25, 0, "the lexical score of a hit that shares no word")
    const two = yield* ask(context, { vector: axis(dimensions), terms: words("zanzibar") }, 2)
    same(toIds(two.hits).toSorted(), toIds([near, named, both]).toSorted(), "a row in both is there once")
    holds((two.hits.find((hit) => hit.memory.id === both.memory.id)?.bm25 ?? 0) > 0, "with its lexical score")
  }),

  "a vector alone, words alone, neither": Effect.fnUntraced(function* (context) {
    const { dimensions, row } = context
    yield* put(context, [row("alpha"), row("beta")])
    same(toContents((yield* ask(context, { terms: words("alpha") })).hits), ["alpha"], "words alone")
    same(
      toContents((yield* ask(context, { vector: axis(dimensions) })).hits),
      ["alpha", "beta"],
      "a vector alone"
    )
    same(findings(yield* ask(context, {})), { hits: [], n: 2, df: [] }, "neither")
    same(
      findings(yield* ask(context, { terms: words() })),
      { hits: [], n: 2, df: [] },
      "no word left of the query"
    )
    same(
      findings(yield* ask(context, { terms: words("omega") })),
      { hits: [], n: 2, df: [0] },
      "an unknown word"
    )
  }),

  "df answers in the order of the terms, over the whole range of ids": Effect.fnUntraced(function* (context) {
    const { row } = context
    const ids = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
    yield* put(
      context,
      ids.map((_, i): StoreRow => {
        const made = row(`row ${i}`)
        const terms = {
          ids: Uint32Array.from(ids.slice(0, i + 1)),
          weights: new Float32Array(i + 1).fill(1),
          length: i + 1,
          norm: Math.sqrt(i + 1)
        }
        return { ...made, passages: [{ ...made.passages[0], terms }] }
      })
    )
    const termIds = [ids[3], ids[0], ids[4], 77, ids[2]].map(Number)
    const { df, hits } = yield* ask(context, { terms: Uint32Array.from(termIds) })
    same(df, [2, 5, 1, 0, 3], "df")
    same(hits.length, 5, "hits")
  }),

  "n and df count current rows whatever their expiry and the filter": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const rows = [
      row("apple one"),
      row("apple two", { expiresAt: T0 + 1 }),
      row("apple three", { type: "semantic" }),
      row("apple four", { validity: [{ from: T0 - 5, to: T0 - 1 }] }),
      row("pear")
    ]
    yield* put(context, rows)
    const after = { now: T0 + 10, terms: words("apple"), filter: toCondition({ types: ["episodic"] }) }
    const counted = yield* ask(context, after)
    same([counted.n, counted.df, toContents(counted.hits)], [4, [3], ["apple one"]], "before")
    yield* store.remove({ scope, now: T0 + 10, target: { _tag: "Ids", ids: toIds(rows.slice(0, 1)) } })
    const less = yield* ask(context, after)
    same([less.n, less.df, less.hits], [3, [2], []], "after one is forgotten")
  }),

  "64 terms, most of them unknown, are looked up at once": Effect.fnUntraced(function* (context) {
    const { row } = context
    const known = Array.from({ length: 20 }, (_, i) => `tok${i}`)
    yield* put(context, [row(known.join(" ")), row(known.slice(0, 5).join(" "))])
    const terms = words(...known, ...Array.from({ length: 44 }, (_, i) => `none${i}`))
    const { df, hits } = yield* ask(context, { terms })
    same(df, [...known.map((_, i) => (i < 5 ? 2 : 1)), ...Array.from({ length: 44 }, () => 0)], "df")
    same(hits.length, 2, "hits")
  }),

  "equal scores: any of the tied rows, never too few": Effect.fnUntraced(function* (context) {
    const { dimensions, row } = context
    const tied = Array.from({ length: 12 }, (_, i) =>
      row(`tie number${i}`, { vector: atCosine(0.6, dimensions) })
    )
    const best = row("best", { vector: atCosine(0.8, dimensions) })
    yield* put(context, [...tied, best])
    const { hits } = yield* ask(context, { vector: axis(dimensions) }, 5)
    same(hits.length, 5, "as many as asked for")
    holds(toIds(hits).includes(best.memory.id), "what is better than the tie is there")
    same(new Set(toIds(hits)).size, 5, "each once")
  }),

  "the default plan agrees with the exact one": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, row, scope, store } = context
    const random = makeRandom(11)
    const rows = Array.from({ length: 250 }, (_, i) =>
      row(`row ${i} word${i % 50}`, { vector: random.direction(dimensions) })
    )
    yield* put(context, rows)
    let right = 0
    const queries = 20
    for (let q = 0; q < queries; q++) {
      const request = { scope, now: T0, vector: random.direction(dimensions), filter: ANY, limit: 10 }
      const exact = yield* find(store, { ...request, exact: true })
      const usual = yield* find(store, request)
      same(usual.hits.length, 10, "as many as asked for")
      const truth = new Map(exact.hits.map((hit) => [hit.memory.id, hit.cosine]))
      right += usual.hits.filter((hit) => truth.has(hit.memory.id)).length
      for (const hit of usual.hits) {
        const known = truth.get(hit.memory.id)
        if (known !== undefined) close(hit.cosine, known, epsilon, "approximate plans give exact scores")
      }
    }
    holds(right / (queries * 10) >= 0.95, `recall ${right / (queries * 10)} of the default plan, 0.95 wanted`)
  })
})
