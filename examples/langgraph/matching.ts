import type { JsonScalar, MetadataTest, Where } from "@keepsake/keepsake"
import type { MatchCondition } from "@langchain/langgraph-checkpoint"

const compare = (operator: string, actual: unknown, expected: unknown): boolean => {
  switch (operator) {
    case "$eq":
      return actual === expected
    case "$ne":
      return actual !== expected
    case "$gt":
      return Number(actual) > Number(expected)
    case "$gte":
      return Number(actual) >= Number(expected)
    case "$lt":
      return Number(actual) < Number(expected)
    case "$lte":
      return Number(actual) <= Number(expected)
    default:
      return false
  }
}

const isOperators = (expected: unknown): expected is Record<string, unknown> =>
  typeof expected === "object" &&
  expected !== null &&
  Object.keys(expected).some((key) => key.startsWith("$"))

/** LangGraph's filter: compares the value's fields by equality, or by operators such as `{ $gte: 3 }`. */
export const matchesFilter = (filter: Record<string, unknown>, value: Record<string, unknown>): boolean =>
  Object.entries(filter).every(([key, expected]) =>
    isOperators(expected)
      ? Object.entries(expected).every(([operator, operand]) => compare(operator, value[key], operand))
      : JSON.stringify(value[key]) === JSON.stringify(expected)
  )

const isScalar = (value: unknown): value is JsonScalar =>
  value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)

/** The fields of a value that a filter can ask for, kept beside it in the metadata. */
export const pickScalars = (value: Record<string, unknown>): Record<string, JsonScalar> =>
  Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, JsonScalar] => isScalar(entry[1]))
  )

/** True of numbers. LangGraph converts other values before it compares, which the store never does. */
const ANY_NUMBER: MetadataTest = { gte: -Number.MAX_VALUE }

const RANGES = { $gt: "gt", $gte: "gte", $lt: "lt", $lte: "lte" } as const

const isRange = (operator: string): operator is keyof typeof RANGES => operator in RANGES

const toCondition = (path: string, operator: string, operand: unknown): Where => {
  const on = (test: MetadataTest): Where => ({ metadata: { [path]: test } })
  if (isRange(operator) && typeof operand === "number" && Number.isFinite(operand)) {
    return { or: [on({ [RANGES[operator]]: operand }), { not: on(ANY_NUMBER) }] }
  }
  if (!isScalar(operand)) return {}
  if (operator === "$eq") return on({ eq: operand })
  return operator === "$ne" ? on({ ne: operand }) : {}
}

/**
 * What the store can decide of a LangGraph filter: every item that `matchesFilter` takes passes it, and what it lets
 * through `matchesFilter` decides.
 */
export const toWhere = (filter: Record<string, unknown>): Where => ({
  and: Object.entries(filter).flatMap(([key, expected]) => {
    const path = `fields.${key.replace(/[.\\]/gu, "\\$&")}`
    const operators = isOperators(expected) ? Object.entries(expected) : [["$eq", expected] as const]
    return operators.map(([operator, operand]) => toCondition(path, operator, operand))
  })
})

/** LangGraph's namespace patterns: a prefix or a suffix; `*` matches any one part. */
export const matchesPath = (
  { matchType, path }: MatchCondition,
  namespace: ReadonlyArray<string>
): boolean => {
  if (path.length > namespace.length) return false
  const part = matchType === "prefix" ? namespace.slice(0, path.length) : namespace.slice(-path.length)
  return path.every((expected, i) => expected === "*" || expected === part[i])
}
