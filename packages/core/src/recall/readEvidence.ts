import * as Effect from "effect/Effect"
import { type Calibration, type Fingerprint, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import { breathe } from "../runtime/timeSlice.ts"
import { type MemoryStore, STORE_LIMITS } from "../store/MemoryStore.ts"
import type {
  Anchor,
  AroundRequest,
  AroundRow,
  Excerpt,
  ExcerptsRequest,
  QueryPart,
  SearchHit,
  SearchResult
} from "../store/searching.ts"
import { type Evidence, type ReadTurn, type RowText, toEvidence } from "./features.ts"
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

/** Each row as evidence for the part for which it measures most. */
const pickParts = (
  rows: ReadonlyArray<Evidence>,
  measure: (row: Evidence) => number
): ReadonlyArray<Evidence> => {
  const picked: Array<Evidence> = []
  for (const first of rows) {
    let best = first
    let most = measure(first)
    for (const row of first.others) {
      const value = measure(row)
      if (value <= most) continue
      most = value
      best = row
    }
    picked.push(best)
  }
  return picked
}

const isUnread = (turn: number, around: ReadTurn | undefined): boolean => turn >= 0 && around === undefined

/** The turns of the strongest hits, except those whose neighbours are all read. */
const selectAnchors = (hits: ReadonlyArray<Evidence>): ReadonlyArray<Anchor> => {
  const strongest = pickParts(hits, ({ prescore }) => prescore)
    .toSorted((a, b) => descending(a.prescore, b.prescore) || (a.facts.id < b.facts.id ? -1 : 1))
    .slice(0, ANCHORS)
  const anchors: Array<Anchor> = []
  strongest.forEach(({ facts: { sessionId, turn }, turn: place }, rank) => {
    if (sessionId === null || turn === null || place === null) return
    const isOpen =
      isUnread(turn - 2, place.earlier) ||
      isUnread(turn - 1, place.previous) ||
      isUnread(turn + 1, place.next) ||
      isUnread(turn + 2, place.later)
    if (isOpen) anchors.push({ sessionId, turn })
    if (rank < LOOKED_AFTER) anchors.push({ sessionId, turn: turn + LOOK_AHEAD })
  })
  return anchors
}

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
const weighParts = (rows: ReadonlyArray<Evidence>, scorer: PartScorer): ReadonlyArray<Evidence> =>
  pickParts(rows, (row) => (row.ceiling = scorer.logit(row, row.phrasesMax)))

/** The hits most likely to be wanted, as far as they can be scored without their texts and neighbours. */
const selectReadings = (
  hits: ReadonlyArray<Evidence>,
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

/** What the second trip asks for; `null` for nothing. */
interface Wanted {
  readonly around: AroundRequest | null
  readonly excerpts: ExcerptsRequest | null
}

/** The second trip: neighbours with their texts, and texts of hits. */
const readTexts = (store: MemoryStore["Service"], { around, excerpts }: Wanted) =>
  Effect.all(
    [
      around === null ? Effect.succeed<ReadonlyArray<AroundRow>>([]) : store.around(around),
      excerpts === null ? Effect.succeed<ReadonlyArray<Excerpt>>([]) : store.excerpts(excerpts)
    ],
    { concurrency: "unbounded" }
  )

/** The rows of one search, and those that are read after it. Its loops are compiled: those of a generator seldom are. */
class ReadRows {
  readonly parts: ReadonlyArray<AskedPart>
  readonly scorer: PartScorer
  readonly #first: AskedPart
  readonly #others: ReadonlyArray<AskedPart>
  readonly #terms: Fingerprint
  readonly #calibration: Calibration
  readonly #hits: Array<Evidence> = []
  readonly #byId = new Map<string, Evidence>()
  /** Around hits; those that fail the filter are evidence for their hits, and no answers themselves. */
  readonly #neighbours: Array<Evidence> = []

  constructor(
    fingerprint: Fingerprint,
    now: number,
    { queries, vectors }: Questions,
    { df, hits, n }: SearchResult
  ) {
    this.#terms = fingerprint
    this.#calibration = fingerprint.embedding?.calibration ?? REFERENCE_CALIBRATION
    const { strength } = this.#calibration
    this.parts = queries.map((query, i) =>
      toPart(
        query,
        weighQuery(query, n, df[i] ?? []),
        vectors[i] === undefined ? WORDS_ONLY : weightsWith(strength),
        now
      )
    )
    const [first, ...others] = this.parts
    if (first === undefined) throw new RangeError("A message has no part")
    this.#first = first
    this.#others = others
    this.scorer = new PartScorer(this.parts)
    for (const hit of hits) {
      const row = this.#weigh(hit)
      this.#hits.push(row)
      this.#byId.set(hit.facts.id, row)
    }
  }

  /** The evidence for the first part, with that for the others. */
  #weigh(hit: SearchHit): Evidence {
    const row = this.#weighPart(hit, this.#first, 0)
    if (this.#others.length > 0) {
      row.others = this.#others.map((part, i) => this.#weighPart(hit, part, i + 1))
    }
    return row
  }

  #weighPart(hit: SearchHit, { neighbours, query, weights }: AskedPart, at: number): Evidence {
    const row = toEvidence(query, weights, this.#terms, hit, this.#calibration, at)
    neighbours.add(row)
    return row
  }

  want({ asOf, filter, limit, now, scope }: RecallRequest, parts: ReadonlyArray<QueryPart>): Wanted {
    const anchors = selectAnchors(this.#hits)
    const count = Math.min(STORE_LIMITS.batch, EXCERPTS_PER_ANSWER * limit)
    const rows = selectReadings(this.#hits, this.scorer, count).map(({ facts, passage }) => ({
      id: facts.id,
      passage
    }))
    const weighed = this.parts.map(({ weights }, i) => ({ ...parts[i], idfs: weights.idfs }))
    return {
      around:
        anchors.length === 0 ? null : { scope, now, asOf, anchors, radius: RADIUS, parts: weighed, filter },
      excerpts: rows.length === 0 ? null : { scope, now, rows }
    }
  }

  /** All rows that may answer, as evidence for the parts that they answer best. */
  addAround(around: ReadonlyArray<AroundRow>, excerpts: ReadonlyArray<Excerpt>): ReadonlyArray<Evidence> {
    const rows = Array.from(this.#hits)
    for (const found of around) {
      const known = this.#byId.get(found.facts.id)
      const row = known ?? this.#weigh(found)
      readInto(row, found, found.parts[0]?.worded ?? 0)
      if (known !== undefined) continue
      this.#neighbours.push(row)
      if (found.passes) rows.push(row)
    }
    for (const excerpt of excerpts) this.read(excerpt)
    return weighParts(rows, this.scorer)
  }

  /** Takes in a text. */
  read(excerpt: Excerpt): void {
    const { id } = excerpt.memory
    // The texts of neighbours came with them, but for some of long ones.
    const row = this.#byId.get(id) ?? this.#neighbours.find(({ facts }) => facts.id === id)
    if (row !== undefined) readInto(row, { excerpt }, excerpt.passage)
  }
}

/** @param passage of the text */
const readInto = (row: Evidence, text: RowText, passage: number): void => {
  if (row.passage === passage) row.text = text
  for (const other of row.others) if (other.passage === passage) other.text = text
}

/** The parts of a message, and their vectors; none for a part that is asked by its words alone. */
interface Questions {
  readonly queries: ReadonlyArray<Query>
  readonly vectors: ReadonlyArray<Float32Array | undefined>
}

/** Reads the rows that may answer: one search; then the turns around its strongest hits, and texts. */
export const readEvidence = Effect.fnUntraced(function* (
  { fingerprint, sentences, sequences, store }: EvidenceServices,
  request: RecallRequest,
  questions: Questions
) {
  const { asOf, filter, limit, now, scope } = request
  const parts = questions.queries.map(({ terms }, i) => ({ vector: questions.vectors[i], terms }))
  const most = Math.max(CANDIDATES, limit)
  yield* breathe
  const result = yield* store.search({ scope, now, asOf, parts, filter, limit: most })
  const read = new ReadRows(fingerprint, now, questions, result)
  const wanted = read.want(request, parts)
  yield* breathe
  const [around, excerpts] = yield* readTexts(store, wanted)
  yield* breathe
  const evidence: ReadEvidence = {
    parts: read.parts,
    scorer: read.scorer,
    rows: read.addAround(around, excerpts),
    read: (excerpt) => read.read(excerpt),
    damaged: result.damaged ?? 0,
    sequences,
    sentences
  }
  return evidence
})
