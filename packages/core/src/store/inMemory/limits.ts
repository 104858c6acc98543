/** Limits of a scope, kept by counting anew. */
import { Effect } from "effect"
import { isExpired } from "../../memory/lifetime.ts"
import type { Memory } from "../../memory/Memory.ts"
import type { MemoryError } from "../../memory/MemoryError.ts"
import { type Scope, scopeKey } from "../../memory/Scope.ts"
import { excess, type ScopeLimits, type ScopeUsage, toBytes, toEntryBytes } from "../limits.ts"
import { limitReached } from "../storeErrors.ts"
import { drop, type InMemoryData, scopeMemories, scopeRows } from "./inMemoryData.ts"

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((a, b) => a + b, 0)

export const usageOf = (data: InMemoryData, scope: Scope): ScopeUsage => {
  const memories = scopeMemories(data, scope)
  const entries = Array.from(data.sessions.get(scopeKey(scope))?.entries.values() ?? [])
  return {
    memories: memories.length,
    bytes: sum(memories.map(toBytes)) + sum(entries.map(toEntryBytes)),
    owed: Array.from(scopeRows(data, scope).values()).filter(({ owed }) => owed).length
  }
}

/** What goes first when room is needed. */
const dropOrder = (memories: ReadonlyArray<Memory>): ReadonlyArray<Memory> => {
  const successors = new Set(memories.map(({ supersededBy }) => supersededBy))
  const isKeptLonger = ({ id, pinned }: Memory): boolean => pinned || successors.has(id)
  return memories.toSorted(
    (a, b) =>
      Number(isKeptLonger(a)) - Number(isKeptLonger(b)) || a.saidAt - b.saidAt || (a.id < b.id ? -1 : 1)
  )
}

const isOver = (data: InMemoryData, scope: Scope, limits: ScopeLimits): boolean => {
  const { bytes, memories } = excess(usageOf(data, scope), limits)
  return bytes > 0 || memories > 0
}

/** Writes, and makes room; undoes the write and fails with `LimitReached` where that is not enough. */
export const withinLimits = <A>(
  data: InMemoryData,
  {
    limits,
    now,
    scope
  }: { readonly limits?: ScopeLimits | undefined; readonly now: number; readonly scope: Scope },
  writtenIds: ReadonlyArray<string>,
  write: Effect.Effect<A, MemoryError>
): Effect.Effect<A, MemoryError> => {
  if (limits === undefined) return write
  return Effect.gen(function* () {
    const key = scopeKey(scope)
    const before = usageOf(data, scope)
    const rows = new Map(data.scopes.get(key))
    const session = data.sessions.get(key)
    const kept = session && {
      ...session,
      lastTurns: new Map(session.lastTurns),
      entries: new Map(session.entries)
    }
    const written = yield* write
    const others = () => scopeMemories(data, scope).filter(({ id }) => !writtenIds.includes(id))
    if (isOver(data, scope, limits))
      drop(
        data,
        others().filter((memory) => isExpired(memory, now))
      )
    if (limits.whenFull === "dropOldest") {
      for (const memory of dropOrder(others())) if (isOver(data, scope, limits)) drop(data, [memory])
    }
    const after = usageOf(data, scope)
    const over = excess(after, limits)
    const grew = after.memories > before.memories ? over.memories > 0 : false
    if (grew || (after.bytes > before.bytes && over.bytes > 0)) {
      if (rows.size === 0) data.scopes.delete(key)
      else data.scopes.set(key, rows)
      if (kept === undefined) data.sessions.delete(key)
      else data.sessions.set(key, kept)
      return yield* Effect.fail(limitReached(over))
    }
    return written
  })
}
