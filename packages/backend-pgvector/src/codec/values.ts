/** Single values of a row. */
import type { Rows } from "../connection/Database.ts"

export const toNumberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null)

export const toNumbers = (value: unknown): ReadonlyArray<number> =>
  Array.isArray(value) ? value.map(Number) : []

/** The result of a statement that selects one count. */
export const decodeCount = (rows: Rows): number => Number(rows[0]?.[0] ?? 0)
