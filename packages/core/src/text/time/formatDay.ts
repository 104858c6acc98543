import { DAY_MS } from "../../memory/duration.ts"
import { findTimeZone, type TimeZone, UTC } from "./TimeZone.ts"

const twoDigits = (n: number): string => (n < 10 ? `0${n}` : String(n))

/** The day of a moment in a zone, such as `2026-11-23`. Built by hand: `toISOString` takes several times as long. */
export const formatDay = (at: number, zone: TimeZone): string => {
  const date = new Date(zone.dayOf(at) * DAY_MS)
  return `${String(date.getUTCFullYear()).padStart(4, "0")}-${twoDigits(date.getUTCMonth() + 1)}-${twoDigits(date.getUTCDate())}`
}

/** The same for the name of a zone; in UTC where it is none. */
export const formatDayIn = (at: number, timeZone: string): string =>
  formatDay(at, findTimeZone(timeZone) ?? UTC)
