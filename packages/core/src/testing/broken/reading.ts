import * as Effect from "effect/Effect"
import { allOf, ANY, type Condition } from "../../memory/Condition.ts"
import { scopeKey } from "../../memory/Scope.ts"
import { TOKENISER } from "../../text/terms/tokenisers.ts"
import { broken, brokenAtOpening, type BrokenStore, listScopes } from "./BrokenStore.ts"

/** Asks for nothing where `null` is asked for. */
const withoutNulls = (condition: Condition): Condition => {
  if (condition._tag === "And") return allOf(condition.conditions.map(withoutNulls))
  return condition._tag === "In" && condition.values.includes(null) ? ANY : condition
}

export const brokenReadings: ReadonlyArray<BrokenStore> = [
  broken(
    "ignores the scope in get",
    ["isolation > get under a foreign scope finds and changes nothing"],
    ({ store }, data) => ({
      store: {
        get: (request) =>
          Effect.map(
            Effect.forEach(listScopes(data), (scope) => store.get({ ...request, scope })),
            (pages) => pages.flat()
          )
      }
    })
  ),
  broken(
    "ignores expiry",
    ["lifetime > expiresAt is the first moment a memory is gone, for every method"],
    ({ store }) => ({
      store: {
        get: (request) => store.get({ ...request, now: 0 }),
        search: (request) => store.search({ ...request, now: 0 }),
        list: (request) => store.list({ ...request, now: 0 })
      }
    })
  ),
  broken(
    "lets a memory live a millisecond longer",
    ["lifetime > expiresAt is the first moment a memory is gone, for every method"],
    ({ store }) => ({ store: { latest: (request) => store.latest({ ...request, now: request.now - 1 }) } })
  ),
  broken(
    "asks the server's clock",
    ["lifetime > time is the caller's: the same store answers for an earlier now"],
    ({ store }) => ({ store: { count: (request) => store.count({ ...request, now: Date.now() }) } })
  ),
  broken(
    "takes null for an absent key",
    ["filters > every filter selects the same in list, latest and count"],
    ({ store }) => ({
      store: {
        count: (request) => store.count({ ...request, filter: withoutNulls(request.filter) })
      }
    })
  ),
  broken(
    "skips rows of the instant where a page ended",
    ["paging > pages of every size add up to the whole, in order"],
    ({ store }) => ({
      store: {
        list: (request) =>
          store.list({ ...request, ...(request.after && { after: { ...request.after, id: "g" } }) })
      }
    })
  ),
  broken(
    "pages by offset",
    ["paging > rows written meanwhile: none shows twice, none is skipped"],
    ({ store }, data) => {
      const offsets = new Map<string, number>()
      return {
        store: {
          list: (request) =>
            Effect.map(
              store.list({ ...request, after: undefined, limit: data.scopes.size * 1_000 }),
              ({ rows }) => {
                const key = scopeKey(request.scope)
                const from = request.after === undefined ? 0 : (offsets.get(key) ?? 0)
                offsets.set(key, from + request.limit)
                const shown = rows.slice(from, from + request.limit)
                const last = shown.at(-1)
                const more = last !== undefined && rows.length > from + request.limit
                return { rows: shown, next: more ? { at: last.createdAt, id: last.id } : null }
              }
            )
        }
      }
    }
  ),
  broken(
    "answers after it was closed",
    ["lifecycle > after close every method answers Closed, and close again is safe"],
    () => ({ admin: { close: Effect.void } })
  ),
  brokenAtOpening(
    "opens with any fingerprint",
    ["lifecycle > opening with another fingerprint is refused, naming both"],
    (data) => Object.assign(data, { fingerprint: null })
  ),
  broken(
    "says that it holds today's terms",
    ["scripts > a store that an earlier version filled serves its terms until it is moved"],
    ({ admin }) => ({
      admin: { fingerprint: Effect.map(admin.fingerprint, (stored) => ({ ...stored, tokeniser: TOKENISER })) }
    })
  ),
  brokenAtOpening(
    "keeps to what it read at opening",
    ["lifecycle > a second instance sees the first one's writes, and the first the second's"],
    (data) => ({ ...data, scopes: new Map(Array.from(data.scopes, ([key, rows]) => [key, new Map(rows)])) })
  )
]
