/** Turns of a session: read, and assigned to memories that name a session but no turn. */
import * as Effect from "effect/Effect"
import { name, refused, valid, within } from "../input/fields.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"
import type { MemoryServices } from "./MemoryServices.ts"

/** The lock of a session whose turns are assigned one write at a time. */
export const sessionKey = (scope: Scope, sessionId: string): string =>
  JSON.stringify([scopeKey(scope), sessionId])

/** The first free turn after all that are stored. */
export const readNextTurn = (
  { store }: MemoryServices,
  scope: Scope,
  sessionId: string
): Effect.Effect<number, MemoryError> =>
  Effect.map(store.lastTurn({ scope, sessionId }), (last) => (last ?? -1) + 1)

const readSessionId = within("sessionId", (value) =>
  typeof value === "string" ? name(value) : refused("name the conversation whose next turn is asked for")
)

export const nextTurn = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  sessionId: string
) {
  return yield* readNextTurn(services, scope, yield* valid(() => readSessionId(sessionId)))
})

const assignTurns = Effect.fnUntraced(function* <M extends Memory>(
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<M>
) {
  const nextBySession = new Map<string, number>()
  const placed: Array<M> = []
  for (const memory of memories) {
    const { sessionId } = memory
    if (sessionId === null) {
      placed.push(memory)
      continue
    }
    const next = nextBySession.get(sessionId)
    const turn = memory.turn ?? next ?? (yield* readNextTurn(services, scope, sessionId))
    nextBySession.set(sessionId, Math.max(turn + 1, next ?? 0))
    placed.push(memory.turn === null ? { ...memory, turn } : memory)
  }
  return placed
})

/**
 * Assigns missing turns, then writes. Holds the lock of each session that lacks turns, so that two writes
 * never take the same one.
 */
export const withSessionTurns = <A, M extends Memory>(
  services: MemoryServices,
  scope: Scope,
  memories: ReadonlyArray<M>,
  write: (placed: ReadonlyArray<M>) => Effect.Effect<A, MemoryError>
): Effect.Effect<A, MemoryError> => {
  const keys = memories.flatMap(({ sessionId, turn }) =>
    sessionId === null || turn !== null ? [] : [sessionKey(scope, sessionId)]
  )
  return keys.length === 0
    ? write(memories)
    : services.sessions.withLocks(keys, Effect.flatMap(assignTurns(services, scope, memories), write))
}
