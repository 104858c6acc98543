/**
 * When a memory is there to be seen, and what saying it again does. The rules that every store follows,
 * as pure functions; a store that cannot call them (SQL, a server) is compared with them by the laws.
 */
import type { Interval, Memory } from "./Memory.ts"

/** `expiresAt <= now` is gone, the very millisecond included. */
export const isExpired = (memory: Memory, now: number): boolean =>
  memory.expiresAt !== null && memory.expiresAt <= now

/** Open: not closed by a successor. Says nothing about expiry. */
export const isCurrent = (memory: Memory): boolean => memory.validity.at(-1)?.to === null

const holdsAt = (memory: Memory, at: number): boolean =>
  memory.validity.some((interval) => interval.from <= at && (interval.to === null || at < interval.to))

/** What a search may return: not expired now, and current, or held at `asOf`. */
export const isVisible = (memory: Memory, now: number, asOf?: number): boolean =>
  !isExpired(memory, now) && (asOf === undefined ? isCurrent(memory) : holdsAt(memory, asOf))

/**
 * Closes the open interval at `at`, or at its own start when `at` is earlier: intervals never run
 * backwards. A memory that is not current is returned as it is.
 */
export const closeAt = (memory: Memory, at: number, supersededBy: string): Memory => {
  const open = memory.validity.at(-1)
  if (open === undefined || open.to !== null) return memory
  const closed: Interval = { from: open.from, to: Math.max(at, open.from) }
  return { ...memory, validity: [...memory.validity.slice(0, -1), closed], supersededBy }
}

/** What a statement does to the row that is known under its id. */
export type Restated =
  | { readonly outcome: "refreshed" | "reopened" | "created"; readonly memory: Memory }
  | { readonly outcome: "conflict" }

/**
 * What is kept when `stated` arrives and its id is already there as `known`.
 *
 * - Other content under the same id (a caller's key used twice): `conflict`, nothing changes; but where the
 *   known row has expired it counts as purged, and the stated row takes its place whole: `created`.
 * - Live and current: `refreshed`. `updatedAt` and `expiresAt` are taken over, everything else stays.
 * - Expired or closed: `reopened`, with a new interval after the old ones, so that A→B→A keeps its
 *   history. An interval still open on an expired row ends when it expired.
 */
export const restate = (known: Memory, stated: Memory, now: number): Restated => {
  if (known.content !== stated.content) {
    return isExpired(known, now) ? { outcome: "created", memory: stated } : { outcome: "conflict" }
  }
  const refreshed = {
    ...known,
    updatedAt: Math.max(known.updatedAt, stated.updatedAt),
    expiresAt: stated.expiresAt
  }
  if (isVisible(known, now)) return { outcome: "refreshed", memory: refreshed }
  const past = known.validity.map((interval) =>
    interval.to === null
      ? { from: interval.from, to: Math.max(interval.from, known.expiresAt ?? now) }
      : interval
  )
  const from = Math.max(stated.validity[0]?.from ?? now, past.at(-1)?.to ?? now)
  return {
    outcome: "reopened",
    memory: { ...refreshed, validity: [...past, { from, to: null }], supersededBy: null }
  }
}
