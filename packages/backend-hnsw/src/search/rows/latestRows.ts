import type { Memory } from "@keepsake/core/driver"
import { TopK } from "../arrays/TopK.ts"

export interface SaidColumns {
  saidAt(slot: number): number
  /** -1 for none. */
  turn(slot: number): number
}

/**
 * Candidates for the newest `limit` rows among the slots below `count` that pass, newest first. Includes all that tie
 * with the last one, since only the memories' ids order those.
 */
export const findLatestSlots = (
  rows: SaidColumns,
  count: number,
  limit: number,
  passes: (slot: number) => boolean
): ReadonlyArray<number> => {
  const top = new TopK(limit)
  let { bar } = top
  // Whether a row that is not among them may tie with the last one.
  let isTied = false
  // Backwards, since rows are mostly written in the order they were said: the bar is high early.
  for (let slot = count - 1; slot >= 0; slot--) {
    const saidAt = rows.saidAt(slot)
    if (saidAt < bar) continue
    if (saidAt === bar) isTied = true
    else if (passes(slot)) {
      top.push(saidAt, slot)
      isTied = top.bar === bar
      bar = top.bar
    }
  }
  const slots = Array.from(top.slots)
  // Below the limit, nothing ties with the last one.
  if (isTied && bar > Number.NEGATIVE_INFINITY) {
    const isIn = new Set(slots)
    for (let slot = 0; slot < count; slot++)
      if (rows.saidAt(slot) === bar && !isIn.has(slot) && passes(slot)) slots.push(slot)
  }
  const compare = (a: number, b: number): number =>
    rows.saidAt(b) - rows.saidAt(a) || rows.turn(b) - rows.turn(a)
  slots.sort(compare)
  const last = slots[limit - 1]
  return last === undefined ? slots : slots.filter((slot) => compare(slot, last) <= 0)
}

/** Newest first; ties: highest turn first, no turn last. */
export const lastSaidFirst = (a: Memory, b: Memory): number =>
  b.saidAt - a.saidAt || (b.turn ?? -1) - (a.turn ?? -1) || (a.id < b.id ? -1 : 1)
