/** Says so where a verb of one's own scope is handed the id of a memory that is only read. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { batchesOf } from "../batchesOf.ts"
import type { ForgetTarget } from "../forget/forget.ts"
import type { Memory } from "../memory/Memory.ts"
import { MemoryError, NotFound } from "../memory/MemoryError.ts"
import { isUuid } from "../memory/MemoryId.ts"
import { describeScope, type Scope } from "../memory/Scope.ts"
import { type ReadScopes, readShared } from "../recall/readScopes.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"

const onlyRead = ({ id, scope }: Memory): MemoryError =>
  new MemoryError({
    reason: new NotFound({
      message: `The memory "${id}" is of ${describeScope(scope)}, which this memory only reads. Use that scope's own: memory.for(${JSON.stringify(scope)}).`
    })
  })

/** Fails if a shared scope has one of the ids. A scope that cannot be read is passed over: this only explains. */
const refuse = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  reads: ReadonlyArray<Scope>,
  ids: ReadonlyArray<string>
) {
  const now = yield* Clock.currentTimeMillis
  const { answers } = yield* readShared(reads, (scope) => store.get({ scope, now, ids }))
  const [shared] = answers.flat()
  if (shared !== undefined) return yield* onlyRead(shared)
})

export const refuseSharedIfNotFound = <A>(
  services: MemoryServices,
  reads: ReadonlyArray<Scope>,
  id: string,
  own: Effect.Effect<A, MemoryError>
): Effect.Effect<A, MemoryError> =>
  reads.length === 0 || !isUuid(id)
    ? own
    : Effect.tapError(own, ({ reason }) =>
        reason._tag === "NotFound" ? refuse(services, reads, [id]) : Effect.void
      )

export const refuseSharedIfEmpty = (
  services: MemoryServices,
  reads: ReadonlyArray<Scope>,
  id: string,
  own: Effect.Effect<ReadonlyArray<Memory>, MemoryError>
): Effect.Effect<ReadonlyArray<Memory>, MemoryError> =>
  reads.length === 0 || !isUuid(id)
    ? own
    : Effect.tap(own, (memories) => (memories.length === 0 ? refuse(services, reads, [id]) : Effect.void))

/** Checked before anything is removed. */
export const refuseSharedIds = <A>(
  services: MemoryServices,
  { reads, scope }: ReadScopes,
  target: ForgetTarget,
  own: Effect.Effect<A, MemoryError>
): Effect.Effect<A, MemoryError> => {
  const named: ReadonlyArray<unknown> = Array.isArray(target) ? target : [target]
  const ids = named.filter(isUuid)
  if (reads.length === 0 || ids.length === 0) return own
  const check = Effect.fnUntraced(function* (batch: ReadonlyArray<string>) {
    const now = yield* Clock.currentTimeMillis
    const known = new Set((yield* services.store.get({ scope, now, ids: batch })).map(({ id }) => id))
    const others = batch.filter((id) => !known.has(id))
    if (others.length > 0) yield* refuse(services, reads, others)
  })
  const batches = batchesOf(Array.from(new Set(ids)), STORE_LIMITS.batch)
  return Effect.andThen(Effect.forEach(batches, check, { discard: true }), own)
}
