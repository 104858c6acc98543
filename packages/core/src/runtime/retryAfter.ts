/** Delay in seconds; some services send a fraction. */
const SECONDS = /^\d+(?:\.\d+)?$/u

/** The dates of RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT` or `Sunday, 06-Nov-94 08:49:37 GMT`. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, \d.* GMT$/u
/** Its oldest form, which has no zone and means UTC: `Sun Nov  6 08:49:37 1994`. */
const ASCTIME_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} .* \d{4}$/u

/**
 * Milliseconds from `now` that a `Retry-After` header asks to wait: seconds or an HTTP date, at least 0.
 * `undefined` for a header that is absent or neither.
 */
export const parseRetryAfter = (header: string | null | undefined, now: number): number | undefined => {
  const value = header?.trim() ?? ""
  if (SECONDS.test(value)) return finite(Number(value) * 1_000)
  if (HTTP_DATE.test(value)) return finite(Math.max(0, Date.parse(value) - now))
  return ASCTIME_DATE.test(value) ? finite(Math.max(0, Date.parse(`${value} GMT`) - now)) : undefined
}

const finite = (ms: number): number | undefined => (Number.isFinite(ms) ? ms : undefined)
