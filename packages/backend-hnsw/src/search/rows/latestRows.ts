import type { Memory } from "@keepsake/core/driver"
import type { Scan } from "../../connection/Scan.ts"
import { TopK } from "../arrays/TopK.ts"

export interface SaidColumns {
  saidAt(slot: number): number
  /** -1 for none. */
  turn(slot: number): number
}

/** Slots that are looked at before the event loop may run. */
const SLOTS_OF_PART = 2_048

/** The newest rows that pass. Its loops are compiled: those of a generator seldom are. */
class LatestSlots {
  readonly #rows: SaidColumns
  readonly #passes: (slot: number) => boolean
  readonly #top: TopK
  #bar: number
  /** Whether a row that is not among them may tie with the last one. */
  #isTied = false
  readonly #tied: Array<number> = []

  constructor(rows: SaidColumns, limit: number, passes: (slot: number) => boolean) {
    this.#rows = rows
    this.#passes = passes
    this.#top = new TopK(limit)
    this.#bar = this.#top.bar
  }

  /** Looks at slots, backwards. */
  take(from: number, end: number): void {
    let bar = this.#bar
    for (let slot = end - 1; slot >= from; slot--) {
      const saidAt = this.#rows.saidAt(slot)
      if (saidAt < bar) continue
      if (saidAt === bar) this.#isTied = true
      else if (this.#passes(slot)) {
        this.#top.push(saidAt, slot)
        this.#isTied = this.#top.bar === bar
        bar = this.#top.bar
      }
    }
    this.#bar = bar
  }

  /** Whether slots are to be looked at again for those that tie: below the limit, nothing does. */
  get mayTie(): boolean {
    return this.#isTied && this.#bar > Number.NEGATIVE_INFINITY
  }

  takeTied(from: number, end: number, isIn: ReadonlySet<number>): void {
    for (let slot = from; slot < end; slot++)
      if (this.#rows.saidAt(slot) === this.#bar && !isIn.has(slot) && this.#passes(slot))
        this.#tied.push(slot)
  }

  get slots(): Array<number> {
    return [...this.#top.slots, ...this.#tied]
  }
}

/**
 * Candidates for the newest `limit` rows among the slots below `count` that pass, newest first. Includes all that tie
 * with the last one, since only the memories' ids order those.
 */
export const findLatestSlots = function* (
  rows: SaidColumns,
  count: number,
  limit: number,
  passes: (slot: number) => boolean
): Scan<ReadonlyArray<number>> {
  const latest = new LatestSlots(rows, limit, passes)
  // Backwards, since rows are mostly written in the order they were said: the bar is high early.
  for (let end = count; end > 0; end -= SLOTS_OF_PART) {
    if (end < count) yield
    latest.take(Math.max(0, end - SLOTS_OF_PART), end)
  }
  if (latest.mayTie) {
    const isIn = new Set(latest.slots)
    for (let from = 0; from < count; from += SLOTS_OF_PART) {
      yield
      latest.takeTied(from, Math.min(from + SLOTS_OF_PART, count), isIn)
    }
  }
  const compare = (a: number, b: number): number =>
    rows.saidAt(b) - rows.saidAt(a) || rows.turn(b) - rows.turn(a)
  const slots = latest.slots.sort(compare)
  const last = slots[limit - 1]
  return last === undefined ? slots : slots.filter((slot) => compare(slot, last) <= 0)
}

/** Newest first; ties: highest turn first, no turn last. */
export const lastSaidFirst = (a: Memory, b: Memory): number =>
  b.saidAt - a.saidAt || (b.turn ?? -1) - (a.turn ?? -1) || (a.id < b.id ? -1 : 1)
