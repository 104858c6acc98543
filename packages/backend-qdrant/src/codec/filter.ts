import type { Scope } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { scopeId } from "../scopeId.ts"

export type Condition = Schemas["Condition"]

/** A Qdrant filter as two lists that can be joined. */
export interface Conditions {
  readonly must: ReadonlyArray<Condition>
  readonly must_not: ReadonlyArray<Condition>
}

export const NO_CONDITIONS: Conditions = { must: [], must_not: [] }

export const must = (...conditions: ReadonlyArray<Condition>): Conditions => ({
  must: conditions,
  must_not: []
})

export const mustNot = (...conditions: ReadonlyArray<Condition>): Conditions => ({
  must: [],
  must_not: conditions
})

export const all = (...groups: ReadonlyArray<Conditions>): Conditions => ({
  must: groups.flatMap((group) => group.must),
  must_not: groups.flatMap((group) => group.must_not)
})

/** Qdrant's JSON, without empty lists. */
export const toFilter = ({ must, must_not }: Conditions): Schemas["Filter"] => ({
  ...(must.length === 0 ? {} : { must: [...must] }),
  ...(must_not.length === 0 ? {} : { must_not: [...must_not] })
})

export const is = (key: string, value: string | boolean): Condition => ({ key, match: { value } })

export const oneOf = (key: string, values: ReadonlyArray<string>): Condition => ({
  key,
  match: { any: [...values] }
})

export const between = (key: string, range: Schemas["Range"]): Condition => ({ key, range })

/** No value stands under the key, or `null`. */
export const isEmpty = (key: string): Condition => ({ is_empty: { key } })

export const hasId = (ids: ReadonlyArray<string>): Condition => ({ has_id: [...ids] })

/** Matches every point, by a condition that an index answers; an empty filter has no condition. */
export const ANY_POINT: Conditions = mustNot(is("scope", ""))

/** The lowest indexed number: `gte` it matches every point that has the key. */
export const LOWEST = Number.MIN_SAFE_INTEGER

export const inScope = (scope: Scope): Conditions => must(is("scope", scopeId(scope)))

/** Excludes `expiresAt <= now`; a row without the key matches no range and stays. */
export const notExpired = (now: number): Conditions => mustNot(between("expiresAt", { lte: now }))

export const CURRENT: Conditions = must(is("current", true))

/** Valid at `time`. Nested, because one interval must satisfy both ends. */
const validAt = (time: number): Conditions =>
  must({
    nested: {
      key: "validity",
      filter: { must: [between("from", { lte: time }), between("to", { gt: time })] }
    }
  })

/** Rows a search may return: not expired at `now`, and current or valid at `asOf`. */
export const visible = (now: number, asOf: number | undefined): Conditions =>
  all(notExpired(now), asOf === undefined ? CURRENT : validAt(asOf))
