/** The verbs that read without asking a question: by id, in pages, as a whole, in numbers. */
import { Clock, Effect, Option, Stream } from "effect"
import { valid } from "../input/fields.ts"
import { type ListOptions, readListOptions } from "../input/options.ts"
import { type Memory, MEMORY_TYPES } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { isUuid } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import { type Cursor, STORE_LIMITS } from "../store/MemoryStore.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"
import type { Stats } from "./ScopedMemory.ts"

/** Rows per page when `limit` is absent. */
const PAGE = 100

export const get = Effect.fnUntraced(function* ({ store }: MemoryServices, scope: Scope, id: string) {
  if (!isUuid(id)) return null
  const now = yield* Clock.currentTimeMillis
  const [memory] = yield* store.get({ scope, now, ids: [id] })
  return memory ?? null
})

export const list = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  options: ListOptions = {}
) {
  const { after, filter = {}, includeSuperseded, limit = PAGE } = yield* valid(() => readListOptions(options))
  const now = yield* Clock.currentTimeMillis
  return yield* store.list({ scope, now, filter, closed: includeSuperseded, after, limit })
})

export const exportMemories = (
  { store }: MemoryServices,
  scope: Scope
): Stream.Stream<Memory, MemoryError> => {
  const readPage = Effect.fnUntraced(function* (after: Cursor | undefined) {
    const now = yield* Clock.currentTimeMillis
    const page = yield* store.list({ scope, now, filter: {}, closed: true, after, limit: STORE_LIMITS.rows })
    return [page.rows, page.next === null ? Option.none() : Option.some(page.next)] as const
  })
  return Stream.paginate<Cursor | undefined, Memory, MemoryError>(undefined, readPage)
}

export const stats = Effect.fnUntraced(function* ({ store }: MemoryServices, scope: Scope) {
  const now = yield* Clock.currentTimeMillis
  const [pinned, kept, episodic = 0, semantic = 0, procedural = 0] = yield* Effect.all(
    [
      store.count({ scope, now, filter: { pinned: true } }),
      store.count({ scope, now, filter: {}, lifetime: "any" }),
      ...MEMORY_TYPES.map((type) => store.count({ scope, now, filter: { types: [type] } }))
    ],
    { concurrency: "unbounded" }
  )
  return {
    total: episodic + semantic + procedural,
    byType: { episodic, semantic, procedural },
    pinned,
    kept
  } satisfies Stats
})
