/** What was stated before and after a memory. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Memory } from "../memory/Memory.ts"
import { isUuid } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"

/** Most statements of a history. */
const HISTORY_MAX = STORE_LIMITS.batch

/** A statement, and how many steps it is before (below 0) or after the memory whose history this is. */
interface Stated {
  readonly memory: Memory
  readonly step: number
}

/** Statements of one millisecond stand in the order in which they superseded each other. */
const byTime = (a: Stated, b: Stated): number =>
  (a.memory.validity[0]?.from ?? 0) - (b.memory.validity[0]?.from ?? 0) ||
  a.memory.createdAt - b.memory.createdAt ||
  a.step - b.step ||
  (a.memory.id < b.memory.id ? -1 : 1)

/**
 * Reads from the memories to those that `next` finds, until nothing new is found. Several may have been superseded
 * by one, so each step goes on from all that the step before found.
 */
const walk = Effect.fnUntraced(function* <E>(
  found: Map<string, Stated>,
  start: ReadonlyArray<Memory>,
  direction: 1 | -1,
  next: (memories: ReadonlyArray<Memory>) => Effect.Effect<ReadonlyArray<Memory>, E>
) {
  let edge = start
  for (let step = direction; edge.length > 0 && found.size < HISTORY_MAX; step += direction) {
    const unknown = (yield* next(edge)).filter(({ id }) => !found.has(id))
    edge = unknown.slice(0, HISTORY_MAX - found.size)
    for (const memory of edge) found.set(memory.id, { memory, step })
  }
})

export const history = Effect.fnUntraced(function* ({ store }: MemoryServices, scope: Scope, id: string) {
  if (!isUuid(id)) return []
  const now = yield* Clock.currentTimeMillis
  const memories = yield* store.get({ scope, now, ids: [id] })
  const found = new Map(memories.map((memory): [string, Stated] => [memory.id, { memory, step: 0 }]))
  yield* walk(found, memories, -1, (edge) =>
    store.predecessors({ scope, now, ids: edge.map((memory) => memory.id) })
  )
  yield* walk(found, memories, 1, (edge) =>
    store.get({ scope, now, ids: edge.flatMap(({ supersededBy }) => supersededBy ?? []) })
  )
  return Array.from(found.values())
    .sort(byTime)
    .map(({ memory }) => memory)
})
