import { Clock, Effect, Option, Stream } from "effect"
import type { makeContext } from "../context/buildContext.ts"
import { type Memory, MEMORY_TYPES } from "../memory/Memory.ts"
import { invalidInput, type MemoryError } from "../memory/MemoryError.ts"
import { isUuid } from "../memory/MemoryId.ts"
import { type Cursor, type MemoryChange, type Page, STORE_LIMITS } from "../store/MemoryStore.ts"
import { readMetadata } from "../input/metadata.ts"
import { booleanProblem, isProblem, type Problem, readFields, valid } from "../input/problems.ts"
import {
  clipMessage,
  readContextOptions,
  readListOptions,
  readQuestion,
  readRecallOptions
} from "./readOptions.ts"
import { makeRemoval, type RemovalParts } from "../forget/forget.ts"
import type { Retriever } from "../recall/Retriever.ts"
import type { Scope } from "../memory/Scope.ts"
import type { ListOptions, MemoryUpdate, ScopedMemory, Stats } from "./ScopedMemory.ts"
import { traced } from "../runtime/spans.ts"
import { expiryOf, importanceProblem } from "../input/Statement.ts"
import { makeWrites, nothingThere, type WriteParts } from "../write/write.ts"

export interface ScopedMemoryParts extends WriteParts, RemovalParts {
  readonly retriever: Retriever
  readonly context: ReturnType<typeof makeContext>
}

/** Rows of a page when nobody says. */
const PAGE = 100

const UPDATE_FIELDS: ReadonlyArray<keyof MemoryUpdate> = [
  "importance",
  "pinned",
  "metadata",
  "ttlDays",
  "expiresAt"
]

/** What the store is to change, or what is wrong with the wish. */
const readUpdate = (given: MemoryUpdate, now: number): MemoryChange | Problem => {
  const update = readFields("change", given, UPDATE_FIELDS)
  if (isProblem(update)) {
    return update[0] === "content" ? ["content", "never changes; supersede says what is so now"] : update
  }
  const { importance, pinned } = update
  if (Object.values(update).every((part) => part === undefined)) {
    return ["change", `names nothing to change; give ${UPDATE_FIELDS.join(", ")}`]
  }
  const problem =
    (importance === undefined ? undefined : importanceProblem(importance)) ?? booleanProblem("pinned", pinned)
  if (problem !== undefined) return problem
  const metadata = update.metadata === undefined ? undefined : readMetadata(update.metadata)
  if (isProblem(metadata)) return metadata
  const expiresAt = expiryOf(update, now)
  if (isProblem(expiresAt)) return expiresAt
  const touchesLifetime = update.ttlDays !== undefined || update.expiresAt !== undefined
  return {
    ...(touchesLifetime ? { expiresAt } : {}),
    ...(importance === undefined ? {} : { importance }),
    ...(pinned === undefined ? {} : { pinned }),
    ...(metadata === undefined ? {} : { metadata })
  }
}

/** The verbs over one scope. */
export const makeScopedMemory = (parts: ScopedMemoryParts, scope: Scope): ScopedMemory => {
  const { accesses, admin, context, fences, retriever, store } = parts
  const span = traced(admin.backend, scope)
  const writes = makeWrites(parts, scope)
  const removal = makeRemoval(parts, scope)
  const atNow = <A>(body: (now: number) => Effect.Effect<A, MemoryError>) =>
    Effect.flatMap(Clock.currentTimeMillis, body)

  const accessed = (memories: ReadonlyArray<Memory>) =>
    Effect.suspend(() => {
      accesses.add(
        scope,
        memories.map((memory) => memory.id)
      )
      return Effect.annotateCurrentSpan("db.response.returned_rows", memories.length)
    })

  const list = (options: ListOptions = {}): Effect.Effect<Page<Memory>, MemoryError> => {
    return Effect.flatMap(
      valid(() => readListOptions(options)),
      ({ after, closed, filter = {}, limit = PAGE }) =>
        atNow((now) => store.list({ scope, now, filter, closed, after, limit }))
    )
  }

  const update = (id: string, change: MemoryUpdate): Effect.Effect<Memory, MemoryError> =>
    atNow((now) => {
      const patch = readUpdate(change, now)
      if (isProblem(patch)) return Effect.fail(invalidInput(...patch))
      if (!isUuid(id)) return Effect.fail(nothingThere(id))
      return Effect.flatMap(store.patch({ scope, now, id, change: patch }), (memory) =>
        memory === null ? Effect.fail(nothingThere(id)) : Effect.succeed(memory)
      )
    })

  const stats: Effect.Effect<Stats, MemoryError> = atNow((now) => {
    const live = MEMORY_TYPES.map((type) => store.count({ scope, now, filter: { types: [type] } }))
    const pinnedCount = store.count({ scope, now, filter: { pinned: true } })
    const keptCount = store.count({ scope, now, filter: {}, lifetime: "any" })
    return Effect.map(
      Effect.all([pinnedCount, keptCount, ...live], { concurrency: "unbounded" }),
      ([pinned, kept, episodic = 0, semantic = 0, procedural = 0]) => ({
        total: episodic + semantic + procedural,
        byType: { episodic, semantic, procedural },
        pinned,
        kept
      })
    )
  })

  return {
    scope,
    remember: (input, options) => span("remember", writes.remember(input, options)),
    rememberMany: (inputs, options) => span("rememberMany", writes.rememberMany(inputs, options)),
    rememberExchange: (exchange, options) =>
      span("rememberExchange", writes.rememberExchange(exchange, options)),
    supersede: (id, input, options) => span("supersede", writes.supersede(id, input, options)),
    import: (memories) => span("import", writes.importAll(memories)),
    recall: (query, given = {}) =>
      span(
        "recall",
        Effect.tap(
          Effect.flatMap(
            Effect.all([valid(() => readQuestion(query)), valid(() => readRecallOptions(given))]),
            ([asked, options]) => atNow((now) => retriever.recall({ scope, now, query: asked, options }))
          ),
          (found) => accessed(found.map(({ memory }) => memory))
        )
      ),
    context: (query, given = {}) =>
      span(
        "context",
        Effect.tap(
          Effect.flatMap(
            valid(() => readContextOptions(given)),
            (options) => atNow((now) => context({ scope, now, query: clipMessage(query), options }))
          ),
          ({ items }) => accessed(items.flatMap(({ memory, part }) => (part === "relevant" ? [memory] : [])))
        )
      ),
    get: (id) =>
      span(
        "get",
        atNow((now) =>
          isUuid(id)
            ? Effect.map(store.get({ scope, now, ids: [id] }), ([memory]) => memory ?? null)
            : Effect.succeed(null)
        )
      ),
    list: (options) => span("list", list(options)),
    update: (id, change) => span("update", update(id, change)),
    forget: (target, options = {}) => span("forget", removal.forget(target, options)),
    forgetAll: (options = {}) => span("forgetAll", removal.forgetAll(options)),
    fence: () => fences.token(),
    export: () =>
      Stream.paginate<Cursor | undefined, Memory, MemoryError>(undefined, (after) =>
        Effect.map(list({ closed: true, after, limit: STORE_LIMITS.rows }), ({ next, rows }) => [
          rows,
          next === null ? Option.none() : Option.some(next)
        ])
      ),
    stats: () => span("stats", stats)
  }
}
