/**
 * A condition for SQL and for indexed rows. Both forms decide by a row's numbers what these tell; core's `matches`
 * decides the rest.
 */
import {
  type Comparison,
  type Condition,
  isExpired,
  isVisible,
  matches,
  type Memory,
  MEMORY_SOURCES,
  MEMORY_TYPES,
  type Target
} from "@keepsake/core/driver"
import {
  hashString,
  PINNED,
  CLOSED,
  REMOVED,
  SOURCE_MASK,
  SOURCE_SHIFT,
  sourceIndex,
  TYPE_MASK,
  typeIndex
} from "./memoryRow.ts"

type Leaf<Tag extends Condition["_tag"]> = Extract<Condition, { readonly _tag: Tag }>
type Scalars = Leaf<"In">["values"]

/** The bits of `flags` that conditions read: every combination of type, source and pin. */
const FLAG_BITS = TYPE_MASK | SOURCE_MASK | PINNED
const ALL_FLAGS = 0xffff_ffff

const maskWhere = (test: (flags: number) => boolean): number => {
  let mask = 0
  for (let flags = 0; flags <= FLAG_BITS; flags++) if (test(flags)) mask |= 1 << flags
  return mask >>> 0
}

const flagValue = (field: "type" | "source" | "pinned", flags: number): string | boolean | undefined => {
  if (field === "pinned") return (flags & PINNED) !== 0
  return field === "type"
    ? MEMORY_TYPES.find((type) => typeIndex(type) === (flags & TYPE_MASK))
    : MEMORY_SOURCES.find((source) => sourceIndex(source) === (flags & SOURCE_MASK) >> SOURCE_SHIFT)
}

/** Fields of every memory whose value is a number. */
const NUMBER_FIELDS = ["importance", "saidAt", "createdAt", "updatedAt"] as const

/** What a condition says by a row's flags alone, or by none: bit i is set if it is true of flags i. Null if it says more. */
const toFlagsMask = (condition: Condition): number | null => {
  switch (condition._tag) {
    case "And":
      return foldMasks(condition.conditions, ALL_FLAGS, (a, b) => a & b)
    case "Or":
      return foldMasks(condition.conditions, 0, (a, b) => a | b)
    case "Not": {
      const mask = toFlagsMask(condition.condition)
      return mask === null ? null : ~mask >>> 0
    }
    default:
      return condition.target.field === undefined ? null : leafMask(condition, condition.target.field)
  }
}

const foldMasks = (
  conditions: ReadonlyArray<Condition>,
  start: number,
  combine: (a: number, b: number) => number
): number | null => {
  let folded = start
  for (const condition of conditions) {
    const mask = toFlagsMask(condition)
    if (mask === null) return null
    folded = combine(folded, mask) >>> 0
  }
  return folded
}

const leafMask = (
  leaf: Leaf<"In" | "Exists" | "Compare" | "Contains">,
  field: NonNullable<Target["field"]>
): number | null => {
  // No field of a memory is a list.
  if (leaf._tag === "Contains") return 0
  if (field === "type" || field === "source" || field === "pinned") {
    if (leaf._tag === "Exists") return ALL_FLAGS
    if (leaf._tag === "Compare") return 0
    return maskWhere((flags) => leaf.values.some((value) => value === flagValue(field, flags)))
  }
  if (leaf._tag === "Exists") return NUMBER_FIELDS.some((name) => name === field) ? ALL_FLAGS : null
  // Names do not compare.
  return leaf._tag === "Compare" && (field === "speaker" || field === "sessionId") ? 0 : null
}

// SQL

/** A condition that every matching row fulfils. */
export interface NecessarySql {
  /** On `memory m`. */
  readonly sql: string
  readonly parameters: ReadonlyArray<number>
  /** The rows that fulfil it are those that match: no row need be read. */
  readonly exact: boolean
}

/** Most parameters of a statement: above, leaves are left to `matches`. SQLite allows 32,766. */
const PARAMETERS_MAX = 4_000

const NUMBER_COLUMNS: Readonly<Partial<Record<NonNullable<Target["field"]>, string>>> = {
  importance: "m.importance",
  saidAt: "m.said_at",
  createdAt: "m.created_at",
  updatedAt: "m.updated_at",
  expiresAt: "m.expires_at"
}

const OPERATOR: Readonly<Record<Comparison, string>> = { gt: ">", gte: ">=", lt: "<", lte: "<=" }

/** Collects parameters while a condition becomes SQL. */
class SqlBuilder {
  readonly parameters: Array<number> = []
  exact = true

  /** @param relaxed what a leaf that SQL cannot decide counts as: true, or false under an odd number of `Not`s */
  write(condition: Condition, relaxed: boolean): string {
    const mask = toFlagsMask(condition)
    if (mask !== null) return this.#writeMask(mask)
    switch (condition._tag) {
      case "And":
        return `(${condition.conditions.map((part) => this.write(part, relaxed)).join(" AND ")})`
      case "Or":
        return `(${condition.conditions.map((part) => this.write(part, relaxed)).join(" OR ")})`
      case "Not":
        return `(NOT ${this.write(condition.condition, !relaxed)})`
      case "In":
        return this.#writeIn(condition, relaxed)
      case "Exists":
        return this.#writeExists(condition.target, relaxed)
      case "Compare":
        return this.#writeCompare(condition, relaxed)
      default:
        return this.#relax(relaxed)
    }
  }

  #relax(relaxed: boolean): string {
    this.exact = false
    return relaxed ? "1" : "0"
  }

  #writeMask(mask: number): string {
    if (mask === ALL_FLAGS) return "1"
    if (mask === 0) return "0"
    this.parameters.push(mask)
    return `((? >> (m.flags & ${FLAG_BITS})) & 1)`
  }

  #writeIn({ target, values }: Leaf<"In">, relaxed: boolean): string {
    if (this.parameters.length + values.length > PARAMETERS_MAX) return this.#relax(relaxed)
    if (target.field === "sessionId") {
      // Another session may have the same hash.
      if (!relaxed) return this.#relax(relaxed)
      this.exact = false
      return this.#writeList(
        "m.session_key",
        values.filter((value) => typeof value === "string").map(hashString)
      )
    }
    const column = target.field === undefined ? undefined : NUMBER_COLUMNS[target.field]
    if (column === undefined) return this.#relax(relaxed)
    return this.#writeList(
      column,
      values.filter((value) => typeof value === "number")
    )
  }

  #writeList(column: string, values: ReadonlyArray<number>): string {
    if (values.length === 0) return "0"
    this.parameters.push(...values)
    return `ifnull(${column} IN (${values.map(() => "?").join(", ")}), 0)`
  }

  #writeExists({ field }: Target, relaxed: boolean): string {
    if (field === "sessionId") return "(m.session_key IS NOT NULL)"
    if (field === "expiresAt") return "(m.expires_at IS NOT NULL)"
    return this.#relax(relaxed)
  }

  #writeCompare({ comparison, target, value }: Leaf<"Compare">, relaxed: boolean): string {
    const column = target.field === undefined ? undefined : NUMBER_COLUMNS[target.field]
    if (column === undefined || this.parameters.length >= PARAMETERS_MAX) return this.#relax(relaxed)
    this.parameters.push(value)
    return `ifnull(${column} ${OPERATOR[comparison]} ?, 0)`
  }
}

/** The condition by the columns of `memory`: leaves that these cannot decide are left out of it. */
export const toNecessarySql = (condition: Condition): NecessarySql => {
  const builder = new SqlBuilder()
  const sql = builder.write(condition, true)
  return { sql, parameters: builder.parameters, exact: builder.exact }
}

/** A row's lifetime as a condition on `memory m`; takes `lifetimeParameters`. */
export const LIFETIME_SQL = "(m.expires_at IS NULL OR m.expires_at > ?) AND (m.flags & ?) = 0"

/** Beyond every date: `Date` ends at 8.64e15. */
const FAR = 9e15

/**
 * @param expiredAfter rows that expire then or earlier are excluded; `-Infinity` excludes none
 * @param excludedFlags rows with one of these bits are excluded
 */
export const lifetimeParameters = (expiredAfter: number, excludedFlags: number): [number, number] => [
  Math.max(expiredAfter, -FAR),
  excludedFlags
]

// Indexed rows

/** Indexed rows, by slot. */
export interface FilterableRows {
  flags(slot: number): number
  /** Infinity for never. */
  expiresAt(slot: number): number
  saidAt(slot: number): number
  /** Interned names; -1 for none. */
  session(slot: number): number
  speaker(slot: number): number
}

/** Looks up what the rows do not hold. */
export interface FilterLookup {
  /** An interned name, or a number that no row has. */
  sessionNumber(name: string): number
  speakerNumber(name: string): number
  /** Whether the row's memory passes, which needs its texts; false if the row was removed. */
  memoryPasses(slot: number, passes: (memory: Memory) => boolean): boolean
}

/** Which rows a read may return. */
export interface RowFilterRequest {
  readonly now: number
  readonly asOf?: number | undefined
  /** Closed rows as well. */
  readonly closed?: boolean | undefined
  readonly filter: Condition
}

/** What a row's numbers say of a condition. */
type Verdict = typeof NO | typeof YES | typeof OPEN
const NO = 0
const YES = 1
const OPEN = 2

type Decide = (slot: number) => Verdict

const constant =
  (verdict: Verdict): Decide =>
  () =>
    verdict

const decideAll =
  (parts: ReadonlyArray<Decide>): Decide =>
  (slot) => {
    let verdict: Verdict = YES
    for (const decide of parts) {
      const part = decide(slot)
      if (part === NO) return NO
      if (part === OPEN) verdict = OPEN
    }
    return verdict
  }

const decideAny =
  (parts: ReadonlyArray<Decide>): Decide =>
  (slot) => {
    let verdict: Verdict = NO
    for (const decide of parts) {
      const part = decide(slot)
      if (part === YES) return YES
      if (part === OPEN) verdict = OPEN
    }
    return verdict
  }

const decideIn = (values: ReadonlySet<number>, valueAt: (slot: number) => number): Decide => {
  const [only] = values
  // Most conditions name one value, and this runs for each row of a scope.
  if (values.size === 1) return (slot) => (valueAt(slot) === only ? YES : NO)
  return (slot) => (values.has(valueAt(slot)) ? YES : NO)
}

const COMPARE: Readonly<Record<Comparison, (value: number, bound: number) => boolean>> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound
}

/** Compiles conditions for the rows of an index. */
class RowCompiler {
  readonly #rows: FilterableRows
  readonly #lookup: FilterLookup

  constructor(rows: FilterableRows, lookup: FilterLookup) {
    this.#rows = rows
    this.#lookup = lookup
  }

  compile(condition: Condition): Decide {
    const mask = toFlagsMask(condition)
    if (mask !== null) return this.#compileMask(mask)
    switch (condition._tag) {
      case "And":
        return decideAll(condition.conditions.map((part) => this.compile(part)))
      case "Or":
        return decideAny(condition.conditions.map((part) => this.compile(part)))
      case "Not": {
        const decide = this.compile(condition.condition)
        return (slot) => {
          const verdict = decide(slot)
          return verdict === OPEN ? OPEN : verdict === YES ? NO : YES
        }
      }
      case "In":
        return this.#compileIn(condition)
      case "Exists":
        return this.#compileExists(condition.target)
      case "Compare":
        return this.#compileCompare(condition)
      default:
        return constant(OPEN)
    }
  }

  #compileMask(mask: number): Decide {
    if (mask === ALL_FLAGS) return constant(YES)
    if (mask === 0) return constant(NO)
    const rows = this.#rows
    return (slot) => ((mask >>> (rows.flags(slot) & FLAG_BITS)) & 1) as Verdict
  }

  #compileIn({ target, values }: Leaf<"In">): Decide {
    const rows = this.#rows
    const { field } = target
    if (field === "sessionId") {
      const sessions = this.#toNumbers(values, (name) => this.#lookup.sessionNumber(name))
      return decideIn(sessions, (slot) => rows.session(slot))
    }
    if (field === "speaker") {
      const speakers = this.#toNumbers(values, (name) => this.#lookup.speakerNumber(name))
      return decideIn(speakers, (slot) => rows.speaker(slot))
    }
    const times = new Set(values.filter((value) => typeof value === "number"))
    if (field === "saidAt") return decideIn(times, (slot) => rows.saidAt(slot))
    // A row that never expires has Infinity, which no caller can ask for.
    if (field === "expiresAt") return decideIn(times, (slot) => rows.expiresAt(slot))
    return constant(OPEN)
  }

  #toNumbers(values: Scalars, toNumber: (name: string) => number): ReadonlySet<number> {
    return new Set(values.filter((value) => typeof value === "string").map(toNumber))
  }

  #compileExists({ field }: Target): Decide {
    const rows = this.#rows
    if (field === "sessionId") return (slot) => (rows.session(slot) >= 0 ? YES : NO)
    if (field === "speaker") return (slot) => (rows.speaker(slot) >= 0 ? YES : NO)
    if (field === "expiresAt") return (slot) => (rows.expiresAt(slot) < Infinity ? YES : NO)
    return constant(OPEN)
  }

  #compileCompare({ comparison, target, value }: Leaf<"Compare">): Decide {
    const rows = this.#rows
    const compare = COMPARE[comparison]
    if (target.field === "saidAt") return (slot) => (compare(rows.saidAt(slot), value) ? YES : NO)
    if (target.field === "expiresAt") {
      return (slot) => {
        const expiresAt = rows.expiresAt(slot)
        return expiresAt < Infinity && compare(expiresAt, value) ? YES : NO
      }
    }
    return constant(OPEN)
  }
}

/** Whether a read may return a memory. */
export const memoryFilter =
  ({ asOf, closed, filter, now }: RowFilterRequest): ((memory: Memory) => boolean) =>
  (memory) =>
    (closed === true ? !isExpired(memory, now) : isVisible(memory, now, asOf)) && matches(filter, memory)

/** `memoryFilter` as a predicate on slots; reads a memory only where the numbers leave it open. */
export const makeRowFilter = (
  request: RowFilterRequest,
  rows: FilterableRows,
  lookup: FilterLookup
): ((slot: number) => boolean) => {
  const { asOf, closed, filter, now } = request
  const decide = new RowCompiler(rows, lookup).compile(filter)
  const excludedFlags = asOf === undefined && closed !== true ? REMOVED | CLOSED : REMOVED
  const passes = memoryFilter(request)
  return (slot) => {
    if ((rows.flags(slot) & excludedFlags) !== 0 || rows.expiresAt(slot) <= now) return false
    const verdict = decide(slot)
    if (verdict === NO) return false
    if (verdict === YES && asOf === undefined) return true
    return lookup.memoryPasses(slot, passes)
  }
}
