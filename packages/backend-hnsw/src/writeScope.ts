import type { MemoryError, Scope, ScopeLimits } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { Scan } from "./connection/Scan.ts"
import type { StoreServices } from "./StoreServices.ts"
import { makeRoom } from "./tables/makeRoom.ts"
import { beginChange, type ScopeChange } from "./tables/ScopeChange.ts"
import type { ScopeRow } from "./tables/ScopeTable.ts"

/** Rows of the first version that are counted in one transaction. */
const COUNTED_AT_ONCE = 256

/** Inside the transaction: at once, or in parts. */
type Work<A> =
  | { readonly write: (change: ScopeChange, before: ScopeRow) => A }
  | { readonly begin: (change: ScopeChange, before: ScopeRow) => Scan<A> }

/** A write to a scope, and what it must keep to. */
export type ScopeWrite<A> = Work<A> & WriteRules<A>

interface WriteRules<A> {
  readonly scope: Scope
  readonly now: number
  readonly limits?: ScopeLimits | undefined
  /** Rows that it has written: they make no room for it. */
  readonly toIds: (value: A) => ReadonlyArray<string>
  /** About how many rows it writes. */
  readonly size?: number
  /** Null where there is no such scope and the write creates none. */
  readonly find: (scope: Scope) => ScopeRow | null
  /** The answer where the scope is not there. */
  readonly otherwise: A
}

/** Keeps the bytes of a scope's rows that the first version did not, so that limits can be compared with them. */
const startCounting = ({ commits, entries, memories, queries, scopes }: StoreServices, scope: Scope) => {
  const countSome = (after: number): Effect.Effect<void, MemoryError> =>
    Effect.flatMap(
      commits.write(() => {
        const row = scopes.find(scope)
        if (row === null || row.bytes !== null) return null
        const uncounted = queries.findUncounted(row.sid, after, COUNTED_AT_ONCE)
        for (const { bytes, rid } of uncounted) memories.setBytes(rid, bytes)
        const last = uncounted.at(-1)
        if (last !== undefined) return last.rid
        const bytes = queries.sumKept(row.sid) + entries.sumBytes(row.sid)
        scopes.save({ ...beginChange(row), bytes })
        return null
      }, COUNTED_AT_ONCE),
      (last) => (last === null ? Effect.void : countSome(last))
    )
  return countSome(-1)
}

/** The scope's bytes are to be counted first. */
const UNCOUNTED = "uncounted"

/** What a write answers, and the scope of which it has dropped rows. */
type Written<A> = { readonly value: A; readonly dropped: number | null } | typeof UNCOUNTED

/** Writes to a scope in one transaction, within its limits. */
export const writeScope = <A>(
  services: StoreServices,
  request: ScopeWrite<A>
): Effect.Effect<A, MemoryError> => {
  const { commits, graphs, scopes } = services
  const { find, limits, now, otherwise, scope, size = 1, toIds } = request
  const work = function* (): Scan<Written<A>> {
    const before = find(scope)
    if (before === null) return { value: otherwise, dropped: null }
    if (limits !== undefined && before.bytes === null) return UNCOUNTED
    const change = beginChange(before)
    const value = "begin" in request ? yield* request.begin(change, before) : request.write(change, before)
    const hasDropped =
      limits !== undefined && makeRoom({ before, change, ids: toIds(value), limits, now }, services)
    scopes.save(change)
    return { value, dropped: hasDropped ? before.sid : null }
  }
  const finish = ({ dropped, value }: { readonly value: A; readonly dropped: number | null }) =>
    // A graph that cannot be deleted is not loaded again.
    dropped === null ? Effect.succeed(value) : Effect.as(Effect.ignore(graphs.forget([dropped])), value)
  return Effect.flatMap(commits.writeInSlices(work, size), (written) =>
    written === UNCOUNTED
      ? Effect.andThen(startCounting(services, scope), writeScope(services, request))
      : finish(written)
  )
}
