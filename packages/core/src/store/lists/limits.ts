/** Limits of a scope over plain lists: how much it holds, and what makes room. */
import { isExpired } from "../../memory/lifetime.ts"
import type { Memory } from "../../memory/Memory.ts"
import { excess, type ScopeLimits, type ScopeUsage, toBytes, toEntryBytes } from "../limits.ts"
import type { Entry } from "../sessions.ts"
import type { StoreRow } from "../StoreRow.ts"

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((a, b) => a + b, 0)

/** How much these rows and entries are. */
export const sumUsage = (rows: Iterable<StoreRow>, entries: Iterable<Entry>): ScopeUsage => {
  const kept = Array.from(rows)
  return {
    memories: kept.length,
    bytes: sum(kept.map(({ memory }) => toBytes(memory))) + sum(Array.from(entries, toEntryBytes)),
    owed: kept.filter(({ owed }) => owed).length
  }
}

/** What makes room, first that which goes first: what has expired, then, with `dropOldest`, the rest. */
const dropOrder = (memories: ReadonlyArray<Memory>, { whenFull }: ScopeLimits, now: number) => {
  const successors = new Set(memories.map(({ supersededBy }) => supersededBy))
  const isKeptLonger = ({ id, pinned }: Memory): boolean => pinned || successors.has(id)
  const oldest = memories
    .filter((memory) => !isExpired(memory, now))
    .sort(
      (a, b) =>
        Number(isKeptLonger(a)) - Number(isKeptLonger(b)) || a.saidAt - b.saidAt || (a.id < b.id ? -1 : 1)
    )
  const expired = memories.filter((memory) => isExpired(memory, now))
  return [...expired, ...(whenFull === "dropOldest" ? oldest : [])]
}

/** A write as it stands, before room is made. */
export interface Written {
  /** The scope's rows after the write. */
  readonly rows: Iterable<StoreRow>
  readonly entries: Iterable<Entry>
  /** Rows of the write: they make no room. */
  readonly ids: ReadonlyArray<string>
  /** The scope's usage before the write. */
  readonly before: ScopeUsage
  readonly limits: ScopeLimits
  readonly now: number
}

/** What a write under limits drops, or by how much it does not fit. */
export type Room =
  | { readonly _tag: "Fits"; readonly dropped: ReadonlyArray<Memory> }
  | { readonly _tag: "Full"; readonly over: Omit<ScopeUsage, "owed"> }

/**
 * Makes room for a write: expired rows go first, all of them; then the oldest, one by one, where the limits say so. A
 * write that does not grow a full scope fits.
 */
export const makeRoom = ({ before, entries, ids, limits, now, rows }: Written): Room => {
  const kept = Array.from(rows)
  const others = kept.flatMap(({ memory }) => (ids.includes(memory.id) ? [] : [memory]))
  let { bytes, memories } = sumUsage(kept, entries)
  const isOver = () => {
    const over = excess({ bytes, memories }, limits)
    return over.bytes > 0 || over.memories > 0
  }
  const dropped: Array<Memory> = []
  if (isOver()) {
    for (const memory of dropOrder(others, limits, now)) {
      if (!isExpired(memory, now) && !isOver()) break
      dropped.push(memory)
      bytes -= toBytes(memory)
      memories -= 1
    }
  }
  const over = excess({ bytes, memories }, limits)
  const isFull = (over.memories > 0 && memories > before.memories) || (over.bytes > 0 && bytes > before.bytes)
  return isFull ? { _tag: "Full", over } : { _tag: "Fits", dropped }
}
