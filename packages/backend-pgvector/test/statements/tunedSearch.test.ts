/** Pruned words change no answer: the lexical channel of a tuned scope gives the oracle's best rows and scores. */
import {
  ANY,
  toCondition,
  type Condition,
  InMemoryStore,
  MemoryStore,
  StoreFingerprint
} from "@keepsake/core/driver"
import { find, type Found } from "@keepsake/core/conformance"
import { makeRandom, rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { PgVectorStore } from "../../src/index.ts"
import {
  DIMENSIONS,
  FINGERPRINT,
  NO_SERVER,
  open,
  serverSchema,
  serverUrl,
  requireServerUrl,
  withClient
} from "../support/servers.ts"

const scope = { agentId: "agent", userId: "large" }
const row = rowBuilder(scope, DIMENSIONS)
const random = makeRandom(11)
const NOW = T0 + 1_000
const LIMIT = 20
const ROWS = 2_000

/** A few words are in most texts, most words in a few; a text has 1 to 16 words, some twice. */
const word = (): string => `w${Math.floor(400 * random.next() ** 3)}`
const text = (words: number): string => Array.from({ length: words }, word).join(" ")

/** One row in five has expired, which its postings do not show. Of long texts, one row in ten has two to four passages. */
const makeRows = (withLong: boolean) =>
  Array.from({ length: ROWS }, (_, i) => {
    const first = `${text(1 + Math.floor(16 * random.next()))} n${i}`
    const more = withLong && i % 10 === 3 ? Array.from({ length: 1 + (i % 3) }, () => text(8)) : []
    return row([first, ...more], {
      expiresAt: i % 5 === 0 ? NOW : null,
      sessionId: i % 50 === 0 ? "rare" : "common"
    })
  })

/** Rare words, common words, both, a word in no text, the commonest word alone. */
const queries: ReadonlyArray<{ readonly words: string; readonly filter: Condition }> = [
  ...Array.from({ length: 25 }, (_, i) => ({ words: text(1 + (i % 8)), filter: ANY })),
  { words: "w399 w398 w397", filter: ANY },
  { words: "w0", filter: ANY },
  { words: "w0 w1 w2 w3", filter: ANY },
  { words: "absent", filter: ANY },
  { words: "absent w0 w300", filter: ANY },
  // The filter leaves too few rows above the floor, so rows below it are scored too.
  { words: "w0 w1 w250 w300 w350", filter: toCondition({ sessionId: "rare" }) },
  { words: "w0 n7", filter: toCondition({ sessionId: "rare" }) }
]

/** The best lexical scores, without ids: a store may choose among equal rows at the end. */
const bestScores = (hits: ReadonlyArray<Found>): ReadonlyArray<number> =>
  hits
    .map((hit) => hit.bm25)
    .filter((bm25) => bm25 > 0)
    .toSorted((a, b) => b - a)
    .slice(0, LIMIT)

const onServer = serverUrl === undefined ? describe.skip : describe

const withLongTexts = [false, true]

onServer(`words in a tuned scope${serverUrl === undefined ? ` (${NO_SERVER})` : ""}`, () => {
  it.live.each(withLongTexts)("give the oracle's best, scores, n and df; long texts: %s", (withLong) =>
    Effect.scoped(
      Effect.gen(function* () {
        const rows = makeRows(withLong)
        const schema = yield* serverSchema
        const { pg, store } = yield* open(
          PgVectorStore.layer({ url: requireServerUrl(), schema, poolSize: 3 })
        )
        const oracle = Context.get(
          yield* Layer.build(Layer.provide(InMemoryStore.layer, StoreFingerprint.layer(FINGERPRINT))),
          MemoryStore
        )
        for (const target of [store, oracle]) {
          for (let start = 0; start < ROWS; start += 250) {
            yield* target.put({ scope, now: T0, rows: rows.slice(start, start + 250) })
          }
          // Superseded rows appear neither in n and df nor among the hits.
          for (const old of rows.slice(1, 40)) {
            yield* target.supersede({
              scope,
              now: T0,
              id: old.memory.id,
              row: row(`${old.memory.content} again`)
            })
          }
        }
        yield* pg.tuneScope(scope)
        // Random vectors have no lists of their own: the words are tested whatever the lists find.
        yield* Effect.promise(() =>
          withClient(Redacted.value(requireServerUrl()), (client) =>
            client.query(`update ${schema}.tuned set probes = lists, recall = 1`)
          )
        )
        yield* find(store, { scope, now: NOW, vector: row("w1").passages[0].vector!, filter: ANY, limit: 1 })
        for (const { filter, words } of queries) {
          const { terms, vector } = row(words).passages[0]
          const request = { scope, now: NOW, vector: vector!, terms: terms.ids, filter, limit: LIMIT }
          const tuned = yield* find(store, request)
          if (filter === ANY) assert.strictEqual(tuned.plan.way, "tuned")
          const expected = yield* find(oracle, request)
          assert.strictEqual(tuned.n, expected.n)
          assert.deepStrictEqual(tuned.df, expected.df)
          const [tunedScores, oracleScores] = [bestScores(tuned.hits), bestScores(expected.hits)]
          assert.strictEqual(tunedScores.length, oracleScores.length, words)
          tunedScores.forEach((bm25, i) => assert.closeTo(bm25, oracleScores[i] ?? 0, 1e-6, words))
          const allRows = yield* find(oracle, { ...request, limit: ROWS })
          const scores = new Map(allRows.hits.map((hit) => [hit.memory.id, hit]))
          for (const hit of tuned.hits) {
            assert.closeTo(hit.bm25, scores.get(hit.memory.id)?.bm25 ?? Number.NaN, 1e-6)
            assert.closeTo(hit.cosine ?? 0, scores.get(hit.memory.id)?.cosine ?? Number.NaN, 1e-6)
            assert.strictEqual(
              hit.evidence.nearest,
              scores.get(hit.memory.id)?.evidence.nearest,
              "the nearest passage"
            )
          }
        }
      })
    )
  )
})
