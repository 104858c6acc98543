/**
 * A filter as stores read it: a small tree, made from the caller's `Where` once. Every condition is true or
 * false of a memory, never unknown, and `Not` is the plain opposite.
 */
import type { JsonScalar, JsonValue, Memory } from "./Memory.ts"

/** Fields of a memory that a condition may name. Access counts change apart from the memory and are left out. */
export const CONDITION_FIELDS = [
  "type",
  "source",
  "speaker",
  "sessionId",
  "pinned",
  "importance",
  "saidAt",
  "createdAt",
  "updatedAt",
  "expiresAt"
] as const satisfies ReadonlyArray<keyof Memory>
/** A field that a condition may name. */
export type ConditionField = (typeof CONDITION_FIELDS)[number]

/** A field of the memory, or a path of keys into its metadata: objects only, a list has no keys. */
export type Target =
  | { readonly field: ConditionField; readonly path?: undefined }
  | { readonly path: ReadonlyArray<string>; readonly field?: undefined }

/** How `Compare` compares a number with its bound. */
export type Comparison = "gt" | "gte" | "lt" | "lte"

/**
 * - `And` of nothing is true, `Or` of nothing is false.
 * - `In`: the value is one of these scalars, of the same type (`"1"` is not `1`). A list or an object is none.
 * - `Exists`: there is a value. A `null` in metadata is one; a field that is `null` is not.
 * - `Compare`: the value is a number and compares so.
 * - `Contains`: the value is a list that matches this scalar.
 *
 * Without a value, `In`, `Compare` and `Contains` are false.
 */
export type Condition =
  | { readonly _tag: "And"; readonly conditions: ReadonlyArray<Condition> }
  | { readonly _tag: "Or"; readonly conditions: ReadonlyArray<Condition> }
  | { readonly _tag: "Not"; readonly condition: Condition }
  | { readonly _tag: "In"; readonly target: Target; readonly values: ReadonlyArray<JsonScalar> }
  | { readonly _tag: "Exists"; readonly target: Target }
  | {
      readonly _tag: "Compare"
      readonly target: Target
      readonly comparison: Comparison
      readonly value: number
    }
  | { readonly _tag: "Contains"; readonly target: Target; readonly value: JsonScalar }

/** True of every memory. */
export const ANY: Condition = { _tag: "And", conditions: [] }
/** True of no memory. */
export const NONE: Condition = { _tag: "Or", conditions: [] }

/** Whether a condition is `ANY`. */
export const isAny = (condition: Condition): boolean =>
  condition._tag === "And" && condition.conditions.length === 0

/** Whether a condition is `NONE`. */
export const isNone = (condition: Condition): boolean =>
  condition._tag === "Or" && condition.conditions.length === 0

/** All of these; constants fold, so that `isAny` and `isNone` tell a condition that decides nothing. */
export const allOf = (conditions: ReadonlyArray<Condition>): Condition => {
  const parts = conditions.flatMap((part) => (part._tag === "And" ? part.conditions : [part]))
  if (parts.some(isNone)) return NONE
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : { _tag: "And", conditions: parts }
}

/** Any of these; constants fold. */
export const anyOf = (conditions: ReadonlyArray<Condition>): Condition => {
  const parts = conditions.flatMap((part) => (part._tag === "Or" ? part.conditions : [part]))
  if (parts.some(isAny)) return ANY
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : { _tag: "Or", conditions: parts }
}

/** The opposite; constants and a second `Not` fold. */
export const not = (condition: Condition): Condition => {
  if (isAny(condition)) return NONE
  if (isNone(condition)) return ANY
  return condition._tag === "Not" ? condition.condition : { _tag: "Not", condition }
}

/** `In`; of no values it is false. */
export const isIn = (target: Target, values: ReadonlyArray<JsonScalar>): Condition =>
  values.length === 0 ? NONE : { _tag: "In", target, values }

const isObject = (value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What stands at a target; `undefined` where nothing does. */
const valueAt = (memory: Memory, { field, path }: Target): JsonValue | undefined => {
  if (field !== undefined) return memory[field] ?? undefined
  let value: JsonValue | undefined = memory.metadata
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

const COMPARISONS: Readonly<Record<Comparison, (value: number, bound: number) => boolean>> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound
}

/** Whether a condition is true of a memory: the oracle for every store's own translation. */
export const matches = (condition: Condition, memory: Memory): boolean => {
  switch (condition._tag) {
    case "And":
      return condition.conditions.every((part) => matches(part, memory))
    case "Or":
      return condition.conditions.some((part) => matches(part, memory))
    case "Not":
      return !matches(condition.condition, memory)
    case "In": {
      const value = valueAt(memory, condition.target)
      return value !== undefined && condition.values.some((one) => one === value)
    }
    case "Exists":
      return valueAt(memory, condition.target) !== undefined
    case "Compare": {
      const value = valueAt(memory, condition.target)
      return typeof value === "number" && COMPARISONS[condition.comparison](value, condition.value)
    }
    case "Contains": {
      const value = valueAt(memory, condition.target)
      return Array.isArray(value) && value.some((one) => one === condition.value)
    }
  }
}
