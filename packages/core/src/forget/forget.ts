/** Forgetting, with a receipt that claims only what was done. */
import { Clock, Effect } from "effect"
import { chunksOf } from "effect/Array"
import type { AccessCounter } from "../recall/AccessCounter.ts"
import type { Embedder } from "../embedding/Embedder.ts"
import type { WriteFences } from "../write/WriteFences.ts"
import { readFilter } from "../input/filter.ts"
import type { Filter } from "../memory/Filter.ts"
import { isUuid } from "../memory/MemoryId.ts"
import { invalidInput, type MemoryError } from "../memory/MemoryError.ts"
import { type MemoryStore, STORE_LIMITS } from "../store/MemoryStore.ts"
import { valid } from "../input/problems.ts"
import { readForgetOptions } from "../client/readOptions.ts"
import type { Retriever } from "../recall/Retriever.ts"
import { filesScope, type Scope } from "../memory/Scope.ts"
import type { ForgetOptions, Receipt } from "../client/ScopedMemory.ts"
import type { StoreAdmin } from "../store/StoreAdmin.ts"

export interface RemovalParts {
  readonly store: MemoryStore["Service"]
  readonly admin: StoreAdmin["Service"]
  readonly fences: WriteFences
  readonly accesses: AccessCounter
  readonly retriever: Retriever
  readonly embedder: Embedder["Service"] | null
}

const isIds = (target: ReadonlyArray<string> | Filter): target is ReadonlyArray<string> =>
  Array.isArray(target)

/** What a filter without conditions would mean is `forgetAll`, and that is never meant by accident. */
const isEmpty = ({ metadata = {}, ...others }: Filter): boolean =>
  Object.keys(metadata).length === 0 && Object.values(others).every((part) => part === undefined)

const badIds = (ids: ReadonlyArray<unknown>): boolean => ids.some((id) => typeof id !== "string")

export const makeRemoval = (
  { accesses, admin, embedder, fences, retriever, store }: RemovalParts,
  scope: Scope
) => {
  const receipt = (removed: number, dryRun: boolean, at: number): Receipt => ({
    scope,
    backend: admin.backend,
    removed,
    dryRun,
    at,
    ...admin.erasure
  })

  /** After removing, since a recall under way may have read what is going. */
  const clearCaches = (one: Scope) =>
    Effect.sync(() => {
      retriever.forget(one)
      embedder?.forget()
    })

  const forgetIds = Effect.fnUntraced(function* (given: ReadonlyArray<string>, dryRun: boolean, now: number) {
    let removed = 0
    for (const ids of chunksOf(Array.from(new Set(given)).filter(isUuid), STORE_LIMITS.batch)) {
      removed += dryRun
        ? (yield* store.get({ scope, now, ids })).length
        : (yield* store.remove({ scope, now, target: { _tag: "Ids", ids } })).removed
    }
    if (!dryRun) yield* clearCaches(scope)
    return removed
  })

  const forget = (
    given: string | ReadonlyArray<string> | Filter,
    options: ForgetOptions
  ): Effect.Effect<Receipt, MemoryError> =>
    Effect.gen(function* () {
      const { dryRun = false } = yield* valid(() => readForgetOptions(options))
      const now = yield* Clock.currentTimeMillis
      if (typeof given === "string" || isIds(given)) {
        const ids = typeof given === "string" ? [given] : given
        if (badIds(ids)) return yield* invalidInput("target", "give ids as strings, or a filter")
        return receipt(yield* forgetIds(ids, dryRun, now), dryRun, now)
      }
      const filter = yield* valid(() => readFilter("target", given))
      if (isEmpty(filter)) {
        return yield* invalidInput(
          "target",
          "is an empty filter, which would match everything; use forgetAll for that"
        )
      }
      const removed = dryRun
        ? yield* store.count({ scope, now, filter, lifetime: "any" })
        : (yield* store.remove({ scope, now, target: { _tag: "Filter", filter } })).removed
      if (!dryRun) yield* clearCaches(scope)
      return receipt(removed, dryRun, now)
    })

  /** The user's memories, and what the agent noted about them. */
  const scopes = [scope, filesScope(scope)]

  const forgetAll = (options: ForgetOptions): Effect.Effect<Receipt, MemoryError> =>
    Effect.gen(function* () {
      const { dryRun = false } = yield* valid(() => readForgetOptions(options))
      const now = yield* Clock.currentTimeMillis
      if (dryRun) {
        const counts = yield* Effect.forEach(scopes, (one) =>
          store.count({ scope: one, now, filter: {}, lifetime: "any" })
        )
        return receipt(sum(counts), true, now)
      }
      const removals = yield* Effect.forEach(scopes, (one) =>
        fences.forget(one, store.remove({ scope: one, now, target: { _tag: "All" } })).pipe(
          Effect.tap(() => {
            accesses.forget(one)
            return clearCaches(one)
          })
        )
      )
      return receipt(sum(removals.map((removal) => removal.removed)), false, now)
    })

  return { forget, forgetAll }
}

const sum = (counts: ReadonlyArray<number>): number => counts.reduce((a, b) => a + b, 0)
