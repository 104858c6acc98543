/** Conditions over indexed rows: their numbers decide what they can, core's `matches` decides the rest. */
import {
  type Comparison,
  type Condition,
  isExpired,
  isVisible,
  matches,
  type Memory,
  type Target
} from "@keepsake/core/driver"
import { ALL_FLAGS, FLAG_BITS, type Leaf, toFlagsMask } from "./flagsMask.ts"
import { CLOSED, REMOVED } from "./memoryRow.ts"

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

  #toNumbers(values: Leaf<"In">["values"], toNumber: (name: string) => number): ReadonlySet<number> {
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
