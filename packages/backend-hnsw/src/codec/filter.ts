/**
 * A filter for SQL and for indexed rows. Both forms decide by the same numbers of a row; core's `matches` decides what
 * needs its texts.
 */
import {
  type Filter,
  isVisible,
  matches,
  type Memory,
  MEMORY_SOURCES,
  MEMORY_TYPES
} from "@keepsake/core/driver"
import {
  CLOSED,
  PINNED,
  REMOVED,
  SOURCE_MASK,
  SOURCE_SHIFT,
  sourceIndex,
  TYPE_MASK,
  typeIndex
} from "./memoryRow.ts"

/** Beyond every date: `Date` ends at 8.64e15. */
const FAR = 9e15

/** The part of a filter that a row's numbers decide. Bit i of a mask is set if value i passes. */
interface NumericFilter {
  readonly types: number
  readonly sources: number
  readonly pinned: number
  readonly saidFrom: number
  readonly saidTo: number
}

const toNumericFilter = (filter: Filter): NumericFilter => ({
  types: (filter.types ?? MEMORY_TYPES).reduce((mask, type) => mask | (1 << typeIndex(type)), 0),
  sources: (filter.sources ?? MEMORY_SOURCES).reduce((mask, source) => mask | (1 << sourceIndex(source)), 0),
  pinned: filter.pinned === undefined ? 3 : filter.pinned ? 2 : 1,
  saidFrom: filter.saidFrom ?? -FAR,
  saidTo: filter.saidTo ?? FAR
})

const flagsPass = ({ pinned, sources, types }: NumericFilter, flags: number): boolean =>
  ((types >> (flags & TYPE_MASK)) &
    (sources >> ((flags & SOURCE_MASK) >> SOURCE_SHIFT)) &
    (pinned >> ((flags & PINNED) === 0 ? 0 : 1)) &
    1) ===
  1

/** Whether a row's numbers cannot decide. */
export const needsTexts = (filter: Filter): boolean =>
  filter.speakers !== undefined ||
  filter.sessionId !== undefined ||
  filter.exceptSessionId !== undefined ||
  filter.metadata !== undefined

/** The numeric part as a condition on `memory m`; takes `filterParameters` in order. */
export const FILTER_SQL =
  `((? >> (m.flags & ${TYPE_MASK})) & (? >> ((m.flags & ${SOURCE_MASK}) >> ${SOURCE_SHIFT})) & ` +
  `(? >> ((m.flags & ${PINNED}) <> 0)) & 1) AND m.said_at >= ? AND m.said_at < ? ` +
  "AND (m.expires_at IS NULL OR m.expires_at > ?) AND (m.flags & ?) = 0"

/**
 * @param expiredAfter rows that expire then or earlier are excluded; `-Infinity` excludes none
 * @param excludedFlags rows with one of these bits are excluded
 */
export const filterParameters = (
  filter: Filter,
  expiredAfter: number,
  excludedFlags: number
): [number, number, number, number, number, number, number] => {
  const { pinned, saidFrom, saidTo, sources, types } = toNumericFilter(filter)
  return [types, sources, pinned, saidFrom, saidTo, Math.max(expiredAfter, -FAR), excludedFlags]
}

/** Indexed rows, by slot. */
export interface FilterableRows {
  flags(slot: number): number
  /** Infinity for never. */
  expiresAt(slot: number): number
  saidAt(slot: number): number
  /** Interned names; -1 for none. */
  session(slot: number): number
  speaker(slot: number): number
}

/** Looks up what the rows do not hold. */
export interface FilterLookup {
  /** An interned name, or a number that no row has. */
  sessionNumber(name: string): number
  speakerNumber(name: string): number
  /** Null if the row was removed. */
  memory(slot: number): Memory | null
}

/** Which rows a read may return. */
export interface RowFilterRequest {
  readonly now: number
  readonly asOf?: number | undefined
  readonly filter: Filter
}

/** The whole filter, and the rows' lifetime, as a predicate on slots; reads a memory only for `asOf` and metadata. */
export const makeRowFilter = (
  { asOf, filter, now }: RowFilterRequest,
  rows: FilterableRows,
  lookup: FilterLookup
): ((slot: number) => boolean) => {
  const numeric = toNumericFilter(filter)
  const session = filter.sessionId === undefined ? null : lookup.sessionNumber(filter.sessionId)
  const exceptSession =
    filter.exceptSessionId === undefined ? null : lookup.sessionNumber(filter.exceptSessionId)
  const speakers = filter.speakers?.map((name) => lookup.speakerNumber(name))
  const excludedFlags = asOf === undefined ? REMOVED | CLOSED : REMOVED
  const needsMemory = asOf !== undefined || filter.metadata !== undefined
  return (slot) => {
    const flags = rows.flags(slot)
    if ((flags & excludedFlags) !== 0 || rows.expiresAt(slot) <= now || !flagsPass(numeric, flags))
      return false
    const saidAt = rows.saidAt(slot)
    if (saidAt < numeric.saidFrom || saidAt >= numeric.saidTo) return false
    if (session !== null && rows.session(slot) !== session) return false
    if (exceptSession !== null && rows.session(slot) === exceptSession) return false
    if (speakers !== undefined && !speakers.includes(rows.speaker(slot))) return false
    if (!needsMemory) return true
    const memory = lookup.memory(slot)
    return memory !== null && isVisible(memory, now, asOf) && matches(filter, memory)
  }
}
