/** Rows whose vectors are still to come. */
import {
  checkVectors,
  type Fingerprint,
  type MemoryError,
  type OwedRow,
  type PaidRow,
  scopeKey
} from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { sidFromRid } from "../codec/memoryRow.ts"
import { attempt } from "../connection/attempt.ts"
import type { CommitQueue } from "../connection/CommitQueue.ts"
import type { Connection } from "../connection/Connection.ts"
import type { MemoryTable } from "../tables/MemoryTable.ts"
import { beginChange } from "../tables/ScopeChange.ts"
import type { ScopeTable } from "../tables/ScopeTable.ts"

/** Where owed vectors are kept. */
export interface OwedServices {
  readonly commits: CommitQueue
  readonly connection: Connection
  readonly memories: MemoryTable
  readonly scopes: ScopeTable
}

/** Rows filled in one transaction. */
const BATCH = 128

export const findOwed = ({ memories, scopes }: OwedServices, limit: number): ReadonlyArray<OwedRow> =>
  memories.space.findOwed(limit).flatMap((rid) => {
    const stored = memories.findByRid(scopes.name(sidFromRid(rid)), rid)
    if (stored === null) return []
    const { memory, passages } = memories.toStoreRow(stored)
    return [{ memory, spans: passages.map(({ end, start }) => ({ start, end })) }]
  })

/** Inside a transaction: fills in the vectors of some rows; how many. */
const payBatch = ({ memories, scopes }: OwedServices, rows: ReadonlyArray<PaidRow>): number => {
  let paid = 0
  for (const scopeRows of Map.groupBy(rows, ({ scope }) => scopeKey(scope)).values()) {
    const row = scopeRows[0] === undefined ? null : scopes.find(scopeRows[0].scope)
    if (row === null) continue
    const change = beginChange(row)
    for (const { id, scope, vectors } of scopeRows) if (memories.pay(scope, change, id, vectors)) paid++
    scopes.save(change)
  }
  return paid
}

export const payOwed = (
  services: OwedServices,
  rows: ReadonlyArray<PaidRow>
): Effect.Effect<number, MemoryError> => {
  const { commits, connection } = services
  const check = (fingerprint: Fingerprint | null) =>
    fingerprint === null
      ? Effect.void
      : checkVectors(
          fingerprint,
          "rows.vectors",
          rows.flatMap(({ vectors }) => vectors)
        )
  const payFrom = (from: number, paid: number): Effect.Effect<number, MemoryError> => {
    const batch = rows.slice(from, from + BATCH)
    if (batch.length === 0) return Effect.succeed(paid)
    return Effect.flatMap(
      commits.write(() => payBatch(services, batch), batch.length),
      (count) => payFrom(from + BATCH, paid + count)
    )
  }
  return attempt(connection, () => connection.fingerprint).pipe(
    Effect.flatMap(check),
    Effect.andThen(payFrom(0, 0))
  )
}
