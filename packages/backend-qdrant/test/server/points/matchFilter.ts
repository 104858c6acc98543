import type { Condition, FieldCondition, Filter } from "../schemas/filter.ts"
import { type StoredPoint, toStoredId } from "./StoredPoint.ts"

/** Values at a path such as `a`, `a.b` or `a[].b`; an array stands for its elements. */
export const valuesAt = (payload: unknown, path: string): ReadonlyArray<unknown> =>
  path
    .split(".")
    .reduce<ReadonlyArray<unknown>>(
      (values, key) =>
        values.flatMap((value) => {
          if (typeof value !== "object" || value === null) return []
          const inner: unknown = Reflect.get(value, key.replace("[]", ""))
          return Array.isArray(inner) ? (inner as ReadonlyArray<unknown>) : [inner]
        }),
      [payload]
    )
    .filter((value) => value !== undefined && value !== null)

const matchesField = (condition: FieldCondition, payload: unknown): boolean => {
  const values = valuesAt(payload, condition.key)
  if ("match" in condition) {
    const { match } = condition
    const accepted: ReadonlyArray<unknown> = "any" in match ? match.any : [match.value]
    return values.some((value) => accepted.includes(value))
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

const matchesCondition = (condition: Condition, point: StoredPoint, payload: unknown): boolean => {
  if ("key" in condition) return matchesField(condition, payload)
  // Nothing, `null` or an empty list.
  if ("is_empty" in condition) return valuesAt(payload, condition.is_empty.key).length === 0
  if ("has_id" in condition) return condition.has_id.some((id) => toStoredId(id) === point.id)
  if ("has_vector" in condition) {
    return point.dense.has(condition.has_vector) || point.sparse.has(condition.has_vector)
  }
  if ("nested" in condition) {
    const { filter, key } = condition.nested
    return valuesAt(payload, key).some((element) => matchesFilter(filter, point, element))
  }
  return matchesFilter(condition, point, payload)
}

/** `payload` is the point's own; under a nested condition, an element of it. */
export const matchesFilter = (
  filter: Filter | undefined,
  point: StoredPoint,
  payload: unknown = point.payload
): boolean => {
  const { must = [], must_not = [], should = [] } = filter ?? {}
  const matches = (condition: Condition) => matchesCondition(condition, point, payload)
  return must.every(matches) && !must_not.some(matches) && (should.length === 0 || should.some(matches))
}
