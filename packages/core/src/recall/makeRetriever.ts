import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { embedQuestions, isWrongEmbedder } from "../embedding/askEmbedder.ts"
import { Calibrator } from "../embedding/Calibrator.ts"
import { Embedder } from "../embedding/Embedder.ts"
import {
  type DegradableList,
  type Degraded,
  missingDamaged,
  missingMeaning,
  missingReranker,
  withDegraded
} from "../memory/Degraded.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import type { Excerpt } from "../store/searching.ts"
import { StoreAdmin } from "../store/StoreAdmin.ts"
import { LruMap } from "../runtime/LruMap.ts"
import { breathe } from "../runtime/timeSlice.ts"
import { NAMES_READ_ONCE } from "../text/speakerNames.ts"
import { findTimeZone, UTC } from "../text/time/TimeZone.ts"
import { Candidates, type Winner } from "./Candidates.ts"
import type { Evidence } from "./features.ts"
import type { Arranged } from "./order/arrange.ts"
import { type Query, readMessage } from "./query.ts"
import { SentenceCache } from "./sentences/SentenceCache.ts"
import { WordSequences } from "./WordSequences.ts"
import { readEvidence } from "./readEvidence.ts"
import { askReranker, countJudged, findResting } from "./rerank/askReranker.ts"
import { Reranker } from "./rerank/Reranker.ts"
import {
  type Ranked,
  type RecalledPassage,
  type RecallRequest,
  type Recollection,
  Retriever,
  type Standing
} from "./Retriever.ts"

/**
 * Below this score, about one memory in a hundred is right. Chosen from the calibration table of
 * `pnpm bench:quality`: the best ten lose at most a point.
 */
export const DEFAULT_THRESHOLD = 0.01

interface Services {
  readonly store: MemoryStore["Service"]
  /** `null` when recall is by keyword alone. */
  readonly embedder: Embedder["Service"] | null
  /** `null` when the score alone judges. */
  readonly reranker: Reranker["Service"] | null
  readonly admin: StoreAdmin["Service"]
  readonly whenEmbedderFails: WhenEmbedderFails
  readonly sequences: WordSequences
  readonly sentences: SentenceCache
  /** Lists of few speakers, by their names: `withoutNames` reads a list once. */
  readonly speakerLists: LruMap<string, ReadonlyArray<string>>
  /** Questions that were asked, by all that their reading depends on. */
  readonly questions: LruMap<string, ReadonlyArray<Query>>
}

const SPEAKER_LISTS_MAX = 256

/** Questions that are kept, and the longest, in UTF-16 code units: some are asked again, some of several scopes at once. */
const QUESTIONS_MAX = 128
const QUESTION_MAX = 2_000

/** The list that was read before, if it has the same names, under their JSON. */
const toKnownList = (
  { speakerLists }: Services,
  speakers: ReadonlyArray<string>
): readonly [key: string, known: ReadonlyArray<string>] => {
  const key = JSON.stringify(speakers)
  const known = speakerLists.get(key)
  if (known === undefined) speakerLists.set(key, speakers)
  return [key, known ?? speakers]
}

/** The message of a request, read. */
const readQuestion = (
  services: Services,
  { now, query, timeZone = UTC.name }: RecallRequest,
  names: ReadonlyArray<string>,
  tokeniser: string
): ReadonlyArray<Query> => {
  const zone = findTimeZone(timeZone) ?? UTC
  if (names.length > NAMES_READ_ONCE) return readMessage(query, names, now, tokeniser, zone)
  const [namesKey, speakers] = toKnownList(services, names)
  if (query.length > QUESTION_MAX) return readMessage(query, speakers, now, tokeniser, zone)
  // What a question says of times depends on the day.
  const key = namesKey + JSON.stringify([query, zone.name, zone.dayOf(now), tokeniser])
  const known = services.questions.get(key)
  if (known !== undefined) return known
  const read = readMessage(query, speakers, now, tokeniser, zone)
  services.questions.set(key, read)
  return read
}

/** An embedder that fails: `words` goes on by words alone, `refuse` fails the call. */
export type WhenEmbedderFails = "words" | "refuse"

interface Found {
  /** `null` where the question has neither a word nor a vector. */
  readonly candidates: Candidates | null
  /** What the answer lacks; `null` when it lacks nothing. */
  readonly degraded: ReadonlyArray<Degraded> | null
}

const toPassage = ({ end, memory, passages, start }: Excerpt): RecalledPassage | undefined =>
  passages === 1 ? undefined : { start, end, text: memory.content, passages }

/** Of most rows. */
const PLAIN: Standing = {}

/** What is told of a row at a place of the answer. */
const toStanding = ({ copies, followedBy, place: order }: Arranged<Winner>, place: number): Standing =>
  followedBy.length === 0 && copies.length === 0 && order === place
    ? PLAIN
    : {
        ...(followedBy.length === 0 ? {} : { followedBy }),
        ...(copies.length === 0 ? {} : { copies }),
        ...(order === place ? {} : { order })
      }

const WITHOUT_VECTORS = { vectors: [], failure: null }

/** The parts of a message that are embedded: those that ask come first, and the others are found by words. */
const EMBEDDED_PARTS = 4

const answer = <A>(items: ReadonlyArray<A>, degraded: ReadonlyArray<Degraded> | null): DegradableList<A> =>
  degraded === null ? items : withDegraded(items, degraded)

/** @param failure the embedder's, when the answer is by words alone for it */
const findDegraded = (failure: MemoryError | null, damaged: number): ReadonlyArray<Degraded> | null =>
  failure === null && damaged === 0
    ? null
    : [
        ...(failure === null ? [] : [missingMeaning(failure)]),
        ...(damaged === 0 ? [] : [missingDamaged(damaged)])
      ]

/** The best rows by score, their excerpts read. */
const findWinners = Effect.fnUntraced(function* (
  services: Services,
  request: RecallRequest
): Effect.fn.Return<Found, MemoryError> {
  const { admin, embedder, sentences, sequences, store, whenEmbedderFails } = services
  const { limit, minScore = DEFAULT_THRESHOLD, now, scope } = request
  // Read each time: a store that is opened read-only follows a move to other terms.
  const stored = yield* admin.fingerprint
  const fingerprint = embedder === null ? stored : Calibrator.of(embedder).calibrated(stored)
  const speakers = yield* store.speakers({ scope, now })
  const queries = readQuestion(services, request, speakers, fingerprint.tokeniser)
  const { failure, vectors } =
    embedder === null
      ? WITHOUT_VECTORS
      : yield* embedQuestions(
          embedder,
          queries.slice(0, EMBEDDED_PARTS).map(({ text }) => text)
        )
  if (failure !== null && (whenEmbedderFails === "refuse" || isWrongEmbedder(failure))) return yield* failure
  if (vectors.every((vector) => vector === undefined) && queries.every(({ terms }) => terms.length === 0)) {
    return { candidates: null, degraded: findDegraded(failure, 0) }
  }
  const evidence = yield* readEvidence({ store, fingerprint, sequences, sentences }, request, {
    queries,
    vectors
  })
  const candidates = new Candidates(evidence, { limit, minScore })
  yield* breathe
  return { candidates, degraded: findDegraded(failure, evidence.damaged) }
})

const NO_MEMORIES: ReadonlyMap<string, Memory> = new Map()

/** Reads what the last trip is for: texts that may still decide, and rows that are not whole; most recalls need none. */
const readRest = (
  services: Services,
  request: RecallRequest,
  candidates: Candidates,
  wantsWhole: boolean
): Effect.Effect<ReadonlyMap<string, Memory>, MemoryError> => {
  const unread = candidates.unread()
  const cut = wantsWhole ? candidates.answers().filter(({ item }) => !item.text.excerpt.isWhole) : []
  if (unread.length === 0 && cut.length === 0) return Effect.succeed(NO_MEMORIES)
  const whole = wantsWhole ? [...unread, ...cut.map(({ item }) => item.row)] : []
  return readLast(services, request, candidates, unread, whole)
}

const readLast = Effect.fnUntraced(function* (
  { store }: Services,
  { now, scope }: RecallRequest,
  candidates: Candidates,
  unread: ReadonlyArray<Evidence>,
  whole: ReadonlyArray<Evidence>
): Effect.fn.Return<ReadonlyMap<string, Memory>, MemoryError> {
  const ids = whole.map(({ facts }) => facts.id)
  const [excerpts, memories] = yield* Effect.all(
    [
      unread.length === 0
        ? Effect.succeed<ReadonlyArray<Excerpt>>([])
        : store.excerpts({
            scope,
            now,
            rows: unread.map(({ facts, passage }) => ({ id: facts.id, passage }))
          }),
      ids.length === 0 ? Effect.succeed<ReadonlyArray<Memory>>([]) : store.get({ scope, now, ids })
    ],
    { concurrency: "unbounded" }
  )
  candidates.read(excerpts)
  return new Map(memories.map((memory) => [memory.id, memory]))
})

/** The best rows by score and reranker; or why the reranker did not judge them. */
const findJudged = Effect.fnUntraced(function* (
  services: Services,
  reranker: Reranker["Service"],
  request: RecallRequest
): Effect.fn.Return<Result.Result<Found, MemoryError>, MemoryError> {
  const resting = yield* findResting(reranker)
  if (resting !== null) return Result.fail(resting)
  const { limit, minScore = DEFAULT_THRESHOLD } = request
  // A row below the cut may be one that the reranker lifts above it.
  const wider = { ...request, limit: countJudged(limit), minScore: 0 }
  const found = yield* findWinners(services, wider)
  const { candidates } = found
  if (candidates === null) return Result.succeed(found)
  yield* readRest(services, wider, candidates, false)
  if (candidates.winners().length === 0) return Result.succeed(found)
  return Result.map(yield* askReranker(reranker, candidates), (judged) => {
    candidates.rerank(judged, { limit, minScore })
    return found
  })
})

/** The best rows; a reranker that fails leaves what would be found without it. */
const findBest = Effect.fnUntraced(function* (
  services: Services,
  reranker: Reranker["Service"],
  request: RecallRequest
): Effect.fn.Return<Found, MemoryError> {
  const judged = yield* findJudged(services, reranker, request)
  if (Result.isSuccess(judged)) return judged.success
  const { candidates, degraded } = yield* findWinners(services, request)
  return { candidates, degraded: [...(degraded ?? []), missingReranker(judged.failure)] }
})

const findAnswers = (services: Services, request: RecallRequest): Effect.Effect<Found, MemoryError> =>
  services.reranker === null ? findWinners(services, request) : findBest(services, services.reranker, request)

/** Ranks: each winner with its excerpt. */
const rankWith = Effect.fnUntraced(function* (services: Services, request: RecallRequest) {
  const { candidates, degraded } = yield* findAnswers(services, request)
  if (candidates === null) return answer<Ranked>([], degraded)
  yield* readRest(services, request, candidates, false)
  const ranked = candidates.answers().map((answered, place) => {
    const { score, text } = answered.item
    const { excerpt } = text
    return {
      memory: excerpt.memory,
      score,
      passage: toPassage(excerpt),
      standing: toStanding(answered, place)
    }
  })
  return answer<Ranked>(ranked, degraded)
})

/** Recalls: each winner with its whole text and an explanation. */
const recallWith = Effect.fnUntraced(function* (services: Services, request: RecallRequest) {
  const { candidates, degraded } = yield* findAnswers(services, request)
  if (candidates === null) return answer<Recollection>([], degraded)
  const whole = yield* readRest(services, request, candidates, true)
  const recollections = candidates.answers().flatMap((answered, place) => {
    const { row, score, text } = answered.item
    const { excerpt } = text
    const memory = excerpt.isWhole ? excerpt.memory : whole.get(row.facts.id)
    // Removed between two trips.
    if (memory === undefined) return []
    const { similarity } = row
    const explain = { ...candidates.explain(answered.item), ...toStanding(answered, place) }
    return [{ memory, score, explain, similarity, passage: toPassage(excerpt) }]
  })
  return answer<Recollection>(recollections, degraded)
})

/** The retriever of Keepsake, for an embedder that may fail. */
export const makeRetrieverWith = (
  whenEmbedderFails: WhenEmbedderFails
): Effect.Effect<Retriever["Service"], never, MemoryStore | StoreAdmin> =>
  Effect.gen(function* () {
    const services: Services = {
      store: yield* MemoryStore,
      embedder: Option.getOrNull(yield* Effect.serviceOption(Embedder)),
      reranker: Option.getOrNull(yield* Effect.serviceOption(Reranker)),
      admin: yield* StoreAdmin,
      whenEmbedderFails,
      sequences: new WordSequences(),
      sentences: new SentenceCache(),
      speakerLists: new LruMap(SPEAKER_LISTS_MAX),
      questions: new LruMap(QUESTIONS_MAX)
    }
    // Texts of all scopes share the caches: forgetting is rare, and reading them again cheap.
    const clear = () => {
      services.sequences.clear()
      services.sentences.clear()
      services.speakerLists.clear()
      services.questions.clear()
    }
    return Retriever.of({
      recall: (request) => recallWith(services, request),
      rank: (request) => rankWith(services, request),
      forget: clear,
      forgetUser: clear
    })
  })

/**
 * The retriever of Keepsake: one embedding, one store search, one reading of neighbouring turns and of texts, and a
 * calibrated score. Recalls by meaning too if an `Embedder` is in the context, and by words alone while that fails; a
 * `Reranker` in the context judges the best rows, as far as it answers.
 */
export const makeRetriever: Effect.Effect<Retriever["Service"], never, MemoryStore | StoreAdmin> =
  makeRetrieverWith("words")
