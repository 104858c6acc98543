/** Filters as far as a row's numbers can tell; what needs its texts is left to core's `matches`. */
import { type Filter, MEMORY_TYPES, type MemorySource } from "@keepsake/core/driver"
import { PINNED_MASK, SOURCE_MASK, sourceBits, TYPE_MASK, typeBits } from "./memoryRow.ts"

const SOURCES: ReadonlyArray<MemorySource> = ["user", "assistant", "tool", "system"]

/** Masks over the values of a few bits: bit i is set when value i passes. */
export interface FlagMasks {
  readonly types: number
  readonly sources: number
  readonly pinned: number
}

export const flagMasks = (filter: Filter): FlagMasks => ({
  types: (filter.types ?? MEMORY_TYPES).reduce((mask, type) => mask | (1 << typeBits(type)), 0),
  sources: (filter.sources ?? SOURCES).reduce((mask, source) => mask | (1 << (sourceBits(source) >> 2)), 0),
  pinned: filter.pinned === undefined ? 3 : filter.pinned ? 2 : 1
})

export const flagsPass = (masks: FlagMasks, flags: number): boolean =>
  ((masks.types >> (flags & TYPE_MASK)) & (masks.sources >> ((flags & SOURCE_MASK) >> 2)) & 1) === 1 &&
  ((masks.pinned >> ((flags & PINNED_MASK) === 0 ? 0 : 1)) & 1) === 1

/** Whether the numbers alone cannot decide. */
export const needsTexts = (filter: Filter): boolean =>
  filter.speakers !== undefined ||
  filter.sessionId !== undefined ||
  filter.exceptSessionId !== undefined ||
  filter.metadata !== undefined

/** Beyond any date: `Date`'s own range ends at 8.64e15. */
const EVER = 9e15

/** A condition on `memory m` with the parameters of `selectionParameters`, in order. */
export const SELECTION =
  `((? >> (m.flags & ${TYPE_MASK})) & (? >> ((m.flags & ${SOURCE_MASK}) >> 2)) & ` +
  `(? >> ((m.flags & ${PINNED_MASK}) <> 0)) & 1) AND m.said_at >= ? AND m.said_at < ? ` +
  "AND (m.expires_at IS NULL OR m.expires_at > ?) AND (m.flags & ?) = 0"

/**
 * @param expiredAfter rows that expire then or before are left out; `-Infinity` keeps them all
 * @param without flag bits that must not be set
 */
export const selectionParameters = (
  filter: Filter,
  expiredAfter: number,
  without: number
): [number, number, number, number, number, number, number] => {
  const masks = flagMasks(filter)
  return [
    masks.types,
    masks.sources,
    masks.pinned,
    filter.saidFrom ?? -EVER,
    filter.saidTo ?? EVER,
    Math.max(expiredAfter, -EVER),
    without
  ]
}
