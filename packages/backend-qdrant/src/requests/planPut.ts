import {
  type Memory,
  type MemoryChange,
  type PutOutcome,
  restate,
  sameScope,
  type Scope,
  type StoreRow
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { all, between, inScope, must, toFilter } from "../codec/filter.ts"
import { encodeImportance, encodeRow, encodeValidity } from "../codec/memoryRow.ts"
import { encodeMetadata } from "../codec/metadata.ts"
import { setPayloads } from "./setPayload.ts"

/** The outcome of putting one row, and how to write it. */
export interface PlannedRow {
  readonly outcome: PutOutcome
  /** The memory after the write; on `conflict` the one that was not written. */
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

/** Changed fields as payload. `meta` is where points of layout 1 have their metadata. */
export const encodeChange = (change: MemoryChange): Record<string, unknown> => ({
  ...(change.expiresAt === undefined ? {} : { expiresAt: change.expiresAt }),
  ...(change.pinned === undefined ? {} : { pinned: change.pinned }),
  ...(change.importance === undefined ? {} : encodeImportance(change.importance)),
  ...(change.metadata === undefined ? {} : { ...encodeMetadata(change.metadata), meta: null })
})

/** The fields of a row that the stored one takes over. */
const toOverwritten = ({ memory, overwrites = [] }: StoreRow): MemoryChange =>
  Object.fromEntries(overwrites.map((field) => [field, memory[field]]))

/** The ids under which a row may be stored. */
export const toPossibleIds = ({ formerIds = [], memory }: StoreRow): ReadonlyArray<string> => [
  memory.id,
  ...formerIds
]

/** The stored row that a row restates: of its id, or of a former one in its scope. */
export const findRestated = (
  scope: Scope,
  row: StoreRow,
  existing: ReadonlyMap<string, Memory>
): Memory | undefined =>
  toPossibleIds(row)
    .flatMap((id) => existing.get(id) ?? [])
    .find((memory) => memory.id === row.memory.id || sameScope(memory.scope, scope))

/** Applies core's rules to a row and the stored row that it restates. */
export const planRow = (
  scope: Scope,
  row: StoreRow,
  existing: Memory | undefined,
  now: number
): PlannedRow => {
  if (existing === undefined) return { outcome: "created", memory: row.memory, insert: row }
  // Ids are derived from their scope, so this one is forged; the outcome does not reveal whose it is.
  if (!sameScope(existing.scope, scope)) return { outcome: "conflict", memory: row.memory }
  const restated = restate(existing, row.memory, now, row.overwrites)
  if (restated.outcome === "conflict") return { outcome: "conflict", memory: row.memory }
  const { outcome } = restated
  if (outcome === "created") {
    const memory = { ...row.memory, id: existing.id }
    return { outcome, memory, replace: { ...row, memory }, replaced: existing }
  }
  const { memory } = restated
  const { expiresAt, supersededBy, updatedAt, validity } = memory
  const set = { updatedAt, expiresAt, ...encodeChange(toOverwritten(row)) }
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
