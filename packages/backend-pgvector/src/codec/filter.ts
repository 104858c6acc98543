/** Lifetime and filters as SQL over `m`, a row of `memories`: what `lifetime.ts` and `Filter.ts` say in core. */
import type { Filter } from "@keepsake/core/driver"
import type { Parameters } from "../connection/Parameters.ts"
import { textArray } from "../connection/parameterCodec.ts"

export const notExpired = (now: string, alias = "m"): string =>
  `(${alias}.expires_at is null or ${alias}.expires_at > ${now})`

export const live = (now: string, alias = "m"): string =>
  `${alias}.valid_to is null and ${notExpired(now, alias)}`

const heldAt = (at: string): string =>
  `((m.valid_from <= ${at} and (m.valid_to is null or ${at} < m.valid_to))
      or exists (
        select from generate_subscripts(m.past, 1) i
        where i % 2 = 1 and m.past[i] <= ${at} and ${at} < m.past[i + 1]
      ))`

/** `isVisible`: not expired, and current or held at `asOf`. */
export const visible = (p: Parameters, now: string, asOf: number | undefined): string =>
  asOf === undefined ? live(now) : `${notExpired(now)} and ${heldAt(`${p.add(asOf)}::bigint`)}`

/** `matches`, as ` and …` conditions; empty for a filter that restricts nothing. */
export const filtered = (p: Parameters, filter: Filter): string => {
  const all: Array<string> = []
  if (filter.types !== undefined) all.push(`m.type = any (${p.add(textArray(filter.types))}::text[])`)
  if (filter.sources !== undefined) all.push(`m.source = any (${p.add(textArray(filter.sources))}::text[])`)
  if (filter.speakers !== undefined)
    all.push(`m.speaker = any (${p.add(textArray(filter.speakers))}::text[])`)
  if (filter.sessionId !== undefined) all.push(`m.session_id = ${p.add(filter.sessionId)}::text`)
  if (filter.exceptSessionId !== undefined) {
    all.push(`m.session_id is distinct from ${p.add(filter.exceptSessionId)}::text`)
  }
  if (filter.pinned !== undefined) all.push(`m.pinned = ${p.add(filter.pinned)}::boolean`)
  if (filter.saidFrom !== undefined) all.push(`m.said_at >= ${p.add(filter.saidFrom)}::bigint`)
  if (filter.saidTo !== undefined) all.push(`m.said_at < ${p.add(filter.saidTo)}::bigint`)
  if (filter.metadata !== undefined)
    all.push(`m.metadata @> ${p.add(JSON.stringify(filter.metadata))}::jsonb`)
  return all.map((condition) => `\n    and ${condition}`).join("")
}
