import { excess, limitReached, type ScopeLimits } from "@keepsake/core/driver"
import type { DoomedRow, DropOrder } from "./DropOrder.ts"
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
  tables: { readonly dropOrder: DropOrder; readonly memories: MemoryTable }
): boolean => {
  const room = { memories: change.rows, bytes: change.bytes ?? 0 }
  const fits = () => {
    const { bytes, memories } = excess(room, limits)
    return bytes === 0 && memories === 0
  }
  if (fits()) return false
  const kept = new Set(ids)
  const doomed: Array<number> = []
  const drop = ({ bytes, rid }: DoomedRow) => {
    doomed.push(rid)
    room.memories -= 1
    room.bytes -= bytes
  }
  const { dropOrder, memories } = tables
  for (const row of dropOrder.expired(change.sid, now, kept)) drop(row)
  if (limits.whenFull === "dropOldest" && !fits()) {
    for (const row of dropOrder.oldest(change.sid, now, kept)) {
      drop(row)
      if (fits()) break
    }
  }
  const over = excess(room, limits)
  const isFull =
    (over.memories > 0 && room.memories > before.rows) || (over.bytes > 0 && room.bytes > (before.bytes ?? 0))
  if (isFull) throw limitReached(over)
  for (const rid of doomed) memories.remove(change, rid)
  return doomed.length > 0
}
