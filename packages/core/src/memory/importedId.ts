/** Which id an imported memory gets: its own only where that can be computed again, since a file can forge any other. */
import type { Memory } from "./Memory.ts"
import { hasIdOfText, memoryIdOfKey, memoryIdOfText, turnKey } from "./MemoryId.ts"
import { sameScope, type Scope } from "./Scope.ts"

/** Turns that later ones of the session can follow: a forged last turn would end the session for good. */
export const IMPORTED_TURN_MAX = 0x7fff_ffff - 1_000_000

const NAMES_TURN = /^\["turn",/u

/** A key of a turn is that turn's alone: under another turn it would take the place of what is said there. */
const isOwnKey = ({ key, sessionId, turn }: Memory): boolean =>
  key !== null &&
  (!NAMES_TURN.test(key) || (sessionId !== null && turn !== null && key === turnKey(sessionId, turn)))

/** The key of a turn, where the id was made of it and the first version did not keep it. */
const keyOfTurn = ({ id, scope, sessionId, turn }: Memory): string | null => {
  if (sessionId === null || turn === null) return null
  const key = turnKey(sessionId, turn)
  return id === memoryIdOfKey(scope, key) ? key : null
}

/**
 * The id and key of an exported memory in `scope`. An id that is made of nothing that the memory holds becomes one made
 * of the old id, which a second import finds again; with `trustIds` it stays in its own scope.
 */
export const toImportedId = (scope: Scope, memory: Memory, trustIds: boolean): Pick<Memory, "id" | "key"> => {
  const underKey = (key: string) => ({ id: memoryIdOfKey(scope, key), key })
  if (memory.key !== null && isOwnKey(memory)) return underKey(memory.key)
  if (memory.key === null && hasIdOfText(memory)) {
    // An id of the first version stays in its own scope, where references to it may be.
    return { id: sameScope(scope, memory.scope) ? memory.id : memoryIdOfText(scope, memory), key: null }
  }
  const turn = keyOfTurn(memory)
  if (turn !== null) return underKey(turn)
  return trustIds && sameScope(scope, memory.scope)
    ? { id: memory.id, key: memory.key }
    : underKey(`imported:${memory.id}`)
}
