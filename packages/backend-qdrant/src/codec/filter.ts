import type { Filter, Scope } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { metaEntry, scopeId } from "./memoryRow.ts"

export type Condition = Schemas["Condition"]

/** A filter of Qdrant's whose lists are there to be added to. */
export interface Conditions {
  readonly must: ReadonlyArray<Condition>
  readonly must_not: ReadonlyArray<Condition>
}

export const NONE: Conditions = { must: [], must_not: [] }

export const must = (...conditions: ReadonlyArray<Condition>): Conditions => ({
  must: conditions,
  must_not: []
})

export const mustNot = (...conditions: ReadonlyArray<Condition>): Conditions => ({
  must: [],
  must_not: conditions
})

export const all = (...parts: ReadonlyArray<Conditions>): Conditions => ({
  must: parts.flatMap((part) => part.must),
  must_not: parts.flatMap((part) => part.must_not)
})

/** As Qdrant's JSON has it; empty lists are left out. */
export const filterOf = ({ must, must_not }: Conditions): Schemas["Filter"] => ({
  ...(must.length === 0 ? {} : { must: [...must] }),
  ...(must_not.length === 0 ? {} : { must_not: [...must_not] })
})

export const is = (key: string, value: string | boolean): Condition => ({ key, match: { value } })

const oneOf = (key: string, values: ReadonlyArray<string>): Condition => ({
  key,
  match: { any: [...values] }
})

export const between = (key: string, range: Schemas["Range"]): Condition => ({ key, range })

export const hasId = (ids: ReadonlyArray<string>): Condition => ({ has_id: [...ids] })

/** Of every point: a condition that an index answers, where an empty filter would say nothing. */
export const EVERYTHING: Conditions = mustNot(is("scope", ""))

/** The lowest number an index can hold here: whoever has the key at all is above it. */
export const LOWEST = Number.MIN_SAFE_INTEGER

export const inScope = (scope: Scope): Conditions => must(is("scope", scopeId(scope)))

/** `expiresAt <= now` is gone; a row without the key matches no range and stays. */
export const notExpired = (now: number): Conditions => mustNot(between("expiresAt", { lte: now }))

export const CURRENT: Conditions = must(is("current", true))

/** Held at `at`: one interval that satisfies both ends, hence nested. */
const heldAt = (at: number): Conditions =>
  must({
    nested: {
      key: "validity",
      filter: { must: [between("from", { lte: at }), between("to", { gt: at })] }
    }
  })

/** What a search may return: not expired now, and current, or held at `asOf`. */
export const visible = (now: number, asOf: number | undefined): Conditions =>
  all(notExpired(now), asOf === undefined ? CURRENT : heldAt(asOf))

/** An empty list matches nothing; no need to ask a server for that. */
export const matchesNothing = (filter: Filter): boolean =>
  filter.types?.length === 0 || filter.sources?.length === 0 || filter.speakers?.length === 0

/** Core's filter in Qdrant's words, one condition a field. */
export const ofFilter = (filter: Filter): Conditions => {
  const { exceptSessionId, metadata, pinned, saidFrom, saidTo, sessionId, sources, speakers, types } = filter
  const asked: Array<Condition> = []
  if (types !== undefined) asked.push(oneOf("type", types))
  if (sources !== undefined) asked.push(oneOf("source", sources))
  if (speakers !== undefined) asked.push(oneOf("speaker", speakers))
  if (sessionId !== undefined) asked.push(is("sessionId", sessionId))
  if (pinned !== undefined) asked.push(is("pinned", pinned))
  if (saidFrom !== undefined) asked.push(between("saidAt", { gte: saidFrom }))
  if (saidTo !== undefined) asked.push(between("saidAt", { lt: saidTo }))
  for (const [key, value] of Object.entries(metadata ?? {})) asked.push(is("meta", metaEntry(key, value)))
  return {
    must: asked,
    must_not: exceptSessionId === undefined ? [] : [is("sessionId", exceptSessionId)]
  }
}
