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

/** LangGraph's namespace patterns: a prefix or a suffix; `*` matches any one part. */
export const matchesPath = (
  { matchType, path }: MatchCondition,
  namespace: ReadonlyArray<string>
): boolean => {
  if (path.length > namespace.length) return false
  const part = matchType === "prefix" ? namespace.slice(0, path.length) : namespace.slice(-path.length)
  return path.every((expected, i) => expected === "*" || expected === part[i])
}
