/** Times that a question names, on the calendar of a time zone. */
import { DAY_MS } from "../memory/duration.ts"
import { CALENDAR_WORDS } from "./time/calendarWords.ts"
import { type Meaning, readItems, type TimeItem } from "./time/timePhrases.ts"
import { foldWord } from "./time/timeTokens.ts"
import type { TimeZone } from "./time/TimeZone.ts"

/** A span of time that an expression such as "yesterday" names. */
export interface TimeSpan {
  /** Half-open, in epoch milliseconds. */
  readonly from: number
  readonly to: number
  /** How much it says: 2, or 1 for a weekday, which may be any week's. */
  readonly weight: number
}

/** Times that a question names; all empty: none. */
export interface TimeHint {
  readonly zone: TimeZone
  readonly months: ReadonlySet<number>
  /** Days of the month, if a month is named with them. */
  readonly days: ReadonlySet<number>
  readonly years: ReadonlySet<number>
  readonly spans: ReadonlyArray<TimeSpan>
}

/** A question names few; a pasted calendar names many. */
const SPANS_MAX = 16

/** Months that are other words too, in the same or another language. */
const AMBIGUOUS_MONTHS = new Set(
  Array.from(
    "may march mars mart marts mai maj maja mei mayo marca maio luty ocak ekim kasım aralık mayıs марта мая mayısta".split(
      " "
    ),
    foldWord
  )
)

/** Words that a month follows. */
const MONTH_PREPOSITIONS = new Set(
  Array.from(
    "in on of since until till by before after during last this next early late mid en de del desde hasta im am seit bis ab vor nach anfang ende mitte au début fin mi depuis nel a dal em no do w od na v om в с до к от".split(
      " "
    ),
    foldWord
  )
)

/** Words between the day and the month. */
const CONNECTORS = new Set([
  "of",
  "de",
  "del",
  "di",
  "den",
  "the",
  "st",
  "nd",
  "rd",
  "th",
  "er",
  "o",
  "e",
  "a",
  ".",
  "-",
  "го",
  "日",
  "ngay"
])

const codeOf = (item: TimeItem | undefined, first: string): Meaning | undefined =>
  item?.meanings.find(({ code }) => code.startsWith(first) && code.length > first.length)

const isDay = (item: TimeItem | undefined): boolean =>
  item !== undefined &&
  item.first === item.last &&
  item.first.value !== null &&
  item.first.length <= 2 &&
  item.first.value >= 1 &&
  item.first.value <= 31

const isUpper = (text: string, at: number): boolean => /^\p{Lu}/u.test(text.slice(at, at + 2))

/** Reads one question; see `timeHint`. */
class TimeReader {
  readonly months = new Set<number>()
  readonly days = new Set<number>()
  readonly years = new Set<number>()
  readonly spans: Array<TimeSpan> = []
  readonly #text: string
  readonly #items: ReadonlyArray<TimeItem>
  readonly #zone: TimeZone
  /** Today, in days since 1970. */
  readonly #today: number

  constructor(text: string, now: number, zone: TimeZone) {
    this.#text = text.normalize("NFC")
    this.#items = readItems(this.#text)
    this.#zone = zone
    this.#today = zone.dayOf(now)
  }

  read(): void {
    for (let i = 0; i < this.#items.length; i++) {
      const item = this.#items[i]
      if (item === undefined) continue
      if (item.first.value !== null && item.meanings.length === 0) this.#readNumber(i)
      else if (item.meanings.length > 0) this.#readPhrase(i, item)
    }
  }

  #at(place: number): TimeItem | undefined {
    return this.#items[place]
  }

  #readPhrase(i: number, item: TimeItem): void {
    if (this.#readAgo(i)) return
    for (const { code } of item.meanings) {
      if (code.startsWith("d±")) {
        const distance = Number(code.slice(2))
        this.#addDays(this.#today - distance, 1)
        this.#addDays(this.#today + distance, 1)
        return
      }
      if (/^d-?\d$/u.test(code)) return this.#addDays(this.#today + Number(code.slice(1)), 1)
      const [, week, day] = /^w(-?\d):(\d)$/u.exec(code) ?? []
      if (day !== undefined) return this.#addDays(this.#weekStart(Number(week)) + Number(day), 1)
      if (/^[wmy]-?\d$/u.test(code)) return this.#addPeriod(i, code[0] ?? "", Number(code.slice(1)))
    }
    const month = codeOf(item, "M")
    if (month !== undefined) this.#readMonth(i, Number(month.code.slice(1)))
    const weekday = codeOf(item, "W")
    if (weekday !== undefined) this.#readWeekday(i, Number(weekday.code.slice(1)))
  }

  #readMonth(i: number, month: number): void {
    let before = i - 1
    for (let skipped = 0; skipped < 2 && CONNECTORS.has(this.#at(before)?.first.key ?? "-"); skipped++)
      before--
    let after = i + 1
    while (after < i + 3 && ["the", ",", "de"].includes(this.#at(after)?.first.key ?? "")) after++
    // In the scripts of China, Japan, Korea and Vietnam the month stands before its day.
    const dayAt =
      isDay(this.#at(before)) && this.#isApart(before) ? before : isDay(this.#at(after)) ? after : undefined
    if (dayAt === undefined && !this.#isMonth(i)) return
    this.months.add(month)
    if (dayAt !== undefined) this.days.add(this.#at(dayAt)?.first.value ?? 0)
  }

  /** No part of a longer number: of `12:30`, `2.3`. */
  #isApart(place: number): boolean {
    const previous = this.#at(place - 1)
    const number = this.#at(place)
    return (
      previous === undefined ||
      number === undefined ||
      previous.last.end !== number.first.start ||
      !/^[.:,/-]$/u.test(previous.last.key)
    )
  }

  /** "may" and "march" are verbs too: such months are capitalised, or stand where a month does. */
  #isMonth(i: number): boolean {
    const item = this.#at(i)
    if (item === undefined || item.first !== item.last || !AMBIGUOUS_MONTHS.has(item.first.key)) return true
    const year = this.#at(i + 1)?.first
    if (year !== undefined && year.length === 4 && year.value !== null) return true
    const isCapital = i > 0 && isUpper(this.#text, item.first.start) && item.first.key !== "mars"
    return isCapital || MONTH_PREPOSITIONS.has(this.#at(i - 1)?.last.key ?? "")
  }

  #readWeekday(i: number, weekday: number): void {
    for (const place of [i - 1, i + 1, i - 2, i + 2]) {
      const week = this.#at(place)?.meanings.find(({ code }) => /^w-?\d$/u.test(code))
      if (week === undefined) continue
      return this.#addDays(this.#weekStart(Number(week.code.slice(1))) + weekday, 1)
    }
    const isBeside = (code: string) =>
      [i - 1, i + 1].some(
        (place) => this.#at(place)?.meanings.some((meaning) => meaning.code === code) === true
      )
    const today = (this.#today + 3) % 7
    const back = (today - weekday + 7) % 7 || 7
    if (isBeside("next")) this.#addDays(this.#today - back + 7 + (back === 7 ? 7 : 0), 1)
    else this.#addDays(this.#today - back, 1, isBeside("last") ? 2 : 1)
  }

  /** "3 days ago", "vor 3 Tagen", "3日前", "3 tuần trước". */
  #readAgo(i: number): boolean {
    const item = this.#at(i)
    const number = this.#readCount(i - 1)
    const period = item?.meanings.find(({ code }) => /^[wmy]-1$/u.test(code))
    if (period !== undefined && number !== undefined && this.#at(i - 1)?.first.value !== null) {
      this.#addAgo(number.count, { w: "week", m: "month", y: "year" }[period.code[0] ?? ""] ?? "week")
      return true
    }
    for (const unit of item?.meanings ?? []) {
      if (!["day", "week", "month", "year"].includes(unit.code)) continue
      const inLanguage = (place: number, code: string) =>
        this.#at(place)?.meanings.some((one) => one.code === code && one.language === unit.language) === true
      const isCounted =
        number !== undefined && (number.languages === null || number.languages.has(unit.language))
      const count = isCounted ? number.count : 1
      const isBare = CALENDAR_WORDS[unit.language]?.countsBare === true
      if (!isCounted && !isBare) continue
      if (inLanguage(i + 1, "ago") || inLanguage(isCounted ? i - 2 : i - 1, "since")) {
        this.#addAgo(count, unit.code)
        return true
      }
    }
    return false
  }

  /** A number in figures or words, and the languages of the word. */
  #readCount(
    place: number
  ): { readonly count: number; readonly languages: ReadonlySet<number> | null } | undefined {
    const item = this.#at(place)
    if (item === undefined) return undefined
    const { length, value } = item.first
    if (item.meanings.length === 0) {
      return value === null || length > 3 || !this.#isApart(place)
        ? undefined
        : { count: value, languages: null }
    }
    const numbers = item.meanings.filter(({ code }) => /^\d+$/u.test(code))
    const [first] = numbers
    return first === undefined
      ? undefined
      : {
          count: Number(first.code),
          languages: new Set(
            numbers.filter(({ code }) => code === first.code).map(({ language }) => language)
          )
        }
  }

  #addAgo(count: number, unit: string): void {
    const length = { day: 1, week: 7, month: 30, year: 365 }[unit] ?? 1
    const day = this.#today - count * length
    if (unit === "day") return this.#addDays(day, 1)
    // "Three weeks ago" is a span, not a day: half a unit to either side.
    const half = Math.floor(length / 2)
    this.#addDays(day - half, 2 * half + 1)
  }

  #weekStart(offset: number): number {
    // Weeks begin on Monday; 1970-01-01 was a Thursday.
    return this.#today - ((this.#today + 3) % 7) + 7 * offset
  }

  #addPeriod(i: number, unit: string, offset: number): void {
    const beside = [i - 1, i + 1, i - 2, i + 2].some((place) => codeOf(this.#at(place), "W") !== undefined)
    if (unit === "w") {
      // The weekday beside it names the day.
      if (!beside) this.#addDays(this.#weekStart(offset), 7)
      return
    }
    const date = new Date(this.#today * DAY_MS)
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
    const toDay = (atYear: number, atMonth: number) => Date.UTC(atYear, atMonth, 1) / DAY_MS
    const [from, to] =
      unit === "m"
        ? [toDay(year, month + offset), toDay(year, month + offset + 1)]
        : [toDay(year + offset, 0), toDay(year + offset + 1, 0)]
    this.#addDays(from, to - from)
  }

  #addDays(day: number, count: number, weight = 2): void {
    if (this.spans.length >= SPANS_MAX || this.spans.some(({ from }) => from === this.#zone.startOf(day)))
      return
    this.spans.push({ from: this.#zone.startOf(day), to: this.#zone.startOf(day + count), weight })
  }

  /** A year, a date in figures, or a day and month such as `3.6.`. */
  #readNumber(i: number): void {
    const item = this.#at(i)
    if (item === undefined) return
    const { length, start, end, value } = item.first
    if (value === null || /[A-Za-z0-9_]/u.test(this.#text[start - 1] ?? "")) return
    if (/[A-Za-z_]/u.test(this.#text[end] ?? "")) return
    const digits = length === 4 ? this.#toYear(value) : undefined
    if (digits === undefined) return
    this.years.add(digits)
    if (!this.#readDateAfter(i)) this.#readDateBefore(i)
  }

  /** Years of the common era; in Thai also of the Buddhist one. */
  #toYear(value: number): number | undefined {
    if (value >= 1900 && value < 2100) return value
    return value >= 2443 && value < 2643 && /\p{Script=Thai}/u.test(this.#text) ? value - 543 : undefined
  }

  /** The number that follows directly after a mark. */
  #joined(i: number, step: 1 | -1, marks: string): number | undefined {
    const [mark, number] = [this.#at(i + step), this.#at(i + 2 * step)]
    const [from, to] = [this.#at(i)?.first, number?.first]
    if (mark === undefined || from === undefined || to === undefined || to.value === null || to.length > 2)
      return undefined
    if (mark.first !== mark.last || !marks.includes(mark.first.key)) return undefined
    const isTight =
      step === 1
        ? from.end === mark.first.start && mark.first.end === to.start
        : to.end === mark.first.start && mark.first.end === from.start
    return isTight ? to.value : undefined
  }

  /** `2023-06-03`, `2023-06`. */
  #readDateAfter(i: number): boolean {
    const month = this.#joined(i, 1, "-/.")
    if (month === undefined || month < 1 || month > 12 || this.#at(i + 2)?.first.length !== 2) return false
    this.months.add(month - 1)
    const day = this.#joined(i + 2, 1, "-/.")
    if (day !== undefined && day >= 1 && day <= 31) this.days.add(day)
    return true
  }

  /** `3.6.2023`; `03/06/2023` is the third of June or the sixth of March. */
  #readDateBefore(i: number): void {
    const second = this.#joined(i, -1, "./-")
    const first = second === undefined ? undefined : this.#joined(i - 2, -1, "./-")
    if (first === undefined || second === undefined) return
    const isSlash = this.#at(i - 1)?.first.key === "/"
    if (second >= 1 && second <= 12 && first <= 31) {
      this.months.add(second - 1)
      this.days.add(first)
    }
    if (isSlash && first >= 1 && first <= 12 && second <= 31) {
      this.months.add(first - 1)
      this.days.add(second)
    }
  }
}

/** The times that a question names at a moment, in a time zone. Linear in the question. */
export const timeHint = (query: string, now: number, zone: TimeZone): TimeHint => {
  const reader = new TimeReader(query, now, zone)
  reader.read()
  const { days, months, spans, years } = reader
  return { zone, months, days, years, spans }
}

/** How well a moment matches the hint: 1 for the month, 2 for the day, 0.3 for the year. */
export const timeMatch = ({ days, months, spans, years, zone }: TimeHint, saidAt: number): number => {
  let match = 0
  for (const { from, to, weight } of spans) if (saidAt >= from && saidAt < to) match = Math.max(match, weight)
  if (months.size === 0 && years.size === 0) return match
  const date = new Date(zone.dayOf(saidAt) * DAY_MS)
  if (months.has(date.getUTCMonth())) match += days.has(date.getUTCDate()) ? 2 : 1
  return match + (years.has(date.getUTCFullYear()) ? 0.3 : 0)
}
