import * as Effect from "effect/Effect"
import { ANY, type Condition, matches } from "../../memory/Condition.ts"
import type { Memory } from "../../memory/Memory.ts"
import type { Handle } from "../Law.ts"
import type { InMemoryData } from "../../store/inMemory/inMemoryData.ts"
import { broken, type BrokenStore, rowOf } from "./BrokenStore.ts"

type Selects = (condition: Condition, memory: Memory) => boolean

/** Reads rows by another meaning of their conditions. */
const selecting = ({ store }: Handle, data: InMemoryData, selects: Selects) => {
  const every = { filter: ANY, limit: 1_000 }
  const list: typeof store.list = (request) =>
    Effect.map(store.list({ ...request, ...every }), ({ next, rows }) => ({
      next,
      rows: rows.filter((memory) => selects(request.filter, memory))
    }))
  const search: typeof store.search = (request) =>
    Effect.map(store.search({ ...request, ...every }), (found) => ({
      ...found,
      hits: found.hits.filter((hit) => selects(request.filter, rowOf(data, request.scope, hit).memory))
    }))
  const remove: typeof store.remove = (request) => {
    const { target } = request
    if (target._tag !== "Filter") return store.remove(request)
    const { now, scope } = request
    return Effect.flatMap(store.list({ scope, now, ...every }), ({ rows }) => {
      const ids = rows.filter((memory) => selects(target.filter, memory)).map(({ id }) => id)
      return store.remove({ ...request, target: { _tag: "Ids", ids } })
    })
  }
  return { list, search, remove }
}

/** As SQL has it: a test of what is absent is unknown, and so is its opposite. */
const threeValued = (condition: Condition, memory: Memory): boolean | null => {
  switch (condition._tag) {
    case "And":
    case "Or": {
      const parts = condition.conditions.map((part) => threeValued(part, memory))
      const decisive = condition._tag === "Or"
      if (parts.includes(decisive)) return decisive
      return parts.includes(null) ? null : !decisive
    }
    case "Not": {
      const part = threeValued(condition.condition, memory)
      return part === null ? null : !part
    }
    case "Exists":
      return matches(condition, memory)
    default:
      return matches({ _tag: "Exists", target: condition.target }, memory) ? matches(condition, memory) : null
  }
}

export const brokenConditions: ReadonlyArray<BrokenStore> = [
  broken(
    "takes the opposite of unknown for unknown",
    [
      "conditions > random conditions select in list, latest and count what they select by definition",
      "conditions > random conditions select in search what they select by definition",
      "conditions > a condition and its opposite part the rows",
      "conditions > a condition is removed by as it is counted by"
    ],
    (right, data) => ({
      store: selecting(right, data, (condition, memory) => threeValued(condition, memory) === true)
    })
  ),
  broken(
    "filters what it has found",
    ["conditions > many rows that fail a condition never hide one that passes"],
    ({ store }, data) => ({
      store: {
        search: (request) =>
          Effect.map(store.search({ ...request, filter: ANY }), (found) => ({
            ...found,
            hits: found.hits.filter((hit) => matches(request.filter, rowOf(data, request.scope, hit).memory))
          }))
      }
    })
  ),
  broken(
    "claims to have asked a graph",
    ["plan > an exact search says so, and counts the rows that words alone find"],
    ({ store }) => ({
      store: {
        search: (request) =>
          Effect.map(store.search(request), (found) => ({ ...found, plan: { ...found.plan, way: "graph" } }))
      }
    })
  )
]
