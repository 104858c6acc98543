/** Forgetting, with a receipt that claims only what was done. */
import { Clock, Effect } from "effect"
import type { AccessLog } from "./AccessLog.ts"
import { chunks } from "./chunks.ts"
import type { Fences } from "./Fences.ts"
import type { Filter } from "./Filter.ts"
import { isUuid } from "./MemoryId.ts"
import { invalidInput, type MemoryError } from "./MemoryError.ts"
import { type MemoryStore, STORE_LIMITS } from "./MemoryStore.ts"
import type { Retriever } from "./Retriever.ts"
import { filesScope, type Scope } from "./Scope.ts"
import type { Receipt } from "./ScopedMemory.ts"
import type { StoreAdmin } from "./StoreAdmin.ts"

export interface RemovalParts {
  readonly store: MemoryStore["Service"]
  readonly admin: StoreAdmin["Service"]
  readonly fences: Fences
  readonly accesses: AccessLog
  readonly retriever: Retriever
}

const isIds = (target: ReadonlyArray<string> | Filter): target is ReadonlyArray<string> =>
  Array.isArray(target)

/** What a filter without conditions would mean is `forgetAll`, and that is never meant by accident. */
const isEmpty = (filter: Filter): boolean => Object.values(filter).every((part) => part === undefined)

export const makeRemoval = ({ accesses, admin, fences, retriever, store }: RemovalParts, scope: Scope) => {
  const receipt = (removed: number, dryRun: boolean, at: number): Receipt => ({
    scope,
    backend: admin.backend,
    removed,
    dryRun,
    at,
    ...admin.erasure
  })

  const forgetIds = Effect.fnUntraced(function* (given: ReadonlyArray<string>, dryRun: boolean, now: number) {
    let removed = 0
    for (const ids of chunks(Array.from(new Set(given)).filter(isUuid), STORE_LIMITS.batch)) {
      removed += dryRun
        ? (yield* store.get({ scope, now, ids })).length
        : (yield* store.remove({ scope, now, target: { _tag: "Ids", ids } })).removed
    }
    return removed
  })

  const forget = (
    given: string | ReadonlyArray<string> | Filter,
    dryRun: boolean
  ): Effect.Effect<Receipt, MemoryError> =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      if (!dryRun) retriever.forget(scope)
      if (typeof given === "string" || isIds(given))
        return receipt(yield* forgetIds([given].flat(), dryRun, now), dryRun, now)
      if (isEmpty(given)) {
        return yield* invalidInput(
          "target",
          "is an empty filter, which would match everything; use forgetAll for that"
        )
      }
      const removed = dryRun
        ? yield* store.count({ scope, now, filter: given, lifetime: "any" })
        : (yield* store.remove({ scope, now, target: { _tag: "Filter", filter: given } })).removed
      return receipt(removed, dryRun, now)
    })

  /** The user's memories, and what the agent noted about them. */
  const scopes = [scope, filesScope(scope)]

  const forgetAll = (dryRun: boolean): Effect.Effect<Receipt, MemoryError> =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      if (dryRun) {
        const counts = yield* Effect.forEach(scopes, (one) =>
          store.count({ scope: one, now, filter: {}, lifetime: "any" })
        )
        return receipt(sum(counts), true, now)
      }
      const removals = yield* Effect.forEach(scopes, (one) => {
        accesses.forget(one)
        retriever.forget(one)
        return fences.forget(one, store.remove({ scope: one, now, target: { _tag: "All" } }))
      })
      return receipt(sum(removals.map((removal) => removal.removed)), false, now)
    })

  return { forget, forgetAll }
}

const sum = (counts: ReadonlyArray<number>): number => counts.reduce((a, b) => a + b, 0)
