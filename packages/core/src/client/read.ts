/** The verbs that read without asking a question: by id, in pages, as a whole, in numbers. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { valid } from "../input/fields.ts"
import { readSessionsOptions, type SessionsOptions } from "../input/entries.ts"
import { type CountOptions, type ListOptions, readCountOptions, readListOptions } from "../input/options.ts"
import { ANY, isIn } from "../memory/Condition.ts"
import { type Memory, MEMORY_TYPES } from "../memory/Memory.ts"
import { type MemoryError, timedOut } from "../memory/MemoryError.ts"
import { isUuid } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import { type ReadScopes, readShared } from "../recall/readScopes.ts"
import { withinDeadline } from "../runtime/deadline.ts"
import { type Cursor, STORE_LIMITS } from "../store/MemoryStore.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"
import { queueCall } from "../store/queueCall.ts"
import type { Stats } from "./ScopedMemory.ts"

/** Rows per page when `limit` is absent. */
const PAGE = 100

export const get = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  { reads, scope }: ReadScopes,
  id: string
) {
  if (!isUuid(id)) return null
  const now = yield* Clock.currentTimeMillis
  const [memory] = yield* store.get({ scope, now, ids: [id] })
  if (memory !== undefined || reads.length === 0) return memory ?? null
  const { answers, failures } = yield* readShared(reads, (shared) =>
    store.get({ scope: shared, now, ids: [id] })
  )
  const [found] = answers.flat()
  const [failure] = failures
  // `null` would claim that no scope has it.
  return found === undefined && failure !== undefined ? yield* failure.error : (found ?? null)
})

export const list = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  options: ListOptions = {}
) {
  const {
    after,
    by,
    filter,
    includeSuperseded,
    limit = PAGE,
    newestFirst
  } = yield* valid(() => readListOptions(options))
  const now = yield* Clock.currentTimeMillis
  return yield* store.list({ scope, now, filter, closed: includeSuperseded, by, newestFirst, after, limit })
})

export const count = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  options: CountOptions = {}
) {
  const { where = ANY } = yield* valid(() => readCountOptions(options))
  const now = yield* Clock.currentTimeMillis
  return yield* store.count({ scope, now, filter: where })
})

export const sessions = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  options: SessionsOptions = {}
) {
  const { after, limit = PAGE } = yield* valid(() => readSessionsOptions(options))
  const now = yield* Clock.currentTimeMillis
  return yield* store.sessions({ scope, now, after, limit })
})

export const exportMemories = (
  services: MemoryServices,
  scope: Scope
): Stream.Stream<Memory, MemoryError> => {
  const { deadlineMs, store } = services
  const readPage = Effect.fnUntraced(function* (after: Cursor | undefined) {
    const now = yield* Clock.currentTimeMillis
    const reading = store.list({ scope, now, filter: ANY, closed: true, after, limit: STORE_LIMITS.rows })
    const queued = queueCall(services, scope, "A page of the export", reading)
    const page = yield* withinDeadline(queued, deadlineMs, () => timedOut("A page of the export", deadlineMs))
    return [page.rows, page.next === null ? Option.none() : Option.some(page.next)] as const
  })
  return Stream.paginate<Cursor | undefined, Memory, MemoryError>(undefined, readPage)
}

export const stats = Effect.fnUntraced(function* ({ admin, store }: MemoryServices, scope: Scope) {
  const { embedding } = yield* admin.fingerprint
  const now = yield* Clock.currentTimeMillis
  const [owed, pinned, kept, episodic = 0, semantic = 0, procedural = 0] = yield* Effect.all(
    [
      // A store without an embedder owes none, and usage is read from all rows.
      embedding === null ? Effect.succeed(0) : Effect.map(store.usage({ scope }), (usage) => usage.owed),
      store.count({ scope, now, filter: isIn({ field: "pinned" }, [true]) }),
      store.count({ scope, now, filter: ANY, lifetime: "any" }),
      ...MEMORY_TYPES.map((type) => store.count({ scope, now, filter: isIn({ field: "type" }, [type]) }))
    ],
    { concurrency: "unbounded" }
  )
  return {
    total: episodic + semantic + procedural,
    byType: { episodic, semantic, procedural },
    pinned,
    kept,
    owed
  } satisfies Stats
})
