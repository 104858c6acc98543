/** Which page of a list, as callers ask for it. */
import * as Result from "effect/Result"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import { type Field, integer, refused, shown } from "./fields.ts"

export const pageLimit = integer(
  1,
  STORE_LIMITS.rows,
  (value) => `${shown(value)} is not a whole number from 1 to ${STORE_LIMITS.rows}; page on with after`
)

/** Reads `next` of the page before. @param copy takes the cursor's own fields alone */
export const cursor =
  <Cursor>(isCursor: (value: unknown) => value is Cursor, copy: (cursor: Cursor) => Cursor): Field<Cursor> =>
  (value) => {
    if (value === null) return refused("null is the end of the pages: stop, or leave it out to begin again")
    return isCursor(value) ? Result.succeed(copy(value)) : refused("give next of the page before")
  }
