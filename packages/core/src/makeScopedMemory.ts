import { Clock, Effect, Option, Stream } from "effect"
import type { makeContext } from "./context.ts"
import { type Memory, MEMORY_TYPES } from "./Memory.ts"
import { invalidInput, type MemoryError } from "./MemoryError.ts"
import { isUuid } from "./MemoryId.ts"
import { type Cursor, type Page, STORE_LIMITS } from "./MemoryStore.ts"
import { makeRemoval, type RemovalParts } from "./removal.ts"
import type { Retriever } from "./Retriever.ts"
import type { Scope } from "./Scope.ts"
import type { ListOptions, MemoryUpdate, ScopedMemory, Stats } from "./ScopedMemory.ts"
import { traced } from "./spans.ts"
import { expiryOf, importanceProblem, isProblem, metadataProblem } from "./Statement.ts"
import { makeWrites, nothingThere, type WriteParts } from "./writes.ts"

export interface ScopedMemoryParts extends WriteParts, RemovalParts {
  readonly retriever: Retriever
  readonly context: ReturnType<typeof makeContext>
}

/** Rows of a page when nobody says. */
const PAGE = 100

const updateProblem = ({ expiresAt, importance, metadata, pinned, ttlDays }: MemoryUpdate) =>
  (importance === undefined ? undefined : importanceProblem(importance)) ??
  (metadata === undefined ? undefined : metadataProblem(metadata)) ??
  (pinned === undefined || typeof pinned === "boolean"
    ? undefined
    : (["pinned", "give true or false"] as const)) ??
  ([expiresAt, importance, metadata, pinned, ttlDays].some((part) => part !== undefined)
    ? undefined
    : ([
        "change",
        "names nothing to change; give importance, pinned, metadata, ttlDays or expiresAt"
      ] as const))

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
    const { after, closed, filter = {}, limit = PAGE } = options
    return Number.isInteger(limit) && limit >= 1 && limit <= STORE_LIMITS.rows
      ? atNow((now) => store.list({ scope, now, filter, closed, after, limit }))
      : Effect.fail(
          invalidInput(
            "limit",
            `${limit} is not a whole number from 1 to ${STORE_LIMITS.rows}; page on with after`
          )
        )
  }

  const update = (id: string, change: MemoryUpdate): Effect.Effect<Memory, MemoryError> =>
    atNow((now) => {
      const problem = updateProblem(change)
      if (problem !== undefined) return Effect.fail(invalidInput(...problem))
      const { importance, metadata, pinned } = change
      const expiresAt = expiryOf(change, now)
      if (isProblem(expiresAt)) return Effect.fail(invalidInput(...expiresAt))
      const touchesLifetime = change.ttlDays !== undefined || change.expiresAt !== undefined
      if (!isUuid(id)) return Effect.fail(nothingThere(id))
      const patch = {
        ...(touchesLifetime ? { expiresAt } : {}),
        ...(importance === undefined ? {} : { importance }),
        ...(pinned === undefined ? {} : { pinned }),
        ...(metadata === undefined ? {} : { metadata })
      }
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
    recall: (query, options = {}) =>
      span(
        "recall",
        Effect.tap(
          atNow((now) => retriever.recall({ scope, now, query, options })),
          (found) => accessed(found.map(({ memory }) => memory))
        )
      ),
    context: (query, options = {}) =>
      span(
        "context",
        Effect.tap(
          atNow((now) => context({ scope, now, query, options })),
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
    forget: (target, options = {}) => span("forget", removal.forget(target, options.dryRun ?? false)),
    forgetAll: (options = {}) => span("forgetAll", removal.forgetAll(options.dryRun ?? false)),
    fence: () => fences.token(scope),
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
