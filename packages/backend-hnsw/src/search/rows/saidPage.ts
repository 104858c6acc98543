import { type Cursor, cutPage, type ListRequest } from "@keepsake/core/driver"
import type { Scan } from "../../connection/Scan.ts"
import { findLatestSlots } from "./latestRows.ts"
import type { RowColumns } from "./RowColumns.ts"

/** A page of slots, each with its place in the order. */
export interface SlotPage {
  readonly slots: ReadonlyArray<{ readonly slot: number; readonly place: Cursor }>
  readonly next: Cursor | null
}

/** A page of slots by `(saidAt, id)`. */
export const pageBySaid = function* (
  rows: RowColumns,
  { after, limit, newestFirst }: ListRequest,
  passes: (slot: number) => boolean
): Scan<SlotPage> {
  const sign = newestFirst === true ? 1 : -1
  const place = (slot: number): Cursor => ({ at: rows.saidAt(slot), id: rows.id(slot) })
  const compare = (a: Cursor, b: Cursor): number =>
    sign * (b.at - a.at || (a.id === b.id ? 0 : a.id < b.id ? 1 : -1))
  const isAfter = (slot: number, cursor: Cursor): boolean =>
    rows.saidAt(slot) === cursor.at
      ? compare(place(slot), cursor) > 0
      : sign * (cursor.at - rows.saidAt(slot)) > 0
  // Backwards for the oldest first, since rows are mostly written in the order they were said.
  const toSlot = (i: number): number => (newestFirst === true ? i : rows.count - 1 - i)
  const found = yield* findLatestSlots(
    { saidAt: (i) => sign * rows.saidAt(toSlot(i)), turn: () => -1 },
    rows.count,
    limit + 1,
    (i) => (after === undefined || isAfter(toSlot(i), after)) && passes(toSlot(i))
  )
  const places = found
    .map((i) => ({ slot: toSlot(i), place: place(toSlot(i)) }))
    .sort((a, b) => compare(a.place, b.place))
  const { next, page } = cutPage(places, limit, (last) => last.place)
  return { slots: page, next }
}
