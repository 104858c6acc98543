/** What was stated before and after a memory. */
import { Clock, Effect } from "effect"
import type { Memory } from "../memory/Memory.ts"
import { isUuid } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"

/** Most statements of a history. */
export const HISTORY_MAX = STORE_LIMITS.batch

const byTime = (a: Memory, b: Memory): number =>
  (a.validity[0]?.from ?? 0) - (b.validity[0]?.from ?? 0) ||
  a.createdAt - b.createdAt ||
  (a.id < b.id ? -1 : 1)

/**
 * Reads from the memories to those that `step` finds, until nothing new is found. Several may have been superseded
 * by one, so both directions go on from all that a step found.
 */
const walk = Effect.fnUntraced(function* <E>(
  found: Map<string, Memory>,
  start: ReadonlyArray<Memory>,
  step: (memories: ReadonlyArray<Memory>) => Effect.Effect<ReadonlyArray<Memory>, E>
) {
  let edge = start
  while (edge.length > 0 && found.size < HISTORY_MAX) {
    const next = (yield* step(edge.slice(0, STORE_LIMITS.batch))).filter(({ id }) => !found.has(id))
    edge = next.slice(0, HISTORY_MAX - found.size)
    for (const memory of edge) found.set(memory.id, memory)
  }
})

export const history = Effect.fnUntraced(function* ({ store }: MemoryServices, scope: Scope, id: string) {
  if (!isUuid(id)) return []
  const now = yield* Clock.currentTimeMillis
  const memories = yield* store.get({ scope, now, ids: [id] })
  const found = new Map(memories.map((memory) => [memory.id, memory]))
  yield* walk(found, memories, (edge) =>
    store.predecessors({ scope, now, ids: edge.map((memory) => memory.id) })
  )
  yield* walk(found, memories, (edge) =>
    store.get({ scope, now, ids: edge.flatMap(({ supersededBy }) => supersededBy ?? []) })
  )
  return Array.from(found.values()).sort(byTime)
})
