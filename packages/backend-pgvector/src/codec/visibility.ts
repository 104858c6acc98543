/** The rules of core's `lifetime.ts` as SQL over `m`, a row of `memories`. */
import type { Parameters } from "../connection/Parameters.ts"

export const isNotExpired = (now: string, alias = "m"): string =>
  `(${alias}.expires_at is null or ${alias}.expires_at > ${now})`

export const isLive = (now: string, alias = "m"): string =>
  `${alias}.valid_to is null and ${isNotExpired(now, alias)}`

const wasValidAt = (at: string): string =>
  `((m.valid_from <= ${at} and (m.valid_to is null or ${at} < m.valid_to))
      or exists (
        select from generate_subscripts(m.past, 1) i
        where i % 2 = 1 and m.past[i] <= ${at} and ${at} < m.past[i + 1]
      ))`

/** `isVisible`: not expired, and current, or valid at `asOf` where that is set. */
export const isVisible = (p: Parameters, now: string, asOf: number | undefined): string =>
  asOf === undefined ? isLive(now) : `${isNotExpired(now)} and ${wasValidAt(`${p.add(asOf)}::bigint`)}`
