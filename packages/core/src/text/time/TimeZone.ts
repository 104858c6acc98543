/** Days of a time zone. The zone's rules are those of `Intl`; no row and no term depends on them. */
import { DAY_MS } from "../../memory/duration.ts"

/** Zones change their offset at a multiple of this, since 1972. */
const SLOT_MS = 15 * 60_000

/** Slots whose offset is kept; a slot is asked for with each memory of a scope. */
const SLOTS_MAX = 20_000

/** Zones that are kept: more than there are names. */
const ZONES_MAX = 1_000

export class TimeZone {
  readonly name: string
  readonly #format: Intl.DateTimeFormat | null
  readonly #offsets = new Map<number, number>()

  /** `null`: UTC, which needs no rules; loading them takes a while. */
  constructor(name: string, format: Intl.DateTimeFormat | null) {
    this.name = name
    this.#format = format
  }

  /** Days since 1970-01-01 on the zone's calendar. */
  dayOf(at: number): number {
    return Math.floor((at + this.#offsetAt(at)) / DAY_MS)
  }

  /** The first moment of a day, which may have 23 or 25 hours. */
  startOf(day: number): number {
    const wall = day * DAY_MS
    const guess = wall - this.#offsetAt(wall - this.#offsetAt(wall))
    if (this.dayOf(guess) === day && this.dayOf(guess - 1) < day) return guess
    // Midnight is skipped or comes twice: the first moment whose day is not before.
    let [before, after] = [wall - 2 * DAY_MS, wall + 2 * DAY_MS]
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2)
      if (this.dayOf(middle) < day) before = middle
      else after = middle
    }
    return after
  }

  #offsetAt(at: number): number {
    if (this.#format === null) return 0
    const slot = Math.floor(at / SLOT_MS)
    const known = this.#offsets.get(slot)
    if (known !== undefined) return known
    const offset = readOffset(this.#format, slot * SLOT_MS)
    if (this.#offsets.size >= SLOTS_MAX) this.#offsets.clear()
    this.#offsets.set(slot, offset)
    return offset
  }
}

/** Throws `RangeError` where the name is none. */
const makeFormat = (name: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
    timeZone: name,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric"
  })

const readOffset = (format: Intl.DateTimeFormat, at: number): number => {
  const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, second = 0] = (
    format.format(at).match(/\d+/gu) ?? []
  ).map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second) - at
}

export const UTC = new TimeZone("UTC", null)

const zones = new Map([[UTC.name, UTC]])

/** A name of the IANA database; offsets such as `+02:00` know no summer time and are none. */
const IANA_NAME = /^[A-Za-z][\w+/-]{0,63}$/u

/** The zone of an IANA name; `undefined` where it is none. */
export const findTimeZone = (name: string): TimeZone | undefined => {
  const known = zones.get(name)
  if (known !== undefined) return known
  if (!IANA_NAME.test(name)) return undefined
  try {
    const zone = new TimeZone(name, makeFormat(name))
    if (zones.size >= ZONES_MAX) return zone
    zones.set(name, zone)
    return zone
  } catch {
    return undefined
  }
}

/** Whether a name is one of the IANA database. */
export const isTimeZone = (name: string): boolean => findTimeZone(name) !== undefined
