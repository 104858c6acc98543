import { DAY_MS } from "../../memory/duration.ts"
import { findTimeZone, type TimeZone, UTC } from "./TimeZone.ts"

const twoDigits = (n: number): string => (n < 10 ? `0${n}` : String(n))

const write = (day: number): string => {
  const date = new Date(day * DAY_MS)
  return `${String(date.getUTCFullYear()).padStart(4, "0")}-${twoDigits(date.getUTCMonth() + 1)}-${twoDigits(date.getUTCDate())}`
}

/** Days that were written before, of which a context has many lines each. */
const WRITTEN_MAX = 400
const written = new Map<number, string>()

/** The day of a moment in a zone, such as `2026-11-23`. */
export const formatDay = (at: number, zone: TimeZone): string => {
  const day = zone.dayOf(at)
  const known = written.get(day)
  if (known !== undefined) return known
  if (written.size === WRITTEN_MAX) written.clear()
  const text = write(day)
  written.set(day, text)
  return text
}

/** The same for the name of a zone; in UTC where it is none. */
export const formatDayIn = (at: number, timeZone: string): string =>
  formatDay(at, findTimeZone(timeZone) ?? UTC)
