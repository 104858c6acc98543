/** Core's conditions as Qdrant's filters. */
import type { Comparison, Condition, ConditionField, JsonScalar, Target } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import {
  between,
  type Condition as QdrantCondition,
  type Conditions,
  is,
  isEmpty,
  LOWEST,
  NO_CONDITIONS,
  oneOf
} from "./filter.ts"
import { firstLayoutFact, memberFact, pathFact, valueFact } from "./metadata.ts"
import { comparesNumber, equalsNumber } from "./numberOrder.ts"

/**
 * Layouts of a collection's points. Points of the first layout tell less, and have it elsewhere; a collection
 * that is being moved has points of both.
 */
export type Layouts = "first" | "both" | "second"

/** A condition that is true or false of every point needs no request. */
type Translated = QdrantCondition | boolean

const isPlain = (condition: QdrantCondition): condition is Schemas["Filter"] & Partial<Conditions> =>
  Object.keys(condition).every((key) => key === "must" || key === "must_not")

/** Joins filters without alternatives into one. */
const conjunction = (parts: ReadonlyArray<Translated>): Translated => {
  if (parts.includes(false)) return false
  const conditions = parts.filter((part) => typeof part !== "boolean")
  const [only] = conditions
  if (only === undefined) return true
  if (conditions.length === 1) return only
  const must: Array<QdrantCondition> = []
  const must_not: Array<QdrantCondition> = []
  for (const condition of conditions) {
    if (isPlain(condition)) {
      must.push(...(condition.must ?? []))
      must_not.push(...(condition.must_not ?? []))
    } else {
      must.push(condition)
    }
  }
  return { ...(must.length === 0 ? {} : { must }), ...(must_not.length === 0 ? {} : { must_not }) }
}

const disjunction = (parts: ReadonlyArray<Translated>): Translated => {
  if (parts.includes(true)) return true
  const conditions = parts.filter((part) => typeof part !== "boolean")
  const [only] = conditions
  if (only === undefined) return false
  return conditions.length === 1 ? only : { should: conditions }
}

const negation = (part: Translated): Translated => (typeof part === "boolean" ? !part : { must_not: [part] })

const matchesAny = (key: string, values: ReadonlyArray<string>): Translated => {
  const [first] = values
  if (first === undefined) return false
  return values.length === 1 ? is(key, first) : oneOf(key, values)
}

/** Whole numbers that compare with the same times, all of which a double holds exactly. */
const wholeBound = (comparison: Comparison, value: number): number => {
  const whole = comparison === "gt" || comparison === "lte" ? Math.floor(value) : Math.ceil(value)
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, whole))
}

const texts = (values: ReadonlyArray<JsonScalar>) => values.filter((value) => typeof value === "string")
const numbers = (values: ReadonlyArray<JsonScalar>) => values.filter((value) => typeof value === "number")
const booleans = (values: ReadonlyArray<JsonScalar>) => values.filter((value) => typeof value === "boolean")

/** How a field is asked for. */
interface FieldKind {
  readonly isIn: (field: string, values: ReadonlyArray<JsonScalar>) => Translated
  readonly compares: (field: string, comparison: Comparison, value: number) => Translated
  readonly exists: (field: string) => Translated
}

const TEXT: FieldKind = {
  isIn: (field, values) => matchesAny(field, texts(values)),
  compares: () => false,
  exists: () => true
}
const OPTIONAL_TEXT: FieldKind = { ...TEXT, exists: (field) => negation(isEmpty(field)) }

const FLAG: FieldKind = {
  isIn: (field, values) => disjunction(Array.from(new Set(booleans(values)), (value) => is(field, value))),
  compares: () => false,
  exists: () => true
}

const TIME: FieldKind = {
  isIn: (field, values) =>
    disjunction(
      numbers(values).map((value) =>
        Number.isSafeInteger(value) ? between(field, { gte: value, lte: value }) : false
      )
    ),
  compares: (field, comparison, value) => between(field, { [comparison]: wholeBound(comparison, value) }),
  exists: () => true
}
const OPTIONAL_TIME: FieldKind = { ...TIME, exists: (field) => between(field, { gte: LOWEST }) }

/** Prefix of the halves of `importance`, which itself is text. */
const IMPORTANCE = "importanceOrder."

const DECIMAL: FieldKind = {
  isIn: (_, values) => disjunction(numbers(values).map((value) => equalsNumber(IMPORTANCE, value))),
  compares: (_, comparison, value) => ({ should: [...comparesNumber(IMPORTANCE, comparison, value)] }),
  exists: () => true
}

const FIELDS: Readonly<Record<ConditionField, FieldKind>> = {
  type: TEXT,
  source: TEXT,
  speaker: OPTIONAL_TEXT,
  sessionId: OPTIONAL_TEXT,
  pinned: FLAG,
  importance: DECIMAL,
  saidAt: TIME,
  createdAt: TIME,
  updatedAt: TIME,
  expiresAt: OPTIONAL_TIME
}

type Path = ReadonlyArray<string>

/** Metadata equals one of these; points of the first layout have top-level scalars in `meta`. */
const isInMetadata = (path: Path, values: ReadonlyArray<JsonScalar>, layouts: Layouts): Translated => {
  const [key] = path
  const facts = matchesAny(
    "facts",
    values.map((value) => valueFact(path, value))
  )
  if (layouts === "second" || key === undefined) return facts
  const meta = matchesAny(
    "meta",
    values.map((value) => firstLayoutFact(key, value))
  )
  return layouts === "first" ? meta : disjunction([facts, meta])
}

/** One number must have both the path and the order. */
const comparesMetadata = (path: Path, comparison: Comparison, value: number): Translated => ({
  nested: {
    key: "numbers",
    filter: { must: [is("path", pathFact(path))], should: [...comparesNumber("", comparison, value)] }
  }
})

type Leaf = Exclude<Condition, { readonly _tag: "And" | "Or" | "Not" }>

const translateField = (condition: Leaf, field: ConditionField): Translated => {
  const kind = FIELDS[field]
  switch (condition._tag) {
    case "In":
      return kind.isIn(field, condition.values)
    case "Exists":
      return kind.exists(field)
    case "Compare":
      return kind.compares(field, condition.comparison, condition.value)
    case "Contains":
      return false
  }
}

const translateMetadata = (condition: Leaf, path: Path, layouts: Layouts): Translated => {
  // The metadata itself is an object.
  if (path.length === 0) return condition._tag === "Exists"
  switch (condition._tag) {
    case "In":
      return isInMetadata(path, condition.values, layouts)
    case "Exists":
      return is("facts", pathFact(path))
    case "Compare":
      return comparesMetadata(path, condition.comparison, condition.value)
    case "Contains":
      return is("facts", memberFact(path, condition.value))
  }
}

const translate = (condition: Condition, layouts: Layouts): Translated => {
  switch (condition._tag) {
    case "And":
      return conjunction(condition.conditions.map((part) => translate(part, layouts)))
    case "Or":
      return disjunction(condition.conditions.map((part) => translate(part, layouts)))
    case "Not":
      return negation(translate(condition.condition, layouts))
    default: {
      const { field, path }: Target = condition.target
      return field === undefined
        ? translateMetadata(condition, path, layouts)
        : translateField(condition, field)
    }
  }
}

/** The filter of a condition; `null` if no point can match. */
export const toConditions = (condition: Condition, layouts: Layouts): Conditions | null => {
  const translated = translate(condition, layouts)
  if (translated === false) return null
  if (translated === true) return NO_CONDITIONS
  if (!isPlain(translated)) return { must: [translated], must_not: [] }
  return { must: translated.must ?? [], must_not: translated.must_not ?? [] }
}

/** Whether points of the first layout can tell if a condition holds. */
export const isToldByFirstLayout = (condition: Condition, layouts: Layouts): boolean => {
  switch (condition._tag) {
    case "And":
    case "Or":
      return condition.conditions.every((part) => isToldByFirstLayout(part, layouts))
    case "Not":
      return isToldByFirstLayout(condition.condition, layouts)
    default: {
      const { field, path }: Target = condition.target
      if (field === undefined) return condition._tag === "In" && path.length === 1
      if (condition._tag === "Exists" || condition._tag === "Contains") return true
      // Only a store that may write can index `updatedAt` of an older collection.
      return field !== "importance" && (field !== "updatedAt" || layouts === "both")
    }
  }
}
