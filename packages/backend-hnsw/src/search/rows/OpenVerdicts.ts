import { SLICE_MS } from "@keepsake/core/driver"

/** Least rows that a slice reads, so that a call makes progress whatever else it does in each slice. */
const READS_MIN = 64

/** A call has read rows for a slice: it is to start again in the next one, with the same `OpenVerdicts`. */
export class SliceSpent extends Error {}

/**
 * What a call has read of rows whose numbers leave its condition open. A scan that needs many rows is run again, slice
 * by slice, until it finds all that it needs here.
 */
export class OpenVerdicts {
  /** Created with the first row that is read: most calls read none. */
  #verdicts: Map<number, boolean> | null = null
  #index: object | null = null
  #reads = 0
  #deadline = 0

  /** Before each slice. Slots of another index name other rows. */
  startSlice(index: object): void {
    if (this.#index !== index) this.#verdicts = null
    this.#index = index
    this.#reads = 0
  }

  /** Whether any row was read in order to decide. */
  get used(): boolean {
    return this.#verdicts !== null
  }

  /** Throws `SliceSpent` if the slice has no time for a read. */
  verdict(slot: number, read: () => boolean): boolean {
    const before = this.#verdicts?.get(slot)
    if (before !== undefined) return before
    if (this.#reads === 0) this.#deadline = performance.now() + SLICE_MS
    if (this.#reads++ >= READS_MIN && performance.now() > this.#deadline) throw new SliceSpent()
    const value = read()
    this.#verdicts ??= new Map()
    this.#verdicts.set(slot, value)
    return value
  }
}
