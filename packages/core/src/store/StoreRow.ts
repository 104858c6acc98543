import type { Restatable } from "../memory/lifetime.ts"
import type { Memory } from "../memory/Memory.ts"
import type { Terms } from "../text/bm25.ts"

/** A part of a text that is searched by itself: a short text is one passage. */
export interface Passage {
  /** Half-open in UTF-16 code units of the text. */
  readonly start: number
  readonly end: number
  /** Unit length, of the fingerprint's dimensions; `null` without an embedder, or where there is none for this text. */
  readonly vector: Float32Array | null
  readonly terms: Terms
}

/** The passages of a text. */
export type Passages = readonly [Passage, ...ReadonlyArray<Passage>]

/** A memory as a store keeps it. */
export interface StoreRow {
  /** `memory.scope` is the scope of the call. */
  readonly memory: Memory
  /** Ascending and without overlap; up to `STORE_LIMITS.passages`. */
  readonly passages: Passages
  /**
   * Whether vectors of it are still to come, because the embedder failed: words alone find it, `StoreAdmin.owed`
   * lists it, `StoreAdmin.payOwed` fills it.
   */
  readonly owed: boolean
  /** What a row that is restated takes over from `memory`; it keeps the rest. Nothing when absent. */
  readonly overwrites?: ReadonlyArray<Restatable> | undefined
  /**
   * Ids that the first version gave the statement, at most `STORE_LIMITS.formerIds`: where the scope has no row of
   * `memory.id`, the first of them that it has names the row that is restated, which keeps its id.
   * Absent: its own id may be such a one. Core's rows make them when they are asked for first.
   */
  readonly formerIds?: ReadonlyArray<string> | undefined
}

/** Whether some passages of a row have no vector. */
export const lacksVector = ({ passages }: Pick<StoreRow, "passages">): boolean =>
  passages.some(({ vector }) => vector === null)
