import { badRequest } from "./problems.ts"
import type { Condition, FieldCondition, Filter, IndexParams } from "./requests.ts"

export interface StoredPoint {
  readonly id: string
  readonly payload: Record<string, unknown>
  readonly dense: ReadonlyMap<string, Float32Array>
  readonly sparse: ReadonlyMap<string, ReadonlyMap<number, number>>
}

export type Indexes = ReadonlyMap<string, IndexParams>

/** Values at a key: `a`, `a.b`, `a[].b`; an array stands for each of its values. */
export const valuesAt = (payload: unknown, path: string): ReadonlyArray<unknown> =>
  path
    .split(".")
    .reduce<ReadonlyArray<unknown>>(
      (found, part) =>
        found.flatMap((value) => {
          if (typeof value !== "object" || value === null) return []
          const inner: unknown = Reflect.get(value, part.replace("[]", ""))
          return Array.isArray(inner) ? (inner as ReadonlyArray<unknown>) : [inner]
        }),
      [payload]
    )
    .filter((value) => value !== undefined && value !== null)

const matchesField = (condition: FieldCondition, payload: unknown): boolean => {
  const values = valuesAt(payload, condition.key)
  if ("match" in condition) {
    const { match } = condition
    const wanted: ReadonlyArray<unknown> = "any" in match ? match.any : [match.value]
    return values.some((value) => wanted.includes(value))
  }
  const { gt, gte, lt, lte } = condition.range
  return values.some(
    (value) =>
      typeof value === "number" &&
      (gt === undefined || value > gt) &&
      (gte === undefined || value >= gte) &&
      (lt === undefined || value < lt) &&
      (lte === undefined || value <= lte)
  )
}

/** `payload` is the point's own, or that of an element under a nested condition. */
const holds = (condition: Condition, point: StoredPoint, payload: unknown): boolean => {
  if ("key" in condition) return matchesField(condition, payload)
  if ("has_id" in condition) return condition.has_id.some((id) => String(id).toLowerCase() === point.id)
  if ("has_vector" in condition) {
    return point.dense.has(condition.has_vector) || point.sparse.has(condition.has_vector)
  }
  if ("nested" in condition) {
    const { filter, key } = condition.nested
    return valuesAt(payload, key).some((element) => passes(filter, point, element))
  }
  return passes(condition, point, payload)
}

export const passes = (
  filter: Filter | undefined,
  point: StoredPoint,
  payload: unknown = point.payload
): boolean => {
  const { must = [], must_not = [], should = [] } = filter ?? {}
  return (
    must.every((condition) => holds(condition, point, payload)) &&
    !must_not.some((condition) => holds(condition, point, payload)) &&
    (should.length === 0 || should.some((condition) => holds(condition, point, payload)))
  )
}

const served = (index: IndexParams | undefined, condition: FieldCondition): boolean => {
  if (index === undefined) return false
  if ("range" in condition) return index.type === "integer" && index.range !== false
  const { match } = condition
  const [sample] = "any" in match ? match.any : [match.value]
  if (sample === undefined) return true
  if (typeof sample === "boolean") return index.type === "bool"
  if (typeof sample === "number") return index.type === "integer" && index.lookup !== false
  return index.type === "keyword"
}

const wantedType = (condition: FieldCondition): string => {
  if ("range" in condition) return "integer, float"
  const { match } = condition
  const [sample] = "any" in match ? match.any : [match.value]
  return typeof sample === "boolean" ? "bool" : typeof sample === "number" ? "integer" : "keyword, uuid"
}

/** Strict mode: every key of a filter must have an index that serves the condition. */
export const requireIndexes = (filter: Filter | undefined, indexes: Indexes, prefix = ""): void => {
  const { must = [], must_not = [], should = [] } = filter ?? {}
  for (const condition of [...must, ...must_not, ...should]) {
    if ("key" in condition) {
      const key = `${prefix}${condition.key}`
      if (served(indexes.get(key), condition)) continue
      throw badRequest(
        `Index required but not found for "${key}" of one of the following types: [${wantedType(condition)}]. Help: Create an index for this key or use a different filter.`
      )
    }
    if ("nested" in condition) {
      requireIndexes(condition.nested.filter, indexes, `${prefix}${condition.nested.key}[].`)
    } else if (!("has_id" in condition) && !("has_vector" in condition)) {
      requireIndexes(condition, indexes, prefix)
    }
  }
}
