import type { Memory } from "@keepsake/core/driver"
import { TopK } from "../arrays/TopK.ts"

/** When the rows were said, by slot; a row without a turn has -1. */
export interface Said {
  said(slot: number): number
  turn(slot: number): number
}

/**
 * The slots below `count` that pass, as far as they may be among the last `limit`: the last said first, of those
 * the last turn. What ties with the last of them is there too, since only the rows' ids can tell which comes first.
 */
export const latestSlots = (
  rows: Said,
  count: number,
  limit: number,
  passes: (slot: number) => boolean
): ReadonlyArray<number> => {
  const top = new TopK(limit)
  // Backwards, since what was written last was mostly said last: soon nothing more gets in.
  for (let slot = count - 1; slot >= 0; slot--) {
    const at = rows.said(slot)
    if (at > top.bar && passes(slot)) top.push(at, slot)
  }
  const { bar } = top
  const slots = Array.from(top.slots).filter((slot) => rows.said(slot) > bar)
  for (let slot = 0; slot < count; slot++) if (rows.said(slot) === bar && passes(slot)) slots.push(slot)
  const order = (a: number, b: number): number => rows.said(b) - rows.said(a) || rows.turn(b) - rows.turn(a)
  slots.sort(order)
  const last = slots[limit - 1]
  return last === undefined ? slots : slots.filter((slot) => order(slot, last) <= 0)
}

/** Of what was said at once the last turn first; what has no turn comes last. */
export const lastSaidFirst = (a: Memory, b: Memory): number =>
  b.saidAt - a.saidAt || (b.turn ?? -1) - (a.turn ?? -1) || (a.id < b.id ? -1 : 1)
