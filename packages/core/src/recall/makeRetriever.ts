import { Effect, Option } from "effect"
import { Embedder } from "../embedding/Embedder.ts"
import { matches } from "../memory/Condition.ts"
import { type Fingerprint, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import type { Memory } from "../memory/Memory.ts"
import { type Anchor, MemoryStore } from "../store/MemoryStore.ts"
import { StoreAdmin } from "../store/StoreAdmin.ts"
import { type Evidence, toEvidence } from "./features.ts"
import { type Query, readQuery, weighQuery } from "./query.ts"
import { type RecallRequest, Retriever } from "./Retriever.ts"
import { probability, Scorer } from "./Scorer.ts"
import { SessionNeighbours } from "./SessionNeighbours.ts"
import { TermCountCache } from "./TermCountCache.ts"
import { WITH_MEANING, WORDS_ONLY } from "./weights.ts"

/**
 * Below this score, fewer than one memory in thirty is right. Chosen from the calibration table of
 * `pnpm bench:quality`: the best ten lose at most a point.
 */
export const DEFAULT_THRESHOLD = 0.03

/** Hits per channel; 60 lose .1 points of R@10. */
const CANDIDATES = 100

/** Hits whose neighbours are read, the strongest first; 25 and 50 recall alike. */
const ANCHORS = 24

/** Turns to either side. On LoCoMo without a model, 1 loses 1.2 points. */
const RADIUS = 2
const NEIGHBOURS = [-2, -1, 1, 2] as const

interface Services {
  readonly store: MemoryStore["Service"]
  /** `null` when recall is by keyword alone. */
  readonly embedder: Embedder["Service"] | null
  readonly admin: StoreAdmin["Service"]
  readonly termCounts: TermCountCache
}

/** A row and its score. */
interface Scored {
  readonly row: Evidence
  readonly score: number
}

/** Highest score first; ties: oldest first. */
const byScore = (a: Scored, b: Scored): number =>
  descending(a.score, b.score) || bySaid(a.row.memory, b.row.memory)

/** Returns -1/0/1: returning `b - a` would allocate a heap number per comparison. */
const descending = (a: number, b: number): number => (a > b ? -1 : a < b ? 1 : 0)

const bySaid = (a: Memory, b: Memory): number =>
  a.saidAt - b.saidAt || (a.turn ?? 0) - (b.turn ?? 0) || (a.id < b.id ? -1 : 1)

/** The turns of the strongest hits, except those whose neighbours are all read. */
const selectAnchors = (rows: ReadonlyArray<Evidence>, neighbours: SessionNeighbours): ReadonlyArray<Anchor> =>
  rows
    .toSorted((a, b) => descending(a.prescore, b.prescore) || (a.memory.id < b.memory.id ? -1 : 1))
    .slice(0, ANCHORS)
    .flatMap(({ memory }) => {
      const { sessionId, turn } = memory
      if (sessionId === null || turn === null) return []
      const session = neighbours.of(memory)
      const isOpen = NEIGHBOURS.some(
        (offset) => turn + offset >= 0 && session?.at(turn + offset) === undefined
      )
      return isOpen ? [{ sessionId, turn }] : []
    })

/** Reads the rows that may answer, by one search and one reading of the turns around its strongest hits. */
const readEvidence = Effect.fnUntraced(function* (
  { store, termCounts }: Services,
  fingerprint: Fingerprint,
  { asOf, filter, now, scope }: RecallRequest,
  query: Query,
  vector: Float32Array | undefined
) {
  const { terms } = query
  const result = yield* store.search({ scope, now, asOf, vector, terms, filter, limit: CANDIDATES })
  const weights = weighQuery(query, result.n, result.df)
  const calibration = fingerprint.embedding?.calibration ?? REFERENCE_CALIBRATION
  const countTerms = termCounts.of(scope, fingerprint.tokeniser)
  const knownIds = new Set<string>()
  const rows: Array<Evidence> = []
  const neighbours = new SessionNeighbours()
  const add = ({ cosine, memory }: { readonly memory: Memory; readonly cosine: number | null }) => {
    if (knownIds.has(memory.id)) return
    knownIds.add(memory.id)
    const row = toEvidence(query, weights, fingerprint, memory, countTerms(memory), cosine, calibration)
    rows.push(row)
    neighbours.add(row)
  }
  result.hits.forEach(add)
  const anchors = selectAnchors(rows, neighbours)
  if (anchors.length > 0) {
    const around = yield* store.around({ scope, now, asOf, vector, anchors, radius: RADIUS })
    around.forEach(add)
  }
  return { rows, neighbours, weights }
})

/** Recalls, and makes what `make` returns of each row, best first. */
const recallWith = Effect.fnUntraced(function* <A>(
  services: Services,
  request: RecallRequest,
  make: (scored: Scored, scorer: Scorer) => A
) {
  const { embedder, store } = services
  const { filter, limit, minScore = DEFAULT_THRESHOLD, now, scope } = request
  // Read each time: a store that is opened read-only follows a move to other terms.
  const fingerprint = yield* services.admin.fingerprint
  const speakers = yield* store.speakers({ scope, now })
  const query = readQuery(request.query, speakers, now, fingerprint.tokeniser)
  const vector = embedder === null ? undefined : (yield* embedder.embed([query.text], "query"))[0]
  if (vector === undefined && query.terms.length === 0) return []
  const { neighbours, rows, weights } = yield* readEvidence(services, fingerprint, request, query, vector)
  const table = embedder === null ? WORDS_ONLY : WITH_MEANING
  const scorer = new Scorer(table, query, weights, neighbours, now)
  const scored: Array<Scored> = []
  for (const row of rows) {
    // A neighbour outside the filter is evidence for its hit, and no answer itself.
    if (!matches(filter, row.memory)) continue
    const score = probability(scorer.logit(row))
    if (score >= minScore) scored.push({ row, score })
  }
  return scored
    .sort(byScore)
    .slice(0, limit)
    .map((winner) => make(winner, scorer))
})

/**
 * The retriever of Keepsake: one embedding, one store search, one reading of neighbouring turns, and a
 * calibrated score. Recalls by meaning too if an `Embedder` is in the context.
 */
export const makeRetriever: Effect.Effect<Retriever["Service"], never, MemoryStore | StoreAdmin> = Effect.gen(
  function* () {
    const termCounts = new TermCountCache()
    const services: Services = {
      store: yield* MemoryStore,
      embedder: Option.getOrNull(yield* Effect.serviceOption(Embedder)),
      admin: yield* StoreAdmin,
      termCounts
    }
    return Retriever.of({
      recall: (request) =>
        recallWith(services, request, ({ row, score }, scorer) => ({
          memory: row.memory,
          score,
          explain: scorer.explain(row),
          similarity: row.similarity
        })),
      rank: (request) => recallWith(services, request, ({ row, score }) => ({ memory: row.memory, score })),
      forget: (scope) => termCounts.forget(scope),
      forgetUser: (userId) => termCounts.forgetUser(userId)
    })
  }
)
