/** Reads the callers' `Where` into the condition that stores are asked with. */
import * as Result from "effect/Result"
import {
  allOf,
  ANY,
  anyOf,
  type Comparison,
  type Condition,
  type ConditionField,
  CONDITION_FIELDS,
  isIn,
  not,
  type Target
} from "../memory/Condition.ts"
import { type JsonScalar, MEMORY_SOURCES, MEMORY_TYPES } from "../memory/Memory.ts"
import type { Where } from "../memory/Where.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import {
  boolean,
  type Field,
  isKeepable,
  isPlain,
  NAME_MAX,
  oneOf,
  type Problem,
  refused,
  shown
} from "./fields.ts"
import { didYouMean } from "./suggest.ts"
import { timeBound } from "./time.ts"

/** Bounds of a filter; a store may rely on them. */
const WHERE_LIMITS = {
  /** How deep `and`, `or` and `not` nest. */
  depth: 4,
  /** Tests in all. */
  tests: 256,
  /** Filters within `and`, `or` and `not` in all: four around each test. A few that refer to each other could be billions. */
  filters: 1_024,
  /** Keys of a path into the metadata. */
  path: 8
} as const

type ReadCondition = Result.Result<Condition, Problem>

/** Counts down over a whole filter. */
interface Budget {
  tests: number
  filters: number
}

const finite: Field<number> = (value) =>
  typeof value === "number" && Number.isFinite(value)
    ? Result.succeed(value === 0 ? 0 : value)
    : refused(`${shown(value)} is not a finite number`)

const nameToMatch: Field<string> = (value) =>
  typeof value === "string" && value.length <= NAME_MAX && isKeepable(value)
    ? Result.succeed(value)
    : refused(`${shown(value)} is not a name; to ask for what has none, write { exists: false }`)

const scalar: Field<JsonScalar> = (value) => {
  if (value === null || typeof value === "boolean") return Result.succeed(value)
  if (typeof value === "number") return finite(value)
  return typeof value === "string" && isKeepable(value)
    ? Result.succeed(value)
    : refused(`${shown(value)} cannot be compared with; give a string, a finite number, true, false or null`)
}

const VALUES: Readonly<Record<ConditionField, Field<JsonScalar>>> = {
  type: oneOf(MEMORY_TYPES),
  source: oneOf(MEMORY_SOURCES),
  speaker: nameToMatch,
  sessionId: nameToMatch,
  pinned: boolean,
  importance: finite,
  saidAt: timeBound,
  createdAt: timeBound,
  updatedAt: timeBound,
  expiresAt: timeBound
}
const ORDERED: ReadonlySet<ConditionField> = new Set([
  "importance",
  "saidAt",
  "createdAt",
  "updatedAt",
  "expiresAt"
])

/** Fields that a memory may be without. */
const OPTIONAL: ReadonlySet<ConditionField> = new Set(["speaker", "sessionId", "expiresAt"])

const EQUALITY = ["eq", "ne", "in", "notIn", "exists"] as const
const COMPARISONS = ["gt", "gte", "lt", "lte"] as const satisfies ReadonlyArray<Comparison>

/** What may be asked of a target, and with which values. */
interface Kind {
  readonly target: Target
  readonly operators: ReadonlyArray<string>
  readonly value: Field<JsonScalar>
  /** Of `gt gte lt lte`. */
  readonly bound: Field<number>
}

const fieldKind = (field: ConditionField): Kind => ({
  target: { field },
  operators: ORDERED.has(field) ? [...EQUALITY, ...COMPARISONS] : EQUALITY,
  value: VALUES[field],
  bound: field === "importance" ? finite : timeBound
})

const metadataKind = (path: ReadonlyArray<string>): Kind => ({
  target: { path },
  operators: [...EQUALITY, ...COMPARISONS, "contains"],
  value: scalar,
  bound: finite
})

const fail = (path: string, message: string): Result.Result<never, Problem> => Result.fail([path, message])

const at = <A>(path: string, result: Result.Result<A, Problem>): Result.Result<A, Problem> =>
  Result.isSuccess(result) ? result : Result.fail([`${path}${result.failure[0]}`, result.failure[1]])

/** Reads every part; the first problem ends it. */
const each = <A, B>(
  parts: ReadonlyArray<A>,
  read: (part: A, index: number) => Result.Result<B, Problem>
): Result.Result<ReadonlyArray<B>, Problem> => {
  const found: Array<B> = []
  for (const [i, part] of parts.entries()) {
    const result = read(part, i)
    if (Result.isFailure(result)) return Result.fail(result.failure)
    found.push(result.success)
  }
  return Result.succeed(found)
}

const readValues = (path: string, value: unknown, { target, value: readScalar }: Kind): ReadCondition => {
  if (!Array.isArray(value)) return fail(path, `${shown(value)} is not a list; write [${shown(value)}]`)
  if (value.length > STORE_LIMITS.rows) return fail(path, `give at most ${STORE_LIMITS.rows}`)
  return Result.map(
    each(value, (part, i) => at(`${path}[${i}]`, readScalar(part))),
    (values) => isIn(target, values)
  )
}

/** True of every memory for a field that each has, so that a removal by it is known to be of everything. */
const existsAt = (target: Target): Condition =>
  target.field === undefined || OPTIONAL.has(target.field) ? { _tag: "Exists", target } : ANY

const isComparison = (operator: string): operator is Comparison =>
  (COMPARISONS as ReadonlyArray<string>).includes(operator)

const readOperator = (path: string, operator: string, value: unknown, kind: Kind): ReadCondition => {
  const { bound, target, value: readScalar } = kind
  if (isComparison(operator)) {
    return Result.map(at(path, bound(value)), (limit): Condition => ({
      _tag: "Compare",
      target,
      comparison: operator,
      value: limit
    }))
  }
  switch (operator) {
    case "in":
      return readValues(path, value, kind)
    case "notIn":
      return Result.map(readValues(path, value, kind), not)
    case "exists":
      return Result.map(at(path, boolean(value)), (exists) =>
        exists ? existsAt(target) : not(existsAt(target))
      )
    case "contains":
      return Result.map(at(path, readScalar(value)), (member): Condition => ({
        _tag: "Contains",
        target,
        value: member
      }))
    default:
      return Result.map(at(path, readScalar(value)), (equal) =>
        operator === "eq" ? isIn(target, [equal]) : not(isIn(target, [equal]))
      )
  }
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && isPlain(value)

const defined = (value: { readonly [key: string]: unknown }) =>
  Object.entries({ ...value }).filter(([, part]) => part !== undefined)

/** A plain value is `eq`; the operators of one object are all required. */
const readTest = (path: string, test: unknown, kind: Kind, budget: Budget): ReadCondition => {
  const operators: ReadonlyArray<readonly [string, unknown]> = isObject(test) ? defined(test) : [["eq", test]]
  budget.tests -= operators.length
  if (budget.tests < 0) return fail(path, `is one test too many; ${WHERE_LIMITS.tests} are allowed`)
  if (operators.length === 0) return fail(path, `asks for nothing; known: ${kind.operators.join(", ")}`)
  return Result.map(
    each(operators, ([operator, value]) =>
      kind.operators.includes(operator)
        ? readOperator(isObject(test) ? `${path}.${operator}` : path, operator, value, kind)
        : fail(`${path}.${operator}`, unknownOperator(operator, kind))
    ),
    allOf
  )
}

const unknownOperator = (operator: string, { operators, target }: Kind): string =>
  target.path === undefined
    ? `is no operator here. ${didYouMean(operator, operators)}`
    : `is no operator. ${didYouMean(operator, operators)} To look into an object, write its path as one name: "${target.path.join(".")}.${operator}"`

/** A dot leads into an object; `\.` and `\\` are a dot and a backslash within a key. */
const readPath = (text: string): ReadonlyArray<string> => {
  const keys = [""]
  for (const [part] of text.matchAll(/\\[.\\]|[^]/gu)) {
    if (part === ".") keys.push("")
    else keys[keys.length - 1] += part.length > 1 && part.startsWith("\\") ? part.slice(1) : part
  }
  return keys
}

const readMetadata = (path: string, tests: unknown, budget: Budget): ReadCondition => {
  if (!isObject(tests)) return fail(path, "give an object of paths and what must hold of their values")
  return Result.map(
    each(defined(tests), ([text, test]) => {
      const keys = readPath(text)
      const place = `${path}.${text}`
      if (keys.length > WHERE_LIMITS.path) return fail(place, `is deeper than ${WHERE_LIMITS.path} keys`)
      if (!isKeepable(text)) return fail(path, "has a path with a NUL or half a character")
      return readTest(place, test, metadataKind(keys), budget)
    }),
    allOf
  )
}

const KNOWN = [...CONDITION_FIELDS, "metadata", "and", "or", "not"]

const isField = (name: string): name is ConditionField =>
  (CONDITION_FIELDS as ReadonlyArray<string>).includes(name)

const readList = (path: string, value: unknown, depth: number, budget: Budget) => {
  if (!Array.isArray(value)) return fail(path, `${shown(value)} is not a list; write [${shown(value)}]`)
  if (value.length > WHERE_LIMITS.tests) return fail(path, `give at most ${WHERE_LIMITS.tests}`)
  return each(value, (part, i) => readWhere(`${path}[${i}]`, part, depth + 1, budget))
}

const readPart = (
  path: string,
  name: string,
  part: unknown,
  depth: number,
  budget: Budget
): ReadCondition => {
  const place = `${path}.${name}`
  if (isField(name)) return readTest(place, part, fieldKind(name), budget)
  if (name === "metadata") return readMetadata(place, part, budget)
  if (depth >= WHERE_LIMITS.depth)
    return fail(place, `nests deeper than ${WHERE_LIMITS.depth}; write it flatter`)
  if (name === "and") return Result.map(readList(place, part, depth, budget), allOf)
  if (name === "or") return Result.map(readList(place, part, depth, budget), anyOf)
  return Result.map(readWhere(place, part, depth + 1, budget), not)
}

const readWhere = (path: string, value: unknown, depth: number, budget: Budget): ReadCondition => {
  if (--budget.filters < 0)
    return fail(path, `holds more than ${WHERE_LIMITS.filters} filters; write it flatter`)
  if (!isObject(value)) return fail(path, `${shown(value)} is not a filter; known: ${KNOWN.join(", ")}`)
  return Result.map(
    each(defined(value), ([name, part]) =>
      KNOWN.includes(name)
        ? readPart(path, name, part, depth, budget)
        : fail(`${path}.${name}`, `is not known here. ${didYouMean(name, KNOWN)}`)
    ),
    allOf
  )
}

/** A filter with another beside it, both required. The first keeps its depth and its places in messages. */
export const addWhere = (where: Where, added: Where): Where =>
  isObject(where) && (where.and === undefined || Array.isArray(where.and))
    ? { ...where, and: [...(where.and ?? []), added] }
    : { and: [where, added] }

/** Reads a `Where`. A misspelt or mistyped condition is refused: ignored, it would match what a caller may delete. */
export const condition: Field<Condition> = (value) => {
  try {
    // The outermost filter is none of those within.
    return readWhere("", value, 0, { tests: WHERE_LIMITS.tests, filters: WHERE_LIMITS.filters + 1 })
  } catch {
    return refused("could not be read; give a plain object")
  }
}
