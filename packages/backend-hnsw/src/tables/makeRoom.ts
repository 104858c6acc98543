import { excess, limitReached, type ScopeLimits } from "@keepsake/core/driver"
import type { MemoryQueries } from "./MemoryQueries.ts"
import type { MemoryTable } from "./MemoryTable.ts"
import type { ScopeChange } from "./ScopeChange.ts"
import type { ScopeRow } from "./ScopeTable.ts"

/** A write as it stands, before room is made. */
interface Written {
  /** Of a scope whose bytes are counted. */
  readonly change: ScopeChange
  readonly before: ScopeRow
  readonly limits: ScopeLimits
  readonly now: number
  /** Rows of the write: they make no room. */
  readonly ids: ReadonlyArray<string>
}

/**
 * Makes room for a write, inside its transaction: expired rows go first, all of them; then the oldest, one by one, where
 * the limits say so. Throws `LimitReached` where that is not enough, unless the write does not grow the scope.
 * @returns whether rows were dropped
 */
export const makeRoom = (
  { before, change, ids, limits, now }: Written,
  tables: { readonly memories: MemoryTable; readonly queries: MemoryQueries }
): boolean => {
  const room = { memories: change.rows, bytes: change.bytes ?? 0 }
  const fits = () => {
    const { bytes, memories } = excess(room, limits)
    return bytes === 0 && memories === 0
  }
  if (fits()) return false
  const doomed: Array<number> = []
  for (const { bytes, expired, rid } of tables.queries.iterateByAge(change.sid, now, ids)) {
    if (expired === 0 && (limits.whenFull === "refuse" || fits())) break
    doomed.push(rid)
    room.memories -= 1
    room.bytes -= bytes
  }
  const over = excess(room, limits)
  const isFull =
    (over.memories > 0 && room.memories > before.rows) || (over.bytes > 0 && room.bytes > (before.bytes ?? 0))
  if (isFull) throw limitReached(over)
  for (const rid of doomed) tables.memories.remove(change, rid)
  return doomed.length > 0
}
