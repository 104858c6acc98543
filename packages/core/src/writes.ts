/** Everything that stores: remember in its forms, supersede, import. */
import { Clock, Effect, Schema } from "effect"
import { chunks } from "./chunks.ts"
import type { Embedder } from "./Embedder.ts"
import type { Fences } from "./Fences.ts"
import type { KeyedLocks } from "./KeyedLocks.ts"
import { Memory } from "./Memory.ts"
import { Conflict, InvalidInput, invalidInput, MemoryError, NotFound } from "./MemoryError.ts"
import { memoryIdOfKey, memoryIdOfText } from "./MemoryId.ts"
import { type MemoryStore, type PutResult, STORE_LIMITS, type StoreRow } from "./MemoryStore.ts"
import { sameScope, type Scope, scopeKey } from "./Scope.ts"
import type { Exchange, Imported, Remembered, Supersession, WriteOptions } from "./ScopedMemory.ts"
import { memoryOf, metadataProblem, type Statement } from "./Statement.ts"
import { documentTerms } from "./terms.ts"

export interface WriteParts {
  readonly store: MemoryStore["Service"]
  readonly embedder: Embedder["Service"] | null
  readonly fences: Fences
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

/** Says which of many inputs is bad. */
const atPlace = (i: number, { reason }: MemoryError): MemoryError =>
  new MemoryError({
    reason:
      reason._tag === "InvalidInput"
        ? new InvalidInput({ field: `[${i}].${reason.field}`, message: `[${i}].${reason.message}` })
        : reason
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
    return memories.map((memory, i): StoreRow => ({
      memory,
      vector: vectors[i] ?? null,
      terms: documentTerms(memory.content)
    }))
  })

  const putAll = Effect.fnUntraced(function* (memories: ReadonlyArray<Memory>, fence: number) {
    const results: Array<PutResult> = []
    for (const chunk of chunks(memories, STORE_LIMITS.batch)) {
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

  const inSession = <A, E, R>(sessionId: string | null | undefined, body: Effect.Effect<A, E, R>) =>
    sessionId === null || sessionId === undefined
      ? body
      : sessions.withLock(JSON.stringify([scopeKey(scope), sessionId]), body)

  const rememberMany = (
    inputs: ReadonlyArray<string | Statement>,
    options: WriteOptions = {}
  ): Effect.Effect<ReadonlyArray<Remembered>, MemoryError> =>
    Effect.gen(function* () {
      const fence = options.fence ?? fences.token(scope)
      const now = yield* Clock.currentTimeMillis
      const stated = yield* Effect.forEach(inputs, (input, i) =>
        Effect.mapError(memoryOf(scope, input, now), (error) =>
          inputs.length > 1 ? atPlace(i, error) : error
        )
      )
      const placed = yield* withTurns(stated)
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

  const remember = (
    input: string | Statement,
    options: WriteOptions = {}
  ): Effect.Effect<Remembered, MemoryError> => {
    const session = typeof input === "object" && input?.turn === undefined ? input?.sessionId : undefined
    return Effect.flatMap(inSession(session, rememberMany([input], options)), ([result]) =>
      result === undefined || result.outcome === "conflict" ? Effect.fail(takenKey) : Effect.succeed(result)
    )
  }

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

  const rememberExchange = (
    exchange: Exchange,
    options: WriteOptions = {}
  ): Effect.Effect<ReadonlyArray<Remembered>, MemoryError> => {
    const { sessionId, turn } = exchange
    if (typeof sessionId !== "string" || sessionId === "") {
      return Effect.fail(invalidInput("sessionId", "name the conversation this exchange belongs to"))
    }
    if (turn !== undefined) {
      return Effect.flatMap(exchangeAt(exchange, turn, options), (results) =>
        results.some(({ outcome }) => outcome === "conflict")
          ? Effect.fail(takenKey)
          : Effect.succeed(results)
      )
    }
    const assigned = Effect.gen(function* () {
      for (let attempt = 0; attempt < TURN_TRIES; attempt++) {
        const last = yield* store.lastTurn({ scope, sessionId })
        const results = yield* exchangeAt(exchange, (last ?? -1) + 1, options)
        // Another process took the turn first: nothing of ours was written under it, so the next pair is tried.
        if (results[0]?.outcome !== "conflict") return results
      }
      return yield* takenKey
    })
    return inSession(sessionId, assigned)
  }

  const supersede = (
    id: string,
    input: string | Statement,
    options: WriteOptions = {}
  ): Effect.Effect<Supersession, MemoryError> =>
    Effect.gen(function* () {
      const fence = options.fence ?? fences.token(scope)
      const now = yield* Clock.currentTimeMillis
      const [old] = yield* store.get({ scope, now, ids: [id] })
      if (old === undefined) return yield* nothingThere(id)
      const statement: Statement = typeof input === "string" ? { content: input } : input
      const { source, speaker, type } = old
      const memory = yield* memoryOf(scope, { type, source, speaker, ...statement }, now)
      if (memory.id === id) {
        return yield* invalidInput(
          "content",
          "says what the memory already says; update changes its lifetime, remember restates it"
        )
      }
      const [placed = memory] = yield* withTurns([memory])
      const [row] = yield* rowsOf([placed])
      if (row === undefined) return yield* nothingThere(id)
      const { closed, outcome } = yield* fences.write(scope, fence, store.supersede({ scope, now, id, row }))
      if (outcome === "conflict") return yield* takenKey
      return { id: memory.id, outcome, supersededId: id, closed }
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
      message: `No live memory ${JSON.stringify(id)} in this scope; list or recall shows what there is.`
    })
  })

const collect = async (
  memories: Iterable<unknown> | AsyncIterable<unknown>
): Promise<ReadonlyArray<unknown>> => {
  const all: Array<unknown> = []
  for await (const memory of memories) all.push(memory)
  return all
}

const decodeMemory = Schema.decodeUnknownEffect(Memory)

const makeImport =
  (
    scope: Scope,
    store: MemoryStore["Service"],
    fences: Fences,
    putAll: (
      memories: ReadonlyArray<Memory>,
      fence: number
    ) => Effect.Effect<ReadonlyArray<PutResult>, MemoryError>
  ) =>
  (memories: Iterable<Memory> | AsyncIterable<Memory>): Effect.Effect<Imported, MemoryError> =>
    Effect.gen(function* () {
      const fence = fences.token(scope)
      // Read whole and checked whole before anything is written, so that a damaged export changes nothing.
      const given = yield* Effect.tryPromise({
        try: () => collect(memories),
        catch: (cause) =>
          cause instanceof MemoryError
            ? cause
            : invalidInput("memories", `could not be read: ${String(cause)}`)
      })
      const checked = yield* Effect.forEach(given, (one, i) => checkedMemory(one, i))
      const ids = new Map(checked.map((memory) => [memory.id, idIn(scope, memory)]))
      const moved = checked.map((memory): Memory => {
        const successor = memory.supersededBy
        return {
          ...memory,
          scope,
          id: ids.get(memory.id) ?? memory.id,
          supersededBy: successor === null ? null : (ids.get(successor) ?? successor)
        }
      })
      const unique = Array.from(new Map(moved.map((memory) => [memory.id, memory])).values())
      let created = 0
      for (const chunk of chunks(unique, STORE_LIMITS.batch)) {
        const now = yield* Clock.currentTimeMillis
        const known = yield* store.get({ scope, now, ids: chunk.map((memory) => memory.id) })
        const knownIds = new Set(known.map((memory) => memory.id))
        const missing = chunk.filter((memory) => !knownIds.has(memory.id))
        const results = yield* putAll(missing, fence)
        created += results.filter(({ outcome }) => outcome !== "conflict").length
      }
      return { created, known: given.length - created }
    })

const checkedMemory = (one: unknown, at: number): Effect.Effect<Memory, MemoryError> =>
  Effect.flatMap(
    Effect.mapError(decodeMemory(one), (error) =>
      invalidInput(`memories[${at}]`, `is not an exported memory. ${error.message}`)
    ),
    (memory) => {
      const problem = metadataProblem(memory.metadata)
      return problem === undefined
        ? Effect.succeed(memory)
        : Effect.fail(invalidInput(`memories[${at}].${problem[0]}`, problem[1]))
    }
  )

/** A memory keeps its id in its own scope; in another it takes the id its text, or its old id as a key, has there. */
const idIn = (scope: Scope, memory: Memory): string => {
  if (sameScope(scope, memory.scope)) return memory.id
  return memory.id === memoryIdOfText(memory.scope, memory)
    ? memoryIdOfText(scope, memory)
    : memoryIdOfKey(scope, `imported:${memory.id}`)
}
