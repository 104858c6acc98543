import * as Effect from "effect/Effect"
import { type Fingerprint, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import { type MemoryStore, STORE_LIMITS } from "../store/MemoryStore.ts"
import type {
  Anchor,
  AroundRequest,
  AroundRow,
  Excerpt,
  ExcerptsRequest,
  SearchHit
} from "../store/searching.ts"
import { type Evidence, toEvidence } from "./features.ts"
import { type Query, type QueryWeights, weighQuery } from "./query.ts"
import type { RecallRequest } from "./Retriever.ts"
import { type Explanation, Scorer } from "./Scorer.ts"
import { SessionNeighbours } from "./SessionNeighbours.ts"
import type { SentenceCache } from "./sentences/SentenceCache.ts"
import type { WordSequences } from "./WordSequences.ts"
import { type Weights, weightsWith, WORDS_ONLY } from "./weights.ts"

/** Hits per channel, or as many as are wanted: 100 find what 60 do, within .3 points of R@10, in a fifth more time. */
const CANDIDATES = 60

/** Hits whose neighbours are read, the strongest first; 25 and 50 recall alike. */
const ANCHORS = 24

/** Turns to either side. On LoCoMo without a model, 1 loses 1.2 points. */
const RADIUS = 2
const NEIGHBOURS = [-2, -1, 1, 2] as const

/**
 * Turns after so many of the strongest hits are read further on: what takes up a fact in a few words ("Friday, rather")
 * shares no word with the question. The place of that anchor, in turns.
 */
const LOOKED_AFTER = 4
const LOOK_AHEAD = RADIUS + 1

/** Texts are read, together with the neighbours, of this many hits for each memory that is wanted. */
const EXCERPTS_PER_ANSWER = 3

/** Returns -1/0/1: returning `b - a` would allocate a heap number per comparison. */
export const descending = (a: number, b: number): number => (a > b ? -1 : a < b ? 1 : 0)

/** What a row is for each part of the message. */
type OfParts = ReadonlyArray<Evidence>

/** Each row as evidence for the part for which it measures most. */
const pickParts = (
  rows: ReadonlyArray<OfParts>,
  measure: (row: Evidence) => number
): ReadonlyArray<Evidence> => {
  const picked: Array<Evidence> = []
  for (const ofParts of rows) {
    let [best] = ofParts
    let most = Number.NEGATIVE_INFINITY
    for (const row of ofParts) {
      const value = measure(row)
      if (value <= most) continue
      most = value
      best = row
    }
    if (best !== undefined) picked.push(best)
  }
  return picked
}

/** The turns of the strongest hits, except those whose neighbours are all read. */
const selectAnchors = (hits: ReadonlyArray<OfParts>, neighbours: SessionNeighbours): ReadonlyArray<Anchor> =>
  pickParts(hits, ({ prescore }) => prescore)
    .toSorted((a, b) => descending(a.prescore, b.prescore) || (a.facts.id < b.facts.id ? -1 : 1))
    .slice(0, ANCHORS)
    .flatMap(({ facts }, rank) => {
      const { sessionId, turn } = facts
      if (sessionId === null || turn === null) return []
      const session = neighbours.of(facts)
      const isOpen = NEIGHBOURS.some(
        (offset) => turn + offset >= 0 && session?.at(turn + offset) === undefined
      )
      const own = isOpen ? [{ sessionId, turn }] : []
      return rank < LOOKED_AFTER ? [...own, { sessionId, turn: turn + LOOK_AHEAD }] : own
    })

/** One part of a message as a question of its own. */
export interface AskedPart {
  readonly query: Query
  readonly weights: QueryWeights
  readonly neighbours: SessionNeighbours
  readonly scorer: Scorer
}

const toPart = (query: Query, weights: QueryWeights, table: Weights, now: number): AskedPart => {
  const neighbours = new SessionNeighbours()
  return { query, weights, neighbours, scorer: new Scorer(table, query, weights, neighbours, now) }
}

/** Scores each row for the part of the message that it answers. */
export class PartScorer {
  readonly #parts: ReadonlyArray<AskedPart>

  constructor(parts: ReadonlyArray<AskedPart>) {
    this.#parts = parts
  }

  logit(row: Evidence, phrases: number): number {
    return this.#parts[row.part]?.scorer.logit(row, phrases) ?? Number.NEGATIVE_INFINITY
  }

  /** The values of `FEATURES`, in an array that the next call overwrites. */
  features(row: Evidence, phrases: number): ArrayLike<number> {
    return this.#parts[row.part]?.scorer.features(row, phrases) ?? []
  }

  explain(row: Evidence, phrases: number): Explanation {
    return this.#parts[row.part]?.scorer.explain(row, phrases) ?? { logit: 0, parts: {} }
  }
}

/** Sets the ceilings, as logits, to what is known by now, and picks the part that each row answers best. */
const weighParts = (rows: ReadonlyArray<OfParts>, scorer: PartScorer): ReadonlyArray<Evidence> =>
  pickParts(rows, (row) => (row.ceiling = scorer.logit(row, row.phrasesMax)))

/** The hits most likely to be wanted, as far as they can be scored without their texts and neighbours. */
const selectReadings = (
  hits: ReadonlyArray<OfParts>,
  scorer: PartScorer,
  count: number
): ReadonlyArray<Evidence> =>
  weighParts(hits, scorer)
    .toSorted((a, b) => descending(a.ceiling, b.ceiling))
    .slice(0, count)

/** What a recall knows of the rows that may answer. */
export interface ReadEvidence {
  /** The parts of the message. */
  readonly parts: ReadonlyArray<AskedPart>
  readonly scorer: PartScorer
  /** The rows that pass the filter, each as evidence for the part that it answers best; their ceilings are logits. */
  readonly rows: ReadonlyArray<Evidence>
  /** Takes in a text. */
  readonly read: (excerpt: Excerpt) => void
  /** Rows that the store could not read. */
  readonly damaged: number
  /** Reads the words of a text. */
  readonly sequences: WordSequences
  /** Reads the sentences of a text. */
  readonly sentences: SentenceCache
}

interface EvidenceServices {
  readonly fingerprint: Fingerprint
  readonly store: MemoryStore["Service"]
  readonly sequences: WordSequences
  readonly sentences: SentenceCache
}

/** The second trip: neighbours with their texts, and texts of hits. */
const readTexts = (
  store: MemoryStore["Service"],
  { around, excerpts }: { readonly around: AroundRequest | null; readonly excerpts: ExcerptsRequest | null }
) =>
  Effect.all(
    [
      around === null ? Effect.succeed<ReadonlyArray<AroundRow>>([]) : store.around(around),
      excerpts === null ? Effect.succeed<ReadonlyArray<Excerpt>>([]) : store.excerpts(excerpts)
    ],
    { concurrency: "unbounded" }
  )

/**
 * Reads the rows that may answer: one search; then the turns around its strongest hits, and texts.
 *
 * @param vectors of the queries, in their order; none for a query that is asked by its words alone
 */
export const readEvidence = Effect.fnUntraced(function* (
  { fingerprint, sentences, sequences, store }: EvidenceServices,
  { asOf, filter, limit, now, scope }: RecallRequest,
  queries: ReadonlyArray<Query>,
  vectors: ReadonlyArray<Float32Array | undefined>
) {
  const parts = queries.map(({ terms }, i) => ({ vector: vectors[i], terms }))
  const most = Math.max(CANDIDATES, limit)
  const result = yield* store.search({ scope, now, asOf, parts, filter, limit: most })
  const calibration = fingerprint.embedding?.calibration ?? REFERENCE_CALIBRATION
  const asked = queries.map((query, i) => {
    const weights = weighQuery(query, result.n, result.df[i] ?? [])
    return toPart(
      query,
      weights,
      vectors[i] === undefined ? WORDS_ONLY : weightsWith(calibration.strength),
      now
    )
  })
  const scorer = new PartScorer(asked)
  const byId = new Map<string, OfParts>()
  const readInto = (ofParts: OfParts | undefined, excerpt: Excerpt): void => {
    for (const row of ofParts ?? []) if (row.passage === excerpt.passage) row.excerpt = excerpt
  }
  const read = (excerpt: Excerpt): void => readInto(byId.get(excerpt.memory.id), excerpt)
  const add = (hit: SearchHit): OfParts => {
    // An array that grows has room for 16 from its first entry.
    const ofParts = asked.map(({ neighbours, query, weights }, at) => {
      const row = toEvidence(query, weights, fingerprint, hit, calibration, at)
      neighbours.add(row)
      return row
    })
    byId.set(hit.facts.id, ofParts)
    return ofParts
  }
  const hits = result.hits.map(add)
  // The neighbours of every part are the same rows.
  const anchors = selectAnchors(hits, asked[0]?.neighbours ?? new SessionNeighbours())
  const weighed = asked.map(({ weights }, i) => ({ ...parts[i], idfs: weights.idfs }))
  const readings = selectReadings(
    hits,
    scorer,
    Math.min(STORE_LIMITS.batch, EXCERPTS_PER_ANSWER * limit)
  ).map(({ facts, passage }) => ({ id: facts.id, passage }))
  const [around, excerpts] = yield* readTexts(store, {
    around:
      anchors.length === 0 ? null : { scope, now, asOf, anchors, radius: RADIUS, parts: weighed, filter },
    excerpts: readings.length === 0 ? null : { scope, now, rows: readings }
  })
  const rows = Array.from(hits)
  for (const row of around) {
    let ofParts = byId.get(row.facts.id)
    if (ofParts === undefined) {
      ofParts = add(row)
      // A neighbour outside the filter is evidence for its hit, and no answer itself.
      if (row.passes) rows.push(ofParts)
    }
    readInto(ofParts, row.excerpt)
  }
  for (const excerpt of excerpts) read(excerpt)
  return {
    parts: asked,
    scorer,
    rows: weighParts(rows, scorer),
    read,
    damaged: result.damaged ?? 0,
    sequences,
    sentences
  } satisfies ReadEvidence
})
