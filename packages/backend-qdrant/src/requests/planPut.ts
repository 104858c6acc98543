import {
  type Memory,
  type PutOutcome,
  restate,
  sameScope,
  type Scope,
  type StoreRow
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { all, between, inScope, must, toFilter } from "../codec/filter.ts"
import { encodeRow, encodeValidity } from "../codec/memoryRow.ts"
import { setPayloads } from "./setPayload.ts"

/** The outcome of putting one row, and how to write it. */
export interface PlannedRow {
  readonly outcome: PutOutcome
  /** The memory after the write. */
  readonly memory: Memory
  /** A new row. */
  readonly insert?: StoreRow
  /** A row that replaces an expired row of other content under the same id. */
  readonly replace?: StoreRow
  /** The row that `replace` removes. */
  readonly replaced?: Memory
  /** Payload keys to set on an existing row. */
  readonly set?: Record<string, unknown>
}

/** Applies core's rules to a row and the stored row of the same id. */
export const planRow = (
  scope: Scope,
  row: StoreRow,
  existing: Memory | undefined,
  now: number
): PlannedRow => {
  if (existing === undefined) return { outcome: "created", memory: row.memory, insert: row }
  // Ids are derived from their scope, so this one is forged; the outcome does not reveal whose it is.
  if (!sameScope(existing.scope, scope)) return { outcome: "conflict", memory: existing }
  const restated = restate(existing, row.memory, now)
  if (restated.outcome === "conflict") return { outcome: "conflict", memory: existing }
  const { memory, outcome } = restated
  if (outcome === "created") return { outcome, memory, replace: row, replaced: existing }
  const { expiresAt, supersededBy, updatedAt, validity } = memory
  const set = { updatedAt, expiresAt }
  return outcome === "refreshed"
    ? { outcome, memory, set }
    : { outcome, memory, set: { ...set, supersededBy, ...encodeValidity(validity) } }
}

/**
 * Idempotent, and safe against concurrent writers: an insert leaves a point alone that another writer made
 * meanwhile, and a replacement replaces an expired row only.
 */
export const toOperations = (
  scope: Scope,
  planned: ReadonlyArray<PlannedRow>,
  now: number
): ReadonlyArray<Schemas["UpdateOperation"]> => {
  const inserts = planned.flatMap(({ insert }) => (insert === undefined ? [] : [encodeRow(insert)]))
  const replacements = planned.flatMap(({ replace }) => (replace === undefined ? [] : [encodeRow(replace)]))
  const expired = all(inScope(scope), must(between("expiresAt", { lte: now })))
  return [
    ...(inserts.length === 0 ? [] : [{ upsert: { points: inserts, update_mode: "insert_only" } } as const]),
    ...(replacements.length === 0
      ? []
      : [{ upsert: { points: replacements, update_filter: toFilter(expired) } }]),
    ...setPayloads(
      scope,
      planned.flatMap(({ memory, set }) => (set === undefined ? [] : [[memory.id, set] as const]))
    )
  ]
}
