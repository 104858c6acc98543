/** Moments as callers write them. Everything behind `input` holds epoch milliseconds. */
import { isDate } from "node:util/types"
import * as Result from "effect/Result"
import { type Field, refused, shown } from "./fields.ts"

/** A moment: a `Date`, epoch milliseconds, or ISO text with a zone such as `2026-01-31T12:00:00Z`. */
export type TimeInput = Date | number | string

/** Last millisecond of the year 9999: later moments have no date of ten characters. */
const TIME_MAX = 253_402_300_799_999

const ADVICE =
  "give a Date, epoch milliseconds as a whole number, or ISO text with a zone such as 2026-01-31T12:00:00Z"

export const isTime = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= TIME_MAX

const ISO =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?<zone>Z|[+-]\d\d:\d\d)?)?$/u

/** `Date.parse` takes 30 February for 2 March. */
const isDay = (year: number, month: number, day: number): boolean => {
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

const noTime = (text: string): string =>
  `${shown(text)} is no time from 1970 to 9999; write ISO text with a zone such as 2026-01-31T12:00:00Z`

const parseIso = (text: string): Result.Result<number, string> => {
  const { day, month, year, zone } = ISO.exec(text)?.groups ?? {}
  if (!isDay(Number(year), Number(month), Number(day))) return Result.fail(noTime(text))
  if (zone === undefined) {
    return Result.fail(
      text.includes("T")
        ? `${shown(text)} has no zone; write ${text}Z for UTC, or add an offset such as +02:00`
        : `${shown(text)} is a date without a time; write ${text}T00:00:00Z for its beginning in UTC, or add a time with an offset such as T00:00:00+02:00`
    )
  }
  const at = Date.parse(text)
  return Number.isNaN(at) ? Result.fail(noTime(text)) : Result.succeed(at)
}

/** Reads a moment that `test` accepts as epoch milliseconds. */
const moment =
  (test: (at: unknown) => boolean, advice: string): Field<number> =>
  (value) => {
    if (typeof value === "number") return test(value) ? Result.succeed(value) : refused(advice)
    if (typeof value === "string") {
      const parsed = parseIso(value)
      if (Result.isFailure(parsed)) return refused(parsed.failure)
      return test(parsed.success) ? Result.succeed(parsed.success) : refused(noTime(value))
    }
    if (!isDate(value)) return refused(advice)
    const at = Date.prototype.getTime.call(value)
    return test(at) ? Result.succeed(at) : refused(advice)
  }

/** When something was said or ends: from 1970 to the year 9999. */
export const time = moment(isTime, ADVICE)

/** The same, where `null` means never. */
export const timeOrNever = moment(isTime, `${ADVICE}, or null for never`)

/** A bound to compare with, which may lie outside the times that a memory can have. */
export const timeBound = moment(Number.isSafeInteger, ADVICE)

/** Reads a time in any form that the API accepts, or describes the problem. */
export const readTime = (value: TimeInput): Result.Result<number, string> =>
  Result.mapError(time(value), ([, message]) => message)
