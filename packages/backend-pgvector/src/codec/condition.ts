/**
 * Conditions as SQL over `m`, a row of `memories`: core's `matches`. Values are parameters, and so
 * are paths into the metadata. A test may be unknown in place of false; `is not true` makes the opposite of both true.
 */
import {
  type Comparison,
  type Condition,
  type ConditionField,
  isAny,
  type JsonScalar,
  type JsonValue
} from "@keepsake/core/driver"
import type { Parameters } from "../connection/Parameters.ts"
import { encodeTextArray } from "../connection/parameterCodec.ts"

type Leaf<Tag extends Condition["_tag"]> = Extract<Condition, { readonly _tag: Tag }>

const OPERATORS: Readonly<Record<Comparison, string>> = { gt: ">", gte: ">=", lt: "<", lte: "<=" }

type ColumnType = "text" | "bigint" | "float8" | "boolean"

interface FieldColumn {
  readonly name: string
  readonly type: ColumnType
  /** Whether the column may be null. */
  readonly optional: boolean
}

const fieldColumn = (name: string, type: ColumnType, optional = false): FieldColumn => ({
  name: `m.${name}`,
  type,
  optional
})

const FIELD_COLUMNS: Readonly<Record<ConditionField, FieldColumn>> = {
  type: fieldColumn("type", "text"),
  source: fieldColumn("source", "text"),
  speaker: fieldColumn("speaker", "text", true),
  sessionId: fieldColumn("session_id", "text", true),
  pinned: fieldColumn("pinned", "boolean"),
  importance: fieldColumn("importance", "float8"),
  saidAt: fieldColumn("said_at", "bigint"),
  createdAt: fieldColumn("created_at", "bigint"),
  updatedAt: fieldColumn("updated_at", "bigint"),
  expiresAt: fieldColumn("expires_at", "bigint", true)
}

/** Whether a column of that type can hold the value: nothing is converted. */
const canHold = (type: ColumnType, value: JsonScalar): value is string | number | boolean => {
  if (type === "bigint") return Number.isSafeInteger(value)
  return typeof value === (type === "text" ? "string" : type === "float8" ? "number" : "boolean")
}

const fieldIn = (p: Parameters, { name, type }: FieldColumn, values: ReadonlyArray<JsonScalar>): string => {
  const possible = values.filter((value) => canHold(type, value))
  return possible.length === 0 ? "false" : `${name} = any (${p.add(encodeTextArray(possible))}::${type}[])`
}

/** One beyond the greatest time, so that a bound outside the type decides as it should. */
const TIME_END = Number.MAX_SAFE_INTEGER + 1

/** The whole number that decides as `bound` does among whole numbers. */
const wholeBound = (comparison: Comparison, bound: number): string => {
  const whole = comparison === "gt" || comparison === "lte" ? Math.floor(bound) : Math.ceil(bound)
  return String(BigInt(Math.min(TIME_END, Math.max(-TIME_END, whole))))
}

const fieldCompare = (p: Parameters, { name, type }: FieldColumn, condition: Leaf<"Compare">): string => {
  const { comparison, value } = condition
  if (type !== "bigint" && type !== "float8") return "false"
  const bound = type === "bigint" ? wholeBound(comparison, value) : value
  return `${name} ${OPERATORS[comparison]} ${p.add(bound)}::${type}`
}

/** Strict, so that a path leads into objects and never into lists. */
const jsonPath = (path: ReadonlyArray<string>): string =>
  `strict $${path.map((key) => `.${JSON.stringify(key)}`).join("")}`

const pathExists = (p: Parameters, path: string, variables: object = {}): string =>
  `jsonb_path_exists(m.metadata, ${p.add(path)}::jsonpath, ${p.add(JSON.stringify(variables))}::jsonb, true)`

/** Values of two types make a comparison unknown, so each type is compared by itself. */
const pathIn = (p: Parameters, path: ReadonlyArray<string>, values: ReadonlyArray<JsonScalar>): string => {
  const groups = Object.groupBy(values, (value) => (value === null ? "null" : typeof value))
  const tests = Object.keys(groups).map((type) => `@ == $${type}[*]`)
  return pathExists(p, `${jsonPath(path)} ? (${tests.join(" || ")})`, groups)
}

/** By containment, which takes half the time of a path: below its top, a list contains no scalar. */
const pathEquals = (p: Parameters, path: ReadonlyArray<string>, value: JsonScalar): string => {
  const contained = path.reduceRight<JsonValue>((inner, key) => ({ [key]: inner }), value)
  return `m.metadata @> ${p.add(JSON.stringify(contained))}::jsonb`
}

const inSql = (p: Parameters, { target, values }: Leaf<"In">): string => {
  if (target.field !== undefined) return fieldIn(p, FIELD_COLUMNS[target.field], values)
  const [only] = values
  if (only === undefined) return "false"
  return values.length === 1 ? pathEquals(p, target.path, only) : pathIn(p, target.path, values)
}

const existsSql = (p: Parameters, { target }: Leaf<"Exists">): string => {
  if (target.field === undefined) return pathExists(p, jsonPath(target.path))
  const { name, optional } = FIELD_COLUMNS[target.field]
  return optional ? `${name} is not null` : "true"
}

const compareSql = (p: Parameters, condition: Leaf<"Compare">): string => {
  const { comparison, target, value } = condition
  return target.field === undefined
    ? pathExists(p, `${jsonPath(target.path)} ? (@ ${OPERATORS[comparison]} $bound)`, { bound: value })
    : fieldCompare(p, FIELD_COLUMNS[target.field], condition)
}

const containsSql = (p: Parameters, { target, value }: Leaf<"Contains">): string =>
  target.field === undefined
    ? pathExists(p, `${jsonPath(target.path)}[*] ? (@ == $value)`, { value })
    : "false"

const join = (parts: ReadonlyArray<string>, operator: "and" | "or", none: string): string =>
  parts.length === 0 ? none : `(${parts.join(` ${operator} `)})`

const toSql = (p: Parameters, condition: Condition): string => {
  switch (condition._tag) {
    case "And":
      return join(
        condition.conditions.map((part) => toSql(p, part)),
        "and",
        "true"
      )
    case "Or":
      return join(
        condition.conditions.map((part) => toSql(p, part)),
        "or",
        "false"
      )
    case "Not":
      return `(${toSql(p, condition.condition)}) is not true`
    case "In":
      return inSql(p, condition)
    case "Exists":
      return existsSql(p, condition)
    case "Compare":
      return compareSql(p, condition)
    case "Contains":
      return containsSql(p, condition)
  }
}

/** As ` and …` lines; empty for a condition that is always true. */
export const matchesCondition = (p: Parameters, condition: Condition): string => {
  if (isAny(condition)) return ""
  p.markVarying()
  const parts = condition._tag === "And" ? condition.conditions : [condition]
  return parts.map((part) => `\n    and ${toSql(p, part)}`).join("")
}
