/** Times that a query names. In UTC, as `saidAt` is. */
import { DAY_MS } from "../memory/duration.ts"

const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december"
]

/** Times that a query names; all empty: none. */
export interface TimeHint {
  readonly months: ReadonlySet<number>
  /** Days of the month, if a month is named with them. */
  readonly days: ReadonlySet<number>
  readonly years: ReadonlySet<number>
  /** Half-open, from expressions such as "yesterday" and "last week". */
  readonly range: readonly [from: number, to: number] | null
}

const MONTH_NAME = new RegExp(
  `(?:\\b(\\d{1,2})(?:st|nd|rd|th)?(?:\\s+of)?\\s+)?\\b(${MONTHS.join("|")})\\b(?:\\s+(\\d{1,2})(?:st|nd|rd|th)?\\b(?!\\d))?`,
  "giu"
)
const ISO_DATE = /\b(\d{4})-(\d{2})(?:-(\d{2}))?\b/gu
const YEAR = /\b(?:19|20)\d\d\b/gu

/** "may" and "march" are verbs too: months are capitalised, or follow a word that a month follows. */
const isMonth = (query: string, name: string, index: number, withDay: boolean): boolean =>
  !/^(?:may|march)$/iu.test(name) ||
  withDay ||
  (/^[A-Z]/u.test(name) && index > 0) ||
  /\b(?:in|on|of|since|until|till|by|before|after|during|last|this|next|early|late|mid)\s+$/iu.test(
    query.slice(0, index)
  )

const startOfDay = (now: number): number => Math.floor(now / DAY_MS) * DAY_MS

const startOfMonth = (now: number, offset: number): number => {
  const date = new Date(now)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1)
}

/** Weeks begin on Monday. */
const startOfWeek = (now: number): number => startOfDay(now) - ((new Date(now).getUTCDay() + 6) % 7) * DAY_MS

const UNITS: { readonly [unit: string]: number } = { day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS }

const parseRange = (query: string, now: number): readonly [number, number] | null => {
  const today = startOfDay(now)
  if (/\byesterday\b/iu.test(query)) return [today - DAY_MS, today]
  if (/\btoday\b/iu.test(query)) return [today, today + DAY_MS]
  const relative = /\b(last|this)\s+(week|month|year)\b/iu.exec(query)
  if (relative !== null) {
    const [, which = "", unit = ""] = relative
    const back = which.toLowerCase() === "last" ? 1 : 0
    if (unit.toLowerCase() === "week")
      return [startOfWeek(now) - back * 7 * DAY_MS, startOfWeek(now) + (1 - back) * 7 * DAY_MS]
    if (unit.toLowerCase() === "month") return [startOfMonth(now, -back), startOfMonth(now, 1 - back)]
    const year = new Date(now).getUTCFullYear() - back
    return [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)]
  }
  const ago = /\b(\d{1,3})\s+(day|week|month)s?\s+ago\b/iu.exec(query)
  if (ago === null) return null
  const unit = UNITS[(ago[2] ?? "").toLowerCase()] ?? DAY_MS
  const then = startOfDay(now - Number(ago[1]) * unit)
  // "Three weeks ago" is a span, not a day: half a unit to either side.
  return unit === DAY_MS ? [then, then + DAY_MS] : [then - unit / 2, then + unit / 2]
}

export const timeHint = (query: string, now: number): TimeHint => {
  const months = new Set<number>()
  const days = new Set<number>()
  const years = new Set<number>()
  for (const match of query.matchAll(MONTH_NAME)) {
    const [, before, name = "", after] = match
    const day = before ?? after
    if (!isMonth(query, name, match.index + match[0].indexOf(name), day !== undefined)) continue
    months.add(MONTHS.indexOf(name.toLowerCase()))
    if (day !== undefined) days.add(Number(day))
  }
  for (const [, year, month, day] of query.matchAll(ISO_DATE)) {
    years.add(Number(year))
    months.add(Number(month) - 1)
    if (day !== undefined) days.add(Number(day))
  }
  for (const [year] of query.matchAll(YEAR)) years.add(Number(year))
  return { months, days, years, range: parseRange(query, now) }
}

/** How well a moment matches the hint: 1 for the month, 2 for the day, 0.3 for the year. */
export const timeMatch = ({ days, months, range, years }: TimeHint, saidAt: number): number => {
  let match = range !== null && saidAt >= range[0] && saidAt < range[1] ? 2 : 0
  if (months.size === 0 && years.size === 0) return match
  const date = new Date(saidAt)
  if (months.has(date.getUTCMonth())) match += days.has(date.getUTCDate()) ? 2 : 1
  return match + (years.has(date.getUTCFullYear()) ? 0.3 : 0)
}
