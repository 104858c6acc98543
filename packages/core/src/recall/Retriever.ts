import { Effect } from "effect"
import { SessionNeighbours } from "./SessionNeighbours.ts"
import type { Embedder } from "../embedding/Embedder.ts"
import { type Evidence, evidenceOf } from "./features.ts"
import { type Filter, matches } from "../memory/Filter.ts"
import { type Fingerprint, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { type Anchor, type MemoryStore } from "../store/MemoryStore.ts"
import { readQuery, weighQuery } from "./query.ts"
import type { Scope } from "../memory/Scope.ts"
import { type Explanation, probability, Scorer } from "./Scorer.ts"
import { TermCountCache } from "./TermCountCache.ts"
import { WITH_MEANING, WORDS_ONLY } from "./weights.ts"

/** A memory that answers a query, and how well. */
export interface Recollection {
  readonly memory: Memory
  /** 0 to 1: about the share of such memories that answer such a query. Decides order and cut. */
  readonly score: number
  readonly explain: Explanation
  /** The embedder's own cosine of query and memory; `null` in a memory that recalls by words alone. */
  readonly similarity: number | null
}

/**
 * Below this, fewer than one such memory in thirty is right: it costs the reader more than it gives. Chosen
 * from the calibration table of `pnpm bench:quality`: of what the best ten hold, at most a point is lost.
 */
export const DEFAULT_THRESHOLD = 0.03

/** Hits asked of each channel. 60 find .1 points of R@10 less. */
const CANDIDATES = 100

/** Hits whose neighbours are read, the strongest first; 25 and 50 recall alike. */
const ANCHORS = 24

/** Turns to either side. On LoCoMo without a model, 1 finds 1.2 points less. */
const RADIUS = 2
const NEIGHBOURS = [-2, -1, 1, 2] as const

/** A memory and its score, without how it came about. */
export type Ranked = Pick<Recollection, "memory" | "score">

/** A query in a scope at a moment. Its values are checked. */
export interface RecallRequest {
  readonly scope: Scope
  readonly now: number
  readonly query: string
  readonly filter: Filter
  /** How many memories, 1 to 100. */
  readonly limit: number
  /** Least score, 0 to 1; the retriever's own when absent. */
  readonly minScore?: number | undefined
  /** Recalls what was so then, in epoch milliseconds. */
  readonly asOf?: number | undefined
}

/**
 * Query to scored, thresholded memories: the scope's speakers, one embedding, one store search, and one
 * reading of the turns around the strongest hits, which are evidence for them and candidates themselves.
 */
export interface Retriever {
  recall(request: RecallRequest): Effect.Effect<ReadonlyArray<Recollection>, MemoryError>
  /** The same memories in the same order, for whom no explanation need be made. */
  rank(request: RecallRequest): Effect.Effect<ReadonlyArray<Ranked>, MemoryError>
  /** Drops what was kept of a scope's texts. */
  forget(scope: Scope): void
  /** The same for every scope of a user. */
  forgetUser(userId: string): void
}

/** A row and what it scored. */
interface Scored {
  readonly row: Evidence
  readonly score: number
}

/** Best first; of equals what was said first. */
const byScore = (a: Scored, b: Scored): number =>
  descending(a.score, b.score) || bySaid(a.row.memory, b.row.memory)

/** A difference would be a fraction, which takes memory; hundreds are compared thousands of times. */
const descending = (a: number, b: number): number => (a > b ? -1 : a < b ? 1 : 0)

const bySaid = (a: Memory, b: Memory): number =>
  a.saidAt - b.saidAt || (a.turn ?? 0) - (b.turn ?? 0) || (a.id < b.id ? -1 : 1)

/** The strongest hits' places, except those whose neighbours are all known already. */
const anchorsOf = (rows: ReadonlyArray<Evidence>, conversations: SessionNeighbours): ReadonlyArray<Anchor> =>
  rows
    .toSorted((a, b) => descending(a.prescore, b.prescore) || (a.memory.id < b.memory.id ? -1 : 1))
    .slice(0, ANCHORS)
    .flatMap(({ memory }) => {
      const { sessionId, turn } = memory
      if (sessionId === null || turn === null) return []
      const session = conversations.of(memory)
      const isOpen = NEIGHBOURS.some(
        (offset) => turn + offset >= 0 && session?.at(turn + offset) === undefined
      )
      return isOpen ? [{ sessionId, turn }] : []
    })

/** The retriever over a store; `embedder` is `null` where recall is by words alone. */
export const makeRetriever = (
  store: MemoryStore["Service"],
  embedder: Embedder["Service"] | null,
  fingerprint: Fingerprint
): Retriever => {
  const forms = new TermCountCache()
  const calibration = fingerprint.embedding?.calibration ?? REFERENCE_CALIBRATION
  const table = embedder === null ? WORDS_ONLY : WITH_MEANING

  /** `make` is given each returned row, best first. */
  const ranked = Effect.fnUntraced(function* <A>(
    { asOf, filter, limit, minScore = DEFAULT_THRESHOLD, now, query: question, scope }: RecallRequest,
    make: (scored: Scored, scorer: Scorer) => A
  ) {
    const query = readQuery(question, yield* store.speakers({ scope, now }), now)
    const vector = embedder === null ? undefined : (yield* embedder.embed([query.text], "query"))[0]
    if (vector === undefined && query.terms.length === 0) return []
    const found = yield* store.search({
      scope,
      now,
      asOf,
      vector,
      terms: query.terms,
      filter,
      limit: CANDIDATES
    })
    const weights = weighQuery(query, found.n, found.df)
    const formOf = forms.of(scope)
    const known = new Set<string>()
    const rows: Array<Evidence> = []
    const conversations = new SessionNeighbours()
    const read = ({ cosine, memory }: { readonly memory: Memory; readonly cosine: number | null }) => {
      if (known.has(memory.id)) return
      known.add(memory.id)
      const row = evidenceOf(query, weights, fingerprint, memory, formOf(memory), cosine, calibration)
      rows.push(row)
      conversations.add(row)
    }
    found.hits.forEach(read)
    const anchors = anchorsOf(rows, conversations)
    if (anchors.length > 0) {
      const around = yield* store.around({ scope, now, asOf, vector, anchors, radius: RADIUS })
      around.forEach(read)
    }
    const scorer = new Scorer(table, query, weights, conversations, now)
    const scored: Array<Scored> = []
    for (const row of rows) {
      // What stands beside a hit may be outside what was asked for: it is evidence then, not an answer.
      if (!matches(filter, row.memory)) continue
      const score = probability(scorer.logit(row))
      if (score >= minScore) scored.push({ row, score })
    }
    return scored
      .sort(byScore)
      .slice(0, limit)
      .map((one) => make(one, scorer))
  })

  return {
    recall: (request) =>
      ranked(request, ({ row, score }, scorer) => ({
        memory: row.memory,
        score,
        explain: scorer.explain(row),
        similarity: row.similarity
      })),
    rank: (request) => ranked(request, ({ row, score }) => ({ memory: row.memory, score })),
    forget: (scope) => forms.forget(scope),
    forgetUser: (userId) => forms.forgetUser(userId)
  }
}
