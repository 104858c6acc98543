/** The rules of core's `lifetime.ts` and `Filter.ts` as SQL over `m`, a row of `memories`. */
import type { Filter } from "@keepsake/core/driver"
import type { Parameters } from "../connection/Parameters.ts"
import { encodeTextArray } from "../connection/parameterCodec.ts"

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

/** `matches`, as ` and …` conditions; empty for an empty filter. */
export const matchesFilter = (p: Parameters, filter: Filter): string => {
  const conditions: Array<string> = []
  if (filter.types !== undefined)
    conditions.push(`m.type = any (${p.add(encodeTextArray(filter.types))}::text[])`)
  if (filter.sources !== undefined)
    conditions.push(`m.source = any (${p.add(encodeTextArray(filter.sources))}::text[])`)
  if (filter.speakers !== undefined)
    conditions.push(`m.speaker = any (${p.add(encodeTextArray(filter.speakers))}::text[])`)
  if (filter.sessionId !== undefined) conditions.push(`m.session_id = ${p.add(filter.sessionId)}::text`)
  if (filter.exceptSessionId !== undefined) {
    conditions.push(`m.session_id is distinct from ${p.add(filter.exceptSessionId)}::text`)
  }
  if (filter.pinned !== undefined) conditions.push(`m.pinned = ${p.add(filter.pinned)}::boolean`)
  if (filter.saidFrom !== undefined) conditions.push(`m.said_at >= ${p.add(filter.saidFrom)}::bigint`)
  if (filter.saidTo !== undefined) conditions.push(`m.said_at < ${p.add(filter.saidTo)}::bigint`)
  if (filter.metadata !== undefined)
    conditions.push(`m.metadata @> ${p.add(JSON.stringify(filter.metadata))}::jsonb`)
  return conditions.map((condition) => `\n    and ${condition}`).join("")
}
