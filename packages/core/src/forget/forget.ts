import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { batchesOf } from "../batchesOf.ts"
import { valid } from "../input/fields.ts"
import { type FilterInput, readTarget } from "../input/filter.ts"
import { type ForgetOptions, readForgetOptions } from "../input/options.ts"
import { ANY, isAny } from "../memory/Condition.ts"
import type { Where } from "../memory/Where.ts"
import { invalidInput } from "../memory/MemoryError.ts"
import { isUuid } from "../memory/MemoryId.ts"
import { filesScope, type Scope } from "../memory/Scope.ts"
import { STORE_LIMITS } from "../store/MemoryStore.ts"
import { joinRemovals, type Removal, toErasure } from "../store/removal.ts"
import type { MemoryServices } from "../write/MemoryServices.ts"
import type { Receipt } from "./receipt.ts"

/** What `forget` removes: a memory by id, several by id, or all that match a filter. */
export type ForgetTarget = string | ReadonlyArray<string> | { readonly where: Where } | FilterInput

const isIds = (target: ForgetTarget): target is ReadonlyArray<string> => Array.isArray(target)

const toReceipt = (
  { admin }: MemoryServices,
  scope: Scope,
  removal: Removal,
  dryRun: boolean,
  at: number
): Receipt => ({ scope, backend: admin.backend, dryRun, at, ...removal })

/** Nothing was touched: `removed` is what would be removed. */
const toDryRun = (removed: number): Removal => ({ removed, ...toErasure([]) })

/** Call it after the removal: a recall under way may have read rows that were about to go. */
const clearCaches = ({ embedder, retriever }: MemoryServices, scope: Scope): void => {
  retriever.forget(scope)
  embedder?.forget()
}

const removeIds = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  target: ReadonlyArray<string>,
  dryRun: boolean,
  now: number
) {
  const removals: Array<Removal> = []
  for (const ids of batchesOf(Array.from(new Set(target)).filter(isUuid), STORE_LIMITS.removedIds)) {
    removals.push(
      dryRun
        ? toDryRun((yield* store.get({ scope, now, ids })).length)
        : yield* store.remove({ scope, now, target: { _tag: "Ids", ids } })
    )
  }
  return joinRemovals(removals)
})

const removeMatching = Effect.fnUntraced(function* (
  { store }: MemoryServices,
  scope: Scope,
  target: { readonly where: Where } | FilterInput,
  dryRun: boolean,
  now: number
) {
  const filter = yield* valid(() => readTarget(target))
  // A filter without a condition would mean `forgetAll`, which is never meant by accident.
  if (isAny(filter)) {
    return yield* invalidInput(
      "target",
      "is an empty filter, which would match everything; use forgetAll for that"
    )
  }
  return dryRun
    ? toDryRun(yield* store.count({ scope, now, filter, lifetime: "any" }))
    : yield* store.remove({ scope, now, target: { _tag: "Filter", filter } })
})

const removeTarget = (
  services: MemoryServices,
  scope: Scope,
  target: ForgetTarget,
  dryRun: boolean,
  now: number
) => {
  if (typeof target !== "string" && !isIds(target)) {
    return removeMatching(services, scope, target, dryRun, now)
  }
  const ids: ReadonlyArray<unknown> = typeof target === "string" ? [target] : target
  return ids.every((id) => typeof id === "string")
    ? removeIds(services, scope, ids, dryRun, now)
    : Effect.fail(invalidInput("target", "give ids as strings, or a filter"))
}

export const forget = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  target: ForgetTarget,
  options: ForgetOptions = {}
) {
  const { dryRun = false } = yield* valid(() => readForgetOptions(options))
  const now = yield* Clock.currentTimeMillis
  const removal = yield* removeTarget(services, scope, target, dryRun, now)
  if (!dryRun) clearCaches(services, scope)
  return toReceipt(services, scope, removal, dryRun, now)
})

/** Removes all rows of a scope; refuses its queued writes and waits for those at the store. */
const removeAll = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  now: number,
  fence: number
) {
  const { accesses, fences, store } = services
  const removal = yield* fences.forget(scope, fence, store.remove({ scope, now, target: { _tag: "All" } }))
  accesses?.forget(scope)
  clearCaches(services, scope)
  return removal
})

export const forgetAll = Effect.fnUntraced(function* (
  services: MemoryServices,
  scope: Scope,
  options: ForgetOptions = {},
  fence: number
) {
  const { dryRun = false } = yield* valid(() => readForgetOptions(options))
  const now = yield* Clock.currentTimeMillis
  // The user's memories, and the agent's notes about them.
  const removals = yield* Effect.forEach([scope, filesScope(scope)], (part) =>
    dryRun
      ? Effect.map(services.store.count({ scope: part, now, filter: ANY, lifetime: "any" }), toDryRun)
      : removeAll(services, part, now, fence)
  )
  return toReceipt(services, scope, joinRemovals(removals), dryRun, now)
})
