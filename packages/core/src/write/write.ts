/** Everything that stores: remember in its forms, and supersede. */
import { Clock, Effect } from "effect"
import { chunksOf } from "effect/Array"
import type { Embedder } from "../embedding/Embedder.ts"
import type { WriteFences } from "./WriteFences.ts"
import type { KeyedLocks } from "../runtime/KeyedLocks.ts"
import type { Memory } from "../memory/Memory.ts"
import { Conflict, invalidInput, MemoryError, NotFound } from "../memory/MemoryError.ts"
import { makeImport } from "./import.ts"
import { isUuid } from "../memory/MemoryId.ts"
import { type MemoryStore, type PutResult, STORE_LIMITS, type StoreRow } from "../store/MemoryStore.ts"
import { isProblem, shown, valid } from "../input/problems.ts"
import { readExchange, readWriteOptions } from "../client/readOptions.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"
import type { Exchange, Remembered, Supersession, WriteOptions } from "../client/ScopedMemory.ts"
import { memoryFromStatement, type Statement } from "../input/Statement.ts"
import { documentTerms } from "../text/bm25.ts"
import { admit } from "../runtime/timeSlice.ts"

export interface WriteParts {
  readonly store: MemoryStore["Service"]
  readonly embedder: Embedder["Service"] | null
  readonly fences: WriteFences
  readonly sessions: KeyedLocks
}

/** The idempotency key of a turn, for writers of conversations: "Thanks!" said twice is two turns. */
export const turnKey = (sessionId: string, turn: number): string => JSON.stringify(["turn", sessionId, turn])

/** How the article keeps an answer. */
const ANSWER_CODE_POINTS = 500
const ANSWER_TTL_DAYS = 90

/** Tries at a free pair of turns before giving up: each loses only to another process that won. */
const TURN_TRIES = 8

const takenKey = new MemoryError({
  reason: new Conflict({
    message:
      "This key already names other content in this scope. Use another key, or supersede the memory to change what it says."
  })
})

const firstCodePoints = (text: string, count: number): string => Array.from(text).slice(0, count).join("")

export const makeWrites = ({ embedder, fences, sessions, store }: WriteParts, scope: Scope) => {
  const rowsOf = Effect.fnUntraced(function* (memories: ReadonlyArray<Memory>) {
    const vectors =
      embedder === null
        ? []
        : yield* embedder.embed(
            memories.map((memory) => memory.content),
            "document"
          )
    // Calls that waited for one embedder go on together: reading their texts takes turns of its own.
    yield* admit
    return memories.map((memory, i): StoreRow => ({
      memory,
      vector: vectors[i] ?? null,
      terms: documentTerms(memory.content)
    }))
  })

  const putAll = Effect.fnUntraced(function* (memories: ReadonlyArray<Memory>, fence: number) {
    const results: Array<PutResult> = []
    for (const chunk of chunksOf(memories, STORE_LIMITS.batch)) {
      // A large call leaves the event loop its turns: what follows takes some milliseconds.
      if (memories.length > STORE_LIMITS.batch) yield* Effect.yieldNow
      const rows = yield* rowsOf(chunk)
      const now = yield* Clock.currentTimeMillis
      results.push(...(yield* fences.write(scope, fence, store.put({ scope, now, rows }))))
    }
    return results
  })

  /** Gives turns, in order, to statements that name a session but no turn. */
  const withTurns = Effect.fnUntraced(function* (memories: ReadonlyArray<Memory>) {
    const next = new Map<string, number>()
    const placed: Array<Memory> = []
    for (const memory of memories) {
      const { sessionId } = memory
      if (sessionId === null) {
        placed.push(memory)
        continue
      }
      const turn =
        memory.turn ?? next.get(sessionId) ?? ((yield* store.lastTurn({ scope, sessionId })) ?? -1) + 1
      next.set(sessionId, Math.max(turn + 1, next.get(sessionId) ?? 0))
      placed.push(memory.turn === null ? { ...memory, turn } : memory)
    }
    return placed
  })

  const sessionKey = (sessionId: string): string => JSON.stringify([scopeKey(scope), sessionId])

  /** Gives turns and writes, one at a time in each session that needs turns, so that no two take the same. */
  const placing = <A>(
    memories: ReadonlyArray<Memory>,
    write: (placed: ReadonlyArray<Memory>) => Effect.Effect<A, MemoryError>
  ): Effect.Effect<A, MemoryError> =>
    sessions.withLocks(
      memories.flatMap(({ sessionId, turn }) =>
        sessionId === null || turn !== null ? [] : [sessionKey(sessionId)]
      ),
      Effect.flatMap(withTurns(memories), write)
    )

  const putDistinct = Effect.fnUntraced(function* (placed: ReadonlyArray<Memory>, fence: number) {
    const first = new Map<string, Memory>()
    for (const memory of placed) if (!first.has(memory.id)) first.set(memory.id, memory)
    const results = yield* putAll(Array.from(first.values()), fence)
    const outcomes = new Map(results.map((result) => [result.id, result]))
    // The same statement twice in one call is said once and said again; another content under its key is not.
    return placed.map((memory): Remembered => {
      const { id } = memory
      const kept = first.get(id)
      if (kept === memory) return outcomes.get(id) ?? { id, outcome: "conflict" }
      return { id, outcome: kept?.content === memory.content ? "refreshed" : "conflict" }
    })
  })

  /** The memories that statements make; a batch at a time, so that thousands do not hold the event loop. */
  const stated = Effect.fnUntraced(function* (inputs: ReadonlyArray<string | Statement>, now: number) {
    const memories: Array<Memory> = []
    for (const [i, input] of inputs.entries()) {
      if (i > 0 && i % STORE_LIMITS.batch === 0) yield* Effect.yieldNow
      const memory = memoryFromStatement(scope, input, now)
      if (isProblem(memory)) {
        const [field, message] = memory
        // Says which of many is bad.
        return yield* invalidInput(inputs.length > 1 ? `[${i}].${field}` : field, message)
      }
      memories.push(memory)
    }
    return memories
  })

  const rememberMany = (
    inputs: ReadonlyArray<string | Statement>,
    options: WriteOptions = {}
  ): Effect.Effect<ReadonlyArray<Remembered>, MemoryError> =>
    Effect.gen(function* () {
      const { fence = fences.token() } = yield* valid(() => readWriteOptions(options))
      // A text has an iterator too: it would be remembered letter by letter.
      if (!Array.isArray(inputs)) return yield* invalidInput("inputs", "give a list of texts or statements")
      const now = yield* Clock.currentTimeMillis
      return yield* placing(yield* stated(inputs, now), (placed) => putDistinct(placed, fence))
    })

  const remember = (
    input: string | Statement,
    options: WriteOptions = {}
  ): Effect.Effect<Remembered, MemoryError> =>
    Effect.flatMap(rememberMany([input], options), ([result]) =>
      result === undefined || result.outcome === "conflict" ? Effect.fail(takenKey) : Effect.succeed(result)
    )

  const exchangeAt = (exchange: Exchange, turn: number, options: WriteOptions) => {
    const { assistant, saidAt, sessionId, user } = exchange
    const said = { sessionId, saidAt }
    const answer = firstCodePoints(assistant, ANSWER_CODE_POINTS)
    return rememberMany(
      [
        { ...said, content: user, source: "user", turn, key: turnKey(sessionId, turn) },
        ...(answer.trim() === ""
          ? []
          : [
              {
                ...said,
                content: answer,
                source: "assistant",
                turn: turn + 1,
                key: turnKey(sessionId, turn + 1),
                ttlDays: ANSWER_TTL_DAYS
              } as const
            ])
      ],
      options
    )
  }

  /** Half an exchange under turns that somebody else took would be an answer without its question. */
  const withdraw = Effect.fnUntraced(function* (results: ReadonlyArray<Remembered>) {
    const ids = results.flatMap(({ id, outcome }) => (outcome === "created" ? [id] : []))
    if (ids.length === 0) return
    const now = yield* Clock.currentTimeMillis
    yield* store.remove({ scope, now, target: { _tag: "Ids", ids } })
  })

  const exchangeAtGiven = Effect.fnUntraced(function* (
    exchange: Exchange,
    turn: number,
    options: WriteOptions
  ) {
    const results = yield* exchangeAt(exchange, turn, options)
    if (results.every(({ outcome }) => outcome !== "conflict")) return results
    yield* withdraw(results)
    return yield* takenKey
  })

  const exchangeAtNext = Effect.fnUntraced(function* (exchange: Exchange, options: WriteOptions) {
    const { sessionId } = exchange
    for (let attempt = 0; attempt < TURN_TRIES; attempt++) {
      const last = yield* store.lastTurn({ scope, sessionId })
      const results = yield* exchangeAt(exchange, (last ?? -1) + 1, options)
      // What is not new under a turn that was free belongs to another process, were it the same words.
      if (results.every(({ outcome }) => outcome === "created")) return results
      yield* withdraw(results)
    }
    return yield* takenKey
  })

  const rememberExchange = (
    given: Exchange,
    options: WriteOptions = {}
  ): Effect.Effect<ReadonlyArray<Remembered>, MemoryError> =>
    Effect.gen(function* () {
      const { fence = fences.token() } = yield* valid(() => readWriteOptions(options))
      const exchange = yield* valid(() => readExchange(given))
      const { sessionId, turn } = exchange
      return yield* turn === undefined
        ? sessions.withLock(sessionKey(sessionId), exchangeAtNext(exchange, { fence }))
        : exchangeAtGiven(exchange, turn, { fence })
    })

  const supersede = (
    id: string,
    input: string | Statement,
    options: WriteOptions = {}
  ): Effect.Effect<Supersession, MemoryError> =>
    Effect.gen(function* () {
      const { fence = fences.token() } = yield* valid(() => readWriteOptions(options))
      const now = yield* Clock.currentTimeMillis
      const [old] = isUuid(id) ? yield* store.get({ scope, now, ids: [id] }) : []
      if (old === undefined) return yield* nothingThere(id)
      const memory = yield* valid(() => memoryFromStatement(scope, input, now, old))
      if (memory.id === id) {
        return yield* invalidInput(
          "content",
          "says what the memory already says; update changes its lifetime, remember restates it"
        )
      }
      return yield* placing([memory], ([placed = memory]) =>
        Effect.gen(function* () {
          const [row] = yield* rowsOf([placed])
          if (row === undefined) return yield* nothingThere(id)
          const replace = store.supersede({ scope, now, id, row })
          const { closed, outcome } = yield* fences.write(scope, fence, replace)
          if (outcome === "conflict") return yield* takenKey
          return { id: memory.id, outcome, supersededId: id, closed }
        })
      )
    })

  return {
    remember,
    rememberMany,
    rememberExchange,
    supersede,
    importAll: makeImport(scope, store, fences, putAll)
  }
}

/** The error of changing what is not there. The id is the caller's own. */
export const nothingThere = (id: string): MemoryError =>
  new MemoryError({
    reason: new NotFound({
      message: `No live memory ${shown(id)} in this scope; list or recall shows what there is.`
    })
  })
