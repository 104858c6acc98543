/**
 * When a memory is visible, and what an upsert of it does. Every store follows these rules; the laws compare a
 * store that cannot call them (SQL, a server) with them.
 */
import type { Interval, Memory } from "./Memory.ts"

/** From the millisecond `expiresAt` on. */
export const isExpired = (memory: Memory, now: number): boolean =>
  memory.expiresAt !== null && memory.expiresAt <= now

/** Not closed by a successor. Says nothing about expiry. */
export const isCurrent = (memory: Memory): boolean => memory.validity.at(-1)?.to === null

const holdsAt = (memory: Memory, at: number): boolean =>
  memory.validity.some((interval) => interval.from <= at && (interval.to === null || at < interval.to))

/** A search may return it: not expired at `now`, and current, or valid at `asOf`. */
export const isVisible = (memory: Memory, now: number, asOf?: number): boolean =>
  !isExpired(memory, now) && (asOf === undefined ? isCurrent(memory) : holdsAt(memory, asOf))

/**
 * Closes the open interval at `at`, or at its own start if `at` is earlier: intervals never run backwards. A
 * memory that is not current is returned unchanged.
 */
export const closeAt = (memory: Memory, at: number, supersededBy: string): Memory => {
  const open = memory.validity.at(-1)
  if (open === undefined || open.to !== null) return memory
  const closed: Interval = { from: open.from, to: Math.max(at, open.from) }
  return { ...memory, validity: [...memory.validity.slice(0, -1), closed], supersededBy }
}

/** The outcome of an upsert on the stored row. */
export type Restated =
  | { readonly outcome: "refreshed" | "reopened" | "created"; readonly memory: Memory }
  | { readonly outcome: "conflict" }

/** The fields that a statement said again may change. */
export type Restatable = "metadata" | "importance" | "pinned"

/** Of two lifetimes the longer; `null`, which is none, is the longest. */
const longerLifetime = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : Math.max(a, b)

/**
 * The upsert of `stated` on the row `existing`, which has its id.
 *
 * - Other content (a caller's key used twice): `conflict`, nothing changes. An expired row counts as purged,
 *   and `stated` replaces it: `created`.
 * - Live and current: `refreshed`. The fields of `overwrites` and a later `updatedAt` are taken over, and of both
 *   lifetimes the longer; everything else stays.
 * - Expired or closed: `reopened`, likewise, with a new interval after the old ones, so that A→B→A keeps its
 *   history. An interval that is open on an expired row ends when it expired.
 */
export const restate = (
  existing: Memory,
  stated: Memory,
  now: number,
  overwrites: ReadonlyArray<Restatable> = []
): Restated => {
  if (existing.content !== stated.content) {
    return isExpired(existing, now) ? { outcome: "created", memory: stated } : { outcome: "conflict" }
  }
  const takes = (field: Restatable) => overwrites.includes(field)
  const refreshed: Memory = {
    ...existing,
    metadata: takes("metadata") ? stated.metadata : existing.metadata,
    importance: takes("importance") ? stated.importance : existing.importance,
    pinned: takes("pinned") ? stated.pinned : existing.pinned,
    updatedAt: Math.max(existing.updatedAt, stated.updatedAt),
    expiresAt: longerLifetime(existing.expiresAt, stated.expiresAt)
  }
  if (isVisible(existing, now)) return { outcome: "refreshed", memory: refreshed }
  const past = existing.validity.map((interval) =>
    interval.to === null
      ? { from: interval.from, to: Math.max(interval.from, existing.expiresAt ?? now) }
      : interval
  )
  const from = Math.max(stated.validity[0]?.from ?? now, past.at(-1)?.to ?? now)
  return {
    outcome: "reopened",
    memory: { ...refreshed, validity: [...past, { from, to: null }], supersededBy: null }
  }
}
