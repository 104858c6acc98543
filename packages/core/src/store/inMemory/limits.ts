/** Writes under the limits of a scope. */
import * as Effect from "effect/Effect"
import type { MemoryError } from "../../memory/MemoryError.ts"
import { type Scope, scopeKey } from "../../memory/Scope.ts"
import type { ScopeLimits, ScopeUsage } from "../limits.ts"
import { makeRoom, sumUsage } from "../lists/limits.ts"
import { limitReached } from "../storeErrors.ts"
import { drop, type InMemoryData, scopeRows } from "./inMemoryData.ts"

const entriesOf = (data: InMemoryData, scope: Scope) =>
  data.sessions.get(scopeKey(scope))?.entries.values() ?? []

export const usageOf = (data: InMemoryData, scope: Scope): ScopeUsage =>
  sumUsage(scopeRows(data, scope).values(), entriesOf(data, scope))

/** A write, and the limits that it keeps to, if any. */
interface LimitedRequest {
  readonly limits?: ScopeLimits | undefined
  readonly now: number
  readonly scope: Scope
}

/** Remembers a scope; the function returned puts it back as it was. */
const snapshot = (data: InMemoryData, scope: Scope): (() => void) => {
  const key = scopeKey(scope)
  const rows = data.scopes.get(key)
  const copy = rows && new Map(rows)
  const session = data.sessions.get(key)
  const kept = session && {
    ...session,
    lastTurns: new Map(session.lastTurns),
    entries: new Map(session.entries)
  }
  return () => {
    if (copy === undefined) data.scopes.delete(key)
    else data.scopes.set(key, copy)
    if (kept === undefined) data.sessions.delete(key)
    else data.sessions.set(key, kept)
  }
}

/** Writes, and makes room; undoes the write and fails with `LimitReached` where that is not enough. */
export const withinLimits = <A>(
  data: InMemoryData,
  { limits, now, scope }: LimitedRequest,
  idsOf: (written: A) => ReadonlyArray<string>,
  write: Effect.Effect<A, MemoryError>
): Effect.Effect<A, MemoryError> => {
  if (limits === undefined) return write
  return Effect.gen(function* () {
    const before = usageOf(data, scope)
    const undo = snapshot(data, scope)
    const written = yield* write
    const rows = scopeRows(data, scope).values()
    const ids = idsOf(written)
    const room = makeRoom({ rows, entries: entriesOf(data, scope), ids, before, limits, now })
    if (room._tag === "Full") {
      undo()
      return yield* limitReached(room.over)
    }
    drop(data, room.dropped)
    return written
  })
}
