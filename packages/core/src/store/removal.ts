/** What a removal did to the bytes, place by place, as measured by the store in that call. */
import type { Condition } from "../memory/Condition.ts"

/** Rows by id, rows that match a filter, or the whole scope. */
export type RemoveTarget =
  | { readonly _tag: "Ids"; readonly ids: ReadonlyArray<string> }
  /** Rows that match, expired and closed ones included. */
  | { readonly _tag: "Filter"; readonly filter: Condition }
  /** Everything in the scope: expired rows, entries and counters of turns included. */
  | { readonly _tag: "All" }

/** `erased`: overwritten or gone. `unlinked`: unreachable, but still on a disk. `untouched`: there was nothing to remove. */
export type ErasedBytes = "erased" | "unlinked" | "untouched"

/** One place where a store keeps bytes of a memory, and what the call left there. */
export interface ErasedPlace {
  /**
   * `rows`: tables, files or memory of the rows and their index. `log`: a write-ahead log. `graphs`: files of vectors
   * beside the store. `statistics`: samples that a server's planner keeps. `temporary`: files half written.
   */
  readonly place: "rows" | "log" | "graphs" | "statistics" | "temporary"
  readonly bytes: ErasedBytes
  /** How to erase them at once; empty unless `unlinked`. */
  readonly toErase: string
}

/** What a removal did to the bytes: a receipt claims no more than the store did. */
export interface Erasure {
  /** That of the worst place. */
  readonly bytes: ErasedBytes
  /** How to erase what is left, in one text; empty unless `unlinked`. */
  readonly toErase: string
  /** Every place that this store has. */
  readonly places: ReadonlyArray<ErasedPlace>
}

/** A removal and what it did. */
export interface Removal extends Erasure {
  readonly removed: number
}

const RANK: Readonly<Record<ErasedBytes, number>> = { untouched: 0, erased: 1, unlinked: 2 }

const worse = (a: ErasedBytes, b: ErasedBytes): ErasedBytes => (RANK[b] > RANK[a] ? b : a)

/** Sums up places. */
export const toErasure = (places: ReadonlyArray<ErasedPlace>): Erasure => ({
  bytes: places.reduce<ErasedBytes>((worst, { bytes }) => worse(worst, bytes), "untouched"),
  toErase: Array.from(new Set(places.flatMap(({ toErase }) => (toErase === "" ? [] : [toErase])))).join(" "),
  places
})

/** What several removals did together: of each place the worst. */
export const joinRemovals = (removals: ReadonlyArray<Removal>): Removal => {
  const places = new Map<ErasedPlace["place"], ErasedPlace>()
  for (const place of removals.flatMap((removal) => removal.places)) {
    const known = places.get(place.place)
    if (known === undefined || RANK[place.bytes] > RANK[known.bytes]) places.set(place.place, place)
  }
  return {
    removed: removals.reduce((sum, { removed }) => sum + removed, 0),
    ...toErasure(Array.from(places.values()))
  }
}
