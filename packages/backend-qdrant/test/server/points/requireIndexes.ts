import { badRequest } from "../refusals.ts"
import type { IndexParams } from "../schemas/collection.ts"
import type { FieldCondition, Filter } from "../schemas/filter.ts"

const firstValue = ({ match }: Extract<FieldCondition, { readonly match: unknown }>) =>
  "any" in match ? match.any[0] : match.value

const serves = (index: IndexParams | undefined, condition: FieldCondition): boolean => {
  if (index === undefined) return false
  if ("range" in condition) return index.type === "integer" && index.range !== false
  const value = firstValue(condition)
  if (value === undefined) return true
  if (typeof value === "boolean") return index.type === "bool"
  if (typeof value === "number") return index.type === "integer" && index.lookup !== false
  return index.type === "keyword"
}

const requiredTypes = (condition: FieldCondition): string => {
  if ("range" in condition) return "integer, float"
  const value = firstValue(condition)
  return typeof value === "boolean" ? "bool" : typeof value === "number" ? "integer" : "keyword, uuid"
}

/** Strict mode: refuses a filter with a key that has no index for its condition. */
export const requireIndexes = (
  filter: Filter | undefined,
  indexes: ReadonlyMap<string, IndexParams>,
  prefix = ""
): void => {
  const { must = [], must_not = [], should = [] } = filter ?? {}
  for (const condition of [...must, ...must_not, ...should]) {
    if ("key" in condition) {
      const key = `${prefix}${condition.key}`
      if (serves(indexes.get(key), condition)) continue
      throw badRequest(
        `Index required but not found for "${key}" of one of the following types: [${requiredTypes(condition)}]. Help: Create an index for this key or use a different filter.`
      )
    }
    if ("is_empty" in condition) {
      // Any index will do.
      const key = `${prefix}${condition.is_empty.key}`
      if (indexes.has(key)) continue
      throw badRequest(`Index required but not found for "${key}". Help: Create an index for this key.`)
    }
    if ("nested" in condition) {
      requireIndexes(condition.nested.filter, indexes, `${prefix}${condition.nested.key}[].`)
    } else if (!("has_id" in condition) && !("has_vector" in condition)) {
      requireIndexes(condition, indexes, prefix)
    }
  }
}
