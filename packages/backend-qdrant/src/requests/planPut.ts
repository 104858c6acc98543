import {
  type Memory,
  type MemoryChange,
  type PutOutcome,
  restate,
  sameScope,
  type Scope,
  type StoreRow,
  toBytes
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { all, between, type Conditions, inScope, is, must, toFilter } from "../codec/filter.ts"
import { encodeImportance, encodeRow, encodeValidity } from "../codec/memoryRow.ts"
import { encodeMetadata } from "../codec/metadata.ts"
import { furtherPassages } from "../codec/passages.ts"
import { setOfPassages, setPayloads } from "../codec/setPayload.ts"
import { splitBySize } from "../codec/splitBySize.ts"

type Operation = Schemas["UpdateOperation"]
type Point = Schemas["PointStruct"]

/** A row that is stored, as a write must know it. */
export interface ExistingRow {
  readonly memory: Memory
  /** Whether its text has several passages. */
  readonly isCut: boolean
  readonly owed: boolean
}

/** The outcome of putting one row, and how to write it. */
export interface PlannedRow {
  readonly outcome: PutOutcome
  /** The memory after the write; on `conflict` the one that was not written. */
  readonly memory: Memory
  readonly existing: ExistingRow | undefined
  /** A new row. */
  readonly insert?: StoreRow
  /** A row that replaces an expired row of other content under the same id. */
  readonly replace?: StoreRow
  /** A row that was owed vectors, with them. */
  readonly pay?: StoreRow
  /** Payload keys to set on an existing row. */
  readonly set?: Record<string, unknown>
}

/** Changed fields of a memory as payload. `meta` is where points of layout 1 have their metadata. */
export const encodeChange = (change: MemoryChange, changed: Memory): Record<string, unknown> => ({
  ...(change.expiresAt === undefined ? {} : { expiresAt: change.expiresAt }),
  ...(change.pinned === undefined ? {} : { pinned: change.pinned }),
  ...(change.importance === undefined ? {} : encodeImportance(change.importance)),
  ...(change.metadata === undefined
    ? {}
    : { ...encodeMetadata(change.metadata), meta: null, bytes: toBytes(changed) })
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
  existing: ReadonlyMap<string, ExistingRow>
): ExistingRow | undefined =>
  toPossibleIds(row)
    .flatMap((id) => existing.get(id) ?? [])
    .find(({ memory }) => memory.id === row.memory.id || sameScope(memory.scope, scope))

/** Applies core's rules to a row and the stored row that it restates. */
export const planRow = (
  scope: Scope,
  row: StoreRow,
  existing: ExistingRow | undefined,
  now: number
): PlannedRow => {
  if (existing === undefined) return { outcome: "created", memory: row.memory, existing, insert: row }
  const conflict = { outcome: "conflict", memory: row.memory, existing } as const
  // Ids are derived from their scope, so this one is forged; the outcome does not reveal whose it is.
  if (!sameScope(existing.memory.scope, scope)) return conflict
  const restated = restate(existing.memory, row.memory, now, row.overwrites)
  if (restated.outcome === "conflict") return conflict
  const { outcome } = restated
  if (outcome === "created") {
    const memory = { ...row.memory, id: existing.memory.id }
    return { outcome, memory, existing, replace: { ...row, memory } }
  }
  const { memory } = restated
  if (existing.owed && !row.owed) return { outcome, memory, existing, pay: { ...row, memory } }
  const { expiresAt, supersededBy, updatedAt, validity } = memory
  const set = { updatedAt, expiresAt, ...encodeChange(toOverwritten(row), memory) }
  return outcome === "refreshed"
    ? { outcome, memory, existing, set }
    : { outcome, memory, existing, set: { ...set, supersededBy, ...encodeValidity(validity) } }
}

type EncodedRow = ReturnType<typeof encodeRow>

/** Rows that are written in one way. */
interface Upserts {
  readonly rows: ReadonlyArray<EncodedRow>
  /** Insert only, or where this holds of the existing row. */
  readonly over: Conditions | null
}

const upsertBases = ({ over, rows }: Upserts): ReadonlyArray<Operation> => {
  const points = rows.map(({ base }) => base)
  if (points.length === 0) return []
  return over === null
    ? [{ upsert: { points, update_mode: "insert_only" } }]
    : [{ upsert: { points, update_filter: toFilter(over) } }]
}

const deleteFormer = (rows: ReadonlyArray<PlannedRow>, over: Conditions): ReadonlyArray<Operation> => {
  const ids = rows.flatMap(({ existing }) => (existing?.isCut === true ? [existing.memory.id] : []))
  return ids.length === 0 ? [] : [{ delete: { filter: toFilter(all(over, furtherPassages(ids))) } }]
}

const upsertPassages = (points: ReadonlyArray<Point>): Operation => ({
  upsert: { points: [...points], update_mode: "insert_only" }
})

/** No search finds these points until they are shown. */
const hide = ({ payload, ...point }: Point): Point => ({
  ...point,
  payload: { ...payload, current: false, validity: [] }
})

const show = (scope: Scope, planned: ReadonlyArray<PlannedRow>): ReadonlyArray<Operation> =>
  planned.flatMap(({ insert, memory, pay, replace }) => {
    const row = insert ?? replace ?? pay
    if (row === undefined || row.passages.length === 1) return []
    return [setOfPassages(scope, [memory.id], encodeValidity(memory.validity))]
  })

/**
 * The requests that write rows, one after the other. Idempotent, and safe against concurrent writers: an insert leaves
 * a point alone that another writer made meanwhile, and a replacement replaces an expired row only.
 *
 * Further passages that fill more than one request come first, out of sight: the last request shows them with their
 * memories.
 */
export const toRequests = (
  scope: Scope,
  planned: ReadonlyArray<PlannedRow>,
  now: number
): ReadonlyArray<ReadonlyArray<Operation>> => {
  const expired = all(inScope(scope), must(between("expiresAt", { lte: now })))
  const owed = all(inScope(scope), must(is("owed", true)))
  const encode = (rows: ReadonlyArray<StoreRow | undefined>) =>
    rows.flatMap((row) => (row === undefined ? [] : [encodeRow(row)]))
  const inserted = { rows: encode(planned.map(({ insert }) => insert)), over: null }
  const replaced = { rows: encode(planned.map(({ replace }) => replace)), over: expired }
  const paid = { rows: encode(planned.map(({ pay }) => pay)), over: owed }
  const ways = [inserted, replaced, paid]
  const former = [
    ...deleteFormer(
      planned.filter(({ replace }) => replace !== undefined),
      expired
    ),
    ...deleteFormer(
      planned.filter(({ pay }) => pay !== undefined),
      inScope(scope)
    )
  ]
  const changes = planned.flatMap(({ existing, memory, set }) =>
    set === undefined ? [] : [[{ id: memory.id, isCut: existing?.isCut === true }, set] as const]
  )
  const last = [...ways.flatMap(upsertBases), ...setPayloads(scope, changes)]
  const passages = ways.flatMap(({ rows }) => rows).flatMap((row) => row.passages)
  if (passages.length === 0) return [[...former, ...last]].filter((operations) => operations.length > 0)
  const parts = splitBySize(passages)
  const [only = []] = parts
  if (parts.length === 1) return [[...former, upsertPassages(only), ...last]]
  const hidden = parts.map((part, i) => [...(i === 0 ? former : []), upsertPassages(part.map(hide))])
  return [...hidden, [...last, ...show(scope, planned)]]
}
