import {
  closeAt,
  isExpired,
  isVisible,
  type Memory,
  type MemoryError,
  type MemoryStore,
  type PutResult,
  sameScope,
  type Superseded,
  type SupersedeRequest
} from "@keepsake/core/driver"
import { Effect } from "effect"
import { hasId, must, notExpired, toFilter } from "../codec/filter.ts"
import { decode, decodeMemory, encodeValidity } from "../codec/memoryRow.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import {
  encodeChange,
  findRestated,
  type PlannedRow,
  planRow,
  toOperations,
  toPossibleIds
} from "./planPut.ts"
import type { Serving } from "./Serving.ts"
import { setPayload } from "./setPayload.ts"
import { countTurns } from "./turns.ts"

type Store = MemoryStore["Service"]

/** Rows by id, of any scope and lifetime: a write must know them all. */
const readExisting = Effect.fnUntraced(function* (points: PointsApi, ids: ReadonlyArray<string>) {
  const { points: matches } = yield* points.scroll({
    filter: toFilter(must(hasId(ids))),
    limit: ids.length,
    with_payload: true
  })
  return yield* decode(() => new Map(matches.map((point) => [String(point.id), decodeMemory(point)])))
})

/** Counts the turns of the rows that are replaced. */
const countReplaced = ({ sessions }: Serving, planned: ReadonlyArray<PlannedRow>) =>
  countTurns(
    sessions,
    planned.flatMap(({ replaced }) => replaced ?? [])
  )

export const put = Effect.fnUntraced(function* (
  serving: Serving,
  { now, rows, scope }: Parameters<Store["put"]>[0]
): Effect.fn.Return<ReadonlyArray<PutResult>, MemoryError> {
  if (rows.length === 0) return []
  const { points } = serving
  const existing = yield* readExisting(points, rows.flatMap(toPossibleIds))
  const planned = rows.map((row) => planRow(scope, row, findRestated(scope, row, existing), now))
  const operations = toOperations(scope, planned, now)
  yield* countReplaced(serving, planned)
  if (operations.length > 0) yield* points.update("put", operations)
  return planned.map(({ memory, outcome }) => ({ id: memory.id, outcome }))
})

export const supersede = Effect.fnUntraced(function* (
  serving: Serving,
  { id, now, row, scope }: SupersedeRequest
): Effect.fn.Return<Superseded, MemoryError> {
  const { points } = serving
  const existing = yield* readExisting(points, [...toPossibleIds(row), id])
  const planned = planRow(scope, row, findRestated(scope, row, existing), now)
  const { memory: successor, outcome } = planned
  const old = existing.get(id)
  const closes =
    outcome !== "conflict" && old !== undefined && sameScope(old.scope, scope) && isVisible(old, now)
  const operations = [...toOperations(scope, [planned], now)]
  if (closes) {
    const closedAt = successor.validity.at(-1)?.from ?? now
    const { supersededBy, validity } = closeAt(old, closedAt, successor.id)
    // After the new row, in the same request: an interruption between the two leaves both rows open.
    operations.push(setPayload(scope, [id], { ...encodeValidity(validity), supersededBy, updatedAt: now }))
  }
  yield* countReplaced(serving, [planned])
  if (operations.length > 0) yield* points.update("supersede", operations)
  return { outcome, closed: closes, ...(successor.id === row.memory.id ? {} : { id: successor.id }) }
})

export const patch = Effect.fnUntraced(function* (
  { points }: Serving,
  { change, id, now, scope }: Parameters<Store["patch"]>[0]
): Effect.fn.Return<Memory | null, MemoryError> {
  const memory = (yield* readExisting(points, [id])).get(id)
  if (memory === undefined || !sameScope(memory.scope, scope) || isExpired(memory, now)) return null
  yield* points.update("patch", [
    setPayload(scope, [id], { ...encodeChange(change), updatedAt: now }, notExpired(now))
  ])
  const { expiresAt = memory.expiresAt, importance = memory.importance } = change
  const { metadata = memory.metadata, pinned = memory.pinned } = change
  return { ...memory, expiresAt, importance, metadata, pinned, updatedAt: now }
})
