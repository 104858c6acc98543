import { Effect, Option } from "effect"
import { Embedder } from "../embedding/Embedder.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import type { Excerpt } from "../store/searching.ts"
import { StoreAdmin } from "../store/StoreAdmin.ts"
import { Candidates, type Winner } from "./Candidates.ts"
import { readQuery } from "./query.ts"
import { readEvidence } from "./readEvidence.ts"
import { type RecalledPassage, type RecallRequest, Retriever } from "./Retriever.ts"

/**
 * Below this score, fewer than one memory in thirty is right. Chosen from the calibration table of
 * `pnpm bench:quality`: the best ten lose at most a point.
 */
export const DEFAULT_THRESHOLD = 0.03

interface Services {
  readonly store: MemoryStore["Service"]
  /** `null` when recall is by keyword alone. */
  readonly embedder: Embedder["Service"] | null
  readonly admin: StoreAdmin["Service"]
}

const toPassage = ({ end, memory, passages, start }: Excerpt): RecalledPassage | undefined =>
  passages === 1 ? undefined : { start, end, text: memory.content, passages }

/** The best rows by score, their excerpts read. */
const findWinners = Effect.fnUntraced(function* (
  { admin, embedder, store }: Services,
  request: RecallRequest
) {
  const { limit, minScore = DEFAULT_THRESHOLD, now, scope } = request
  // Read each time: a store that is opened read-only follows a move to other terms.
  const fingerprint = yield* admin.fingerprint
  const query = readQuery(request.query, yield* store.speakers({ scope, now }), now, fingerprint.tokeniser)
  const vector = embedder === null ? undefined : (yield* embedder.embed([query.text], "query"))[0]
  if (vector === undefined && query.terms.length === 0) return null
  const evidence = yield* readEvidence({ store, fingerprint }, request, query, vector)
  return new Candidates(evidence, { limit, minScore })
})

/** Reads what the last trip is for: texts that may still decide, and rows that are not whole. */
const readRest = Effect.fnUntraced(function* (
  { store }: Services,
  { now, scope }: RecallRequest,
  candidates: Candidates,
  wantsWhole: boolean
): Effect.fn.Return<ReadonlyMap<string, Memory>, MemoryError> {
  const unread = candidates.unread()
  const cut = wantsWhole ? candidates.winners().filter(({ excerpt }) => !excerpt.isWhole) : []
  const ids = wantsWhole ? [...unread, ...cut].map(({ row }) => row.facts.id) : []
  const [excerpts, memories] = yield* Effect.all(
    [
      unread.length === 0
        ? Effect.succeed<ReadonlyArray<Excerpt>>([])
        : store.excerpts({
            scope,
            now,
            rows: unread.map(({ row }) => ({ id: row.facts.id, passage: row.passage }))
          }),
      ids.length === 0 ? Effect.succeed<ReadonlyArray<Memory>>([]) : store.get({ scope, now, ids })
    ],
    { concurrency: "unbounded" }
  )
  candidates.read(excerpts)
  return new Map(memories.map((memory) => [memory.id, memory]))
})

/** Ranks: each winner with its excerpt. */
const rankWith = Effect.fnUntraced(function* (services: Services, request: RecallRequest) {
  const candidates = yield* findWinners(services, request)
  if (candidates === null) return []
  yield* readRest(services, request, candidates, false)
  return candidates.winners().map(({ excerpt, score }) => ({
    memory: excerpt.memory,
    score,
    passage: toPassage(excerpt)
  }))
})

/** Recalls: each winner with its whole text and an explanation. */
const recallWith = Effect.fnUntraced(function* (services: Services, request: RecallRequest) {
  const candidates = yield* findWinners(services, request)
  if (candidates === null) return []
  const whole = yield* readRest(services, request, candidates, true)
  return candidates.winners().flatMap((winner: Winner) => {
    const { excerpt, row, score } = winner
    const memory = excerpt.isWhole ? excerpt.memory : whole.get(row.facts.id)
    // Removed between two trips.
    if (memory === undefined) return []
    const { similarity } = row
    return [{ memory, score, explain: candidates.explain(winner), similarity, passage: toPassage(excerpt) }]
  })
})

/**
 * The retriever of Keepsake: one embedding, one store search, one reading of neighbouring turns and of texts, and a
 * calibrated score. Recalls by meaning too if an `Embedder` is in the context. It caches nothing of a text.
 */
export const makeRetriever: Effect.Effect<Retriever["Service"], never, MemoryStore | StoreAdmin> = Effect.gen(
  function* () {
    const services: Services = {
      store: yield* MemoryStore,
      embedder: Option.getOrNull(yield* Effect.serviceOption(Embedder)),
      admin: yield* StoreAdmin
    }
    return Retriever.of({
      recall: (request) => recallWith(services, request),
      rank: (request) => rankWith(services, request),
      forget: () => {},
      forgetUser: () => {}
    })
  }
)
