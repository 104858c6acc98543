/** Conditions as SQL over `memory`: its columns decide what they can, core's `matches` decides the rest. */
import type { Comparison, Condition, Target } from "@keepsake/core/driver"
import { ALL_FLAGS, FLAG_BITS, type Leaf, toFlagsMask } from "./flagsMask.ts"
import { hashString } from "./memoryRow.ts"

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
