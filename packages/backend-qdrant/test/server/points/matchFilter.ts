import type { Condition, FieldCondition, Filter } from "../schemas/filter.ts"
import { type StoredPoint, toStoredId } from "./StoredPoint.ts"

/** Reads the values at a path such as `a`, `a.b` or `a[].b`; an array stands for its elements. */
export const readPath = (path: string): ((payload: unknown) => ReadonlyArray<unknown>) => {
  const keys = path.split(".").map((key) => key.replace("[]", ""))
  return (payload) => {
    let values: ReadonlyArray<unknown> = [payload]
    for (const key of keys) {
      const inner: Array<unknown> = []
      for (const value of values) {
        if (typeof value !== "object" || value === null) continue
        const found: unknown = Reflect.get(value, key)
        if (Array.isArray(found)) inner.push(...(found as ReadonlyArray<unknown>))
        else inner.push(found)
      }
      values = inner
    }
    return values.filter((value) => value !== undefined && value !== null)
  }
}

/** `payload` is the point's own; under a nested condition, an element of it. */
type Test = (point: StoredPoint, payload: unknown) => boolean

const compileField = (condition: FieldCondition): Test => {
  const read = readPath(condition.key)
  if ("match" in condition) {
    const { match } = condition
    const accepted: ReadonlySet<unknown> = new Set("any" in match ? match.any : [match.value])
    return (_, payload) => read(payload).some((value) => accepted.has(value))
  }
  const { gt, gte, lt, lte } = condition.range
  return (_, payload) =>
    read(payload).some(
      (value) =>
        typeof value === "number" &&
        (gt === undefined || value > gt) &&
        (gte === undefined || value >= gte) &&
        (lt === undefined || value < lt) &&
        (lte === undefined || value <= lte)
    )
}

const compileCondition = (condition: Condition): Test => {
  if ("key" in condition) return compileField(condition)
  if ("is_empty" in condition) {
    // Nothing, `null` or an empty list.
    const read = readPath(condition.is_empty.key)
    return (_, payload) => read(payload).length === 0
  }
  if ("has_id" in condition) {
    const ids = new Set(condition.has_id.map(toStoredId))
    return ({ id }) => ids.has(id)
  }
  if ("has_vector" in condition) {
    const name = condition.has_vector
    return ({ dense, sparse }) => dense.has(name) || sparse.has(name)
  }
  if ("nested" in condition) {
    const read = readPath(condition.nested.key)
    const test = compile(condition.nested.filter)
    return (point, payload) => read(payload).some((element) => test(point, element))
  }
  return compile(condition)
}

const compile = ({ must = [], must_not = [], should = [] }: Filter): Test => {
  const all = must.map(compileCondition)
  const none = must_not.map(compileCondition)
  const any = should.map(compileCondition)
  return (point, payload) =>
    all.every((test) => test(point, payload)) &&
    !none.some((test) => test(point, payload)) &&
    (any.length === 0 || any.some((test) => test(point, payload)))
}

/** A filter as a function: a request asks it of each point. */
export const compileFilter = (filter: Filter = {}): ((point: StoredPoint) => boolean) => {
  const test = compile(filter)
  return (point) => test(point, point.payload)
}
