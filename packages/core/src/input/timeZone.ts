/** The time zone that a caller names. */
import * as Result from "effect/Result"
import { isTimeZone, UTC } from "../text/time/TimeZone.ts"
import { type Field, optional, type Problem, shown, test, within } from "./fields.ts"

/** Reads a name of the IANA database. */
export const timeZone: Field<string> = test(
  (value): value is string => typeof value === "string" && isTimeZone(value),
  (value) => `${shown(value)} is no time zone; give a name of the IANA database such as America/Los_Angeles`
)

const option = within("timeZone", optional(timeZone))

/** The time zone among the options of a memory; UTC without one. */
export const readTimeZone = (options: { readonly timeZone?: unknown }): Result.Result<string, Problem> =>
  Result.map(option(options.timeZone), (zone = UTC.name) => zone)
