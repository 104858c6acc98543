import {
  closeAt,
  isExpired,
  isVisible,
  type Memory,
  type MemoryError,
  type MemoryStore,
  type PutResult,
  refusedWhole,
  sameScope,
  type Scope,
  type Superseded,
  type SupersedeRequest,
  toBytes
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { hasId, must, notExpired, toFilter } from "../codec/filter.ts"
import { decode, decodeMemory, encodeValidity, EXCERPT_KEYS, isCut } from "../codec/memoryRow.ts"
import { setPayloads } from "../codec/setPayload.ts"
import type { PointsApi } from "../connection/PointsApi.ts"
import { dropCounts } from "./accessCounts.ts"
import { type Growth, withinLimits } from "./limits.ts"
import {
  encodeChange,
  type ExistingRow,
  findRestated,
  type PlannedRow,
  planRow,
  toPossibleIds,
  toRequests
} from "./planPut.ts"
import type { Serving } from "./Serving.ts"
import { countTurns } from "./turns.ts"
import { readWhole } from "./wholeRows.ts"

type Store = MemoryStore["Service"]
type Operation = Schemas["UpdateOperation"]

/** Rows by id, of any scope and lifetime: a write must know them all. */
const readExisting = Effect.fnUntraced(function* (points: PointsApi, ids: ReadonlyArray<string>) {
  const { points: matches } = yield* points.lookUp({
    filter: toFilter(must(hasId(ids))),
    limit: ids.length,
    with_payload: EXCERPT_KEYS
  })
  const whole = yield* readWhole(points, matches)
  return yield* decode(
    () =>
      new Map(
        whole.map((point): [string, ExistingRow] => [
          String(point.id),
          { memory: decodeMemory(point), isCut: isCut(point), owed: point.payload?.["owed"] === true }
        ])
      )
  )
})

/** Counts the turns of the rows that are replaced, and drops their counts of accesses. */
const countReplaced = Effect.fnUntraced(function* (
  { access, sessions }: Serving,
  planned: ReadonlyArray<PlannedRow>
): Effect.fn.Return<void, MemoryError> {
  const replaced = planned.flatMap(({ existing, replace }) =>
    replace === undefined || existing === undefined ? [] : [existing.memory]
  )
  if (replaced.length === 0) return
  yield* countTurns(sessions, replaced)
  yield* dropCounts(
    access,
    replaced.map(({ id }) => id)
  )
})

/** How much planned rows add to their scope. */
const growth = (planned: ReadonlyArray<PlannedRow>): Growth => ({
  ids: planned.map(({ memory }) => memory.id),
  memories: planned.filter(({ insert }) => insert !== undefined).length,
  bytes: planned.reduce((sum, { existing, memory, outcome }) => {
    if (outcome === "conflict") return sum
    return sum + toBytes(memory) - (existing === undefined ? 0 : toBytes(existing.memory))
  }, 0)
})

/** Writes planned rows; `more` goes with the last request. */
const writePlanned = Effect.fnUntraced(function* (
  serving: Serving,
  operation: string,
  { now, scope }: { readonly now: number; readonly scope: Scope },
  planned: ReadonlyArray<PlannedRow>,
  more: ReadonlyArray<Operation> = []
): Effect.fn.Return<void, MemoryError> {
  yield* countReplaced(serving, planned)
  const requests = toRequests(scope, planned, now)
  const last = [...(requests.at(-1) ?? []), ...more]
  for (const operations of requests.slice(0, -1)) yield* serving.points.update(operation, operations)
  if (last.length > 0) yield* serving.points.update(operation, last)
})

export const put = Effect.fnUntraced(function* (
  serving: Serving,
  request: Parameters<Store["put"]>[0]
): Effect.fn.Return<ReadonlyArray<PutResult>, MemoryError> {
  const { now, rows, scope } = request
  if (rows.length === 0) return []
  return yield* withinLimits(
    serving,
    request,
    Effect.gen(function* () {
      const existing = yield* readExisting(serving.stored, rows.flatMap(toPossibleIds))
      const planned = rows.map((row) => planRow(scope, row, findRestated(scope, row, existing), now))
      const refused = refusedWhole(
        request,
        planned.map(({ outcome }) => outcome)
      )
      if (refused !== null) return { growth: growth([]), write: Effect.succeed(refused) }
      return {
        growth: growth(planned),
        write: writePlanned(serving, "put", request, planned).pipe(
          Effect.as(planned.map(({ memory, outcome }) => ({ id: memory.id, outcome })))
        )
      }
    })
  )
})

export const supersede = (
  serving: Serving,
  request: SupersedeRequest
): Effect.Effect<Superseded, MemoryError> => {
  const { id, now, row, scope } = request
  return withinLimits(
    serving,
    request,
    Effect.gen(function* () {
      const existing = yield* readExisting(serving.stored, [...toPossibleIds(row), id])
      const planned = planRow(scope, row, findRestated(scope, row, existing), now)
      const { memory: successor, outcome } = planned
      const old = existing.get(id)
      const closes =
        outcome !== "conflict" &&
        old !== undefined &&
        sameScope(old.memory.scope, scope) &&
        isVisible(old.memory, now)
      // After the new row, in the same request: an interruption between the two leaves both rows open.
      const closing = closes ? closeRow(old, planned, now) : []
      const grown = growth([planned])
      const write = writePlanned(serving, "supersede", request, [planned], closing)
      return {
        growth: { ...grown, ids: [...grown.ids, id] },
        write: Effect.as(write, {
          outcome,
          closed: closes,
          ...(successor.id === row.memory.id ? {} : { id: successor.id })
        })
      }
    })
  )
}

/** Closes a row where its successor begins, and links it. */
const closeRow = (old: ExistingRow, { memory }: PlannedRow, now: number): ReadonlyArray<Operation> => {
  const closedAt = memory.validity.at(-1)?.from ?? now
  const { supersededBy, validity } = closeAt(old.memory, closedAt, memory.id)
  const change = { ...encodeValidity(validity), supersededBy, updatedAt: now }
  return setPayloads(old.memory.scope, [[{ id: old.memory.id, isCut: old.isCut }, change]])
}

export const patch = (
  serving: Serving,
  request: Parameters<Store["patch"]>[0]
): Effect.Effect<Memory | null, MemoryError> => {
  const { change, id, now, scope } = request
  return withinLimits(
    serving,
    request,
    Effect.gen(function* () {
      const row = (yield* readExisting(serving.points, [id])).get(id)
      if (row === undefined || !sameScope(row.memory.scope, scope) || isExpired(row.memory, now)) {
        return { growth: { ids: [id], memories: 0, bytes: 0 }, write: Effect.succeed(null) }
      }
      const { memory: old } = row
      const { expiresAt = old.expiresAt, importance = old.importance } = change
      const { metadata = old.metadata, pinned = old.pinned } = change
      const memory: Memory = { ...old, expiresAt, importance, metadata, pinned, updatedAt: now }
      const operations = setPayloads(
        scope,
        [
          [
            { id, isCut: row.isCut },
            { ...encodeChange(change, memory), updatedAt: now }
          ]
        ],
        notExpired(now)
      )
      return {
        growth: { ids: [id], memories: 0, bytes: toBytes(memory) - toBytes(old) },
        write: Effect.as(serving.points.update("patch", operations), memory)
      }
    })
  )
}
