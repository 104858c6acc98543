import * as Effect from "effect/Effect"
import { type Fingerprint, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import { type MemoryStore, STORE_LIMITS } from "../store/MemoryStore.ts"
import type { Anchor, AroundRow, Excerpt, SearchHit } from "../store/searching.ts"
import { type Evidence, toEvidence } from "./features.ts"
import { type Query, type QueryWeights, weighQuery } from "./query.ts"
import type { RecallRequest } from "./Retriever.ts"
import { Scorer } from "./Scorer.ts"
import { SessionNeighbours } from "./SessionNeighbours.ts"
import type { WordSequences } from "./WordSequences.ts"
import { WITH_MEANING, WORDS_ONLY } from "./weights.ts"

/** Hits per channel; 60 lose .1 points of R@10. */
const CANDIDATES = 100

/** Hits whose neighbours are read, the strongest first; 25 and 50 recall alike. */
const ANCHORS = 24

/** Turns to either side. On LoCoMo without a model, 1 loses 1.2 points. */
const RADIUS = 2
const NEIGHBOURS = [-2, -1, 1, 2] as const

/** Texts are read, together with the neighbours, of this many hits for each memory that is wanted. */
const EXCERPTS_PER_ANSWER = 3

/** Returns -1/0/1: returning `b - a` would allocate a heap number per comparison. */
export const descending = (a: number, b: number): number => (a > b ? -1 : a < b ? 1 : 0)

/** The turns of the strongest hits, except those whose neighbours are all read. */
const selectAnchors = (rows: ReadonlyArray<Evidence>, neighbours: SessionNeighbours): ReadonlyArray<Anchor> =>
  rows
    .toSorted((a, b) => descending(a.prescore, b.prescore) || (a.facts.id < b.facts.id ? -1 : 1))
    .slice(0, ANCHORS)
    .flatMap(({ facts }) => {
      const { sessionId, turn } = facts
      if (sessionId === null || turn === null) return []
      const session = neighbours.of(facts)
      const isOpen = NEIGHBOURS.some(
        (offset) => turn + offset >= 0 && session?.at(turn + offset) === undefined
      )
      return isOpen ? [{ sessionId, turn }] : []
    })

/** The hits most likely to be wanted, as far as they can be scored without their texts and neighbours. */
const selectReadings = (
  rows: ReadonlyArray<Evidence>,
  scorer: Scorer,
  count: number
): ReadonlyArray<Evidence> => {
  for (const row of rows) row.ceiling = scorer.logit(row, row.phrasesMax)
  return rows.toSorted((a, b) => descending(a.ceiling, b.ceiling)).slice(0, count)
}

/** What a recall knows of the rows that may answer. */
export interface ReadEvidence {
  readonly query: Query
  readonly weights: QueryWeights
  readonly scorer: Scorer
  /** The rows that pass the filter. */
  readonly rows: ReadonlyArray<Evidence>
  /** Takes in a text. */
  readonly read: (excerpt: Excerpt) => void
  /** Rows that the store could not read. */
  readonly damaged: number
  /** Reads the words of a text. */
  readonly sequences: WordSequences
}

interface EvidenceServices {
  readonly fingerprint: Fingerprint
  readonly store: MemoryStore["Service"]
  readonly sequences: WordSequences
}

/** Reads the rows that may answer: one search; then the turns around its strongest hits, and texts. */
export const readEvidence = Effect.fnUntraced(function* (
  { fingerprint, sequences, store }: EvidenceServices,
  { asOf, filter, limit, now, scope }: RecallRequest,
  query: Query,
  vector: Float32Array | undefined
) {
  const { terms } = query
  const part = { vector, terms }
  const result = yield* store.search({ scope, now, asOf, parts: [part], filter, limit: CANDIDATES })
  const weights = weighQuery(query, result.n, result.df[0] ?? [])
  const calibration = fingerprint.embedding?.calibration ?? REFERENCE_CALIBRATION
  const neighbours = new SessionNeighbours()
  const table = vector === undefined ? WORDS_ONLY : WITH_MEANING
  const scorer = new Scorer(table, query, weights, neighbours, now)
  const byId = new Map<string, Evidence>()
  const read = (excerpt: Excerpt): void => {
    const row = byId.get(excerpt.memory.id)
    if (row?.passage === excerpt.passage) row.excerpt = excerpt
  }
  const add = (hit: SearchHit): Evidence => {
    const row = toEvidence(query, weights, fingerprint, hit, calibration)
    byId.set(hit.facts.id, row)
    neighbours.add(row)
    return row
  }
  const hits = result.hits.map(add)
  const anchors = selectAnchors(hits, neighbours)
  const parts = [{ ...part, idfs: weights.idfs }]
  const readings = selectReadings(
    hits,
    scorer,
    Math.min(STORE_LIMITS.batch, EXCERPTS_PER_ANSWER * limit)
  ).map(({ facts, passage }) => ({ id: facts.id, passage }))
  const [around, excerpts] = yield* Effect.all(
    [
      anchors.length === 0
        ? Effect.succeed<ReadonlyArray<AroundRow>>([])
        : store.around({ scope, now, asOf, anchors, radius: RADIUS, parts, filter }),
      readings.length === 0
        ? Effect.succeed<ReadonlyArray<Excerpt>>([])
        : store.excerpts({ scope, now, rows: readings })
    ],
    { concurrency: "unbounded" }
  )
  const rows = Array.from(hits)
  for (const row of around) {
    // A neighbour outside the filter is evidence for its hit, and no answer itself.
    if (!byId.has(row.facts.id)) {
      const evidence = add(row)
      if (row.passes) rows.push(evidence)
    }
    read(row.excerpt)
  }
  for (const excerpt of excerpts) read(excerpt)
  return {
    query,
    weights,
    scorer,
    rows,
    read,
    damaged: result.damaged ?? 0,
    sequences
  } satisfies ReadEvidence
})
