import type { Filter } from "../memory/Filter.ts"
import { MEMORY_SOURCES, MEMORY_TYPES } from "../memory/Memory.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import {
  booleanProblem,
  isKeepable,
  isProblem,
  nameProblem,
  type Problem,
  readFields,
  shown
} from "./problems.ts"

export const FILTER_FIELDS: ReadonlyArray<keyof Filter> = [
  "types",
  "sources",
  "speakers",
  "sessionId",
  "exceptSessionId",
  "pinned",
  "saidFrom",
  "saidTo",
  "metadata"
]

const listProblem = (
  field: string,
  list: unknown,
  problemOf: (field: string, one: unknown) => Problem | undefined
): Problem | undefined => {
  if (list === undefined) return undefined
  if (!Array.isArray(list)) return [field, `${shown(list)} is not a list; write [${shown(list)}]`]
  if (list.length > STORE_LIMITS.rows) return [field, `give at most ${STORE_LIMITS.rows}`]
  for (const [i, one] of list.entries()) {
    const problem = problemOf(`${field}[${i}]`, one)
    if (problem !== undefined) return problem
  }
  return undefined
}

const oneOf =
  (known: ReadonlyArray<string>) =>
  (field: string, one: unknown): Problem | undefined =>
    typeof one === "string" && known.includes(one)
      ? undefined
      : [field, `${shown(one)} is none of ${known.join(", ")}`]

const aName = (field: string, one: unknown): Problem | undefined =>
  typeof one === "string" ? nameProblem(field, one) : [field, `${shown(one)} is not a name`]

const timeProblem = (field: string, at: unknown): Problem | undefined =>
  at === undefined || Number.isSafeInteger(at)
    ? undefined
    : [field, "give epoch milliseconds as a whole number, or leave it out"]

const isScalar = (value: unknown): boolean =>
  value === null ||
  typeof value === "boolean" ||
  (typeof value === "string" && isKeepable(value)) ||
  Number.isFinite(value)

const metadataProblem = (field: string, metadata: unknown): Problem | undefined => {
  if (metadata === undefined) return undefined
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    return [field, "give an object of top-level keys and the values they must have"]
  }
  const bad = Object.entries(metadata).find(
    ([key, value]) => !isScalar(value) || !isKeepable(key) || key === "__proto__"
  )
  return bad === undefined
    ? undefined
    : [
        `${field}.${bad[0]}`,
        `${shown(bad[1])} cannot be asked for; give a string, a finite number, true, false or null`
      ]
}

/**
 * What is wrong with a filter, or `undefined`. A misspelt or mistyped condition would be ignored or match
 * everything, and a filter may be about to delete. `path` is what the filter is called in messages; empty
 * where its fields stand by themselves.
 */
export const filterProblem = (path: string, filter: Filter): Problem | undefined => {
  const at = (name: string) => (path === "" ? name : `${path}.${name}`)
  const optional = (name: "sessionId" | "exceptSessionId") =>
    filter[name] === undefined ? undefined : aName(at(name), filter[name])
  return (
    listProblem(at("types"), filter.types, oneOf(MEMORY_TYPES)) ??
    listProblem(at("sources"), filter.sources, oneOf(MEMORY_SOURCES)) ??
    listProblem(at("speakers"), filter.speakers, aName) ??
    optional("sessionId") ??
    optional("exceptSessionId") ??
    booleanProblem(at("pinned"), filter.pinned) ??
    timeProblem(at("saidFrom"), filter.saidFrom) ??
    timeProblem(at("saidTo"), filter.saidTo) ??
    metadataProblem(at("metadata"), filter.metadata)
  )
}

/** A copy of a filter from outside, or what is wrong with it. */
export const readFilter = (path: string, given: Filter): Filter | Problem => {
  const filter = readFields(path, given, FILTER_FIELDS)
  if (!isProblem(filter)) return filterProblem(path, filter) ?? filter
  const [field, message] = filter
  return [field === path ? path : `${path}.${field}`, message]
}
