/** Several scopes read together: each by itself, their answers merged by score. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type DegradableList, type Degraded, joinDegraded, missingScope } from "../memory/Degraded.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { sameScope, type Scope } from "../memory/Scope.ts"
import { toPlainSpelling } from "../memory/spelling.ts"
import type { Ranked } from "./Retriever.ts"

/** One's own scope, and the shared ones that are only read. */
export interface ReadScopes {
  readonly scope: Scope
  readonly reads: ReadonlyArray<Scope>
}

interface Failure {
  readonly scope: Scope
  readonly error: MemoryError
}

/** Reads each shared scope by itself, in parallel. One that fails costs its own answer and no other. */
export const readShared = <A>(
  reads: ReadonlyArray<Scope>,
  read: (scope: Scope) => Effect.Effect<A, MemoryError>
): Effect.Effect<{ readonly answers: ReadonlyArray<A>; readonly failures: ReadonlyArray<Failure> }> =>
  Effect.map(
    Effect.forEach(reads, (scope) => Effect.result(read(scope)), { concurrency: "unbounded" }),
    (results) => {
      const answers: Array<A> = []
      const failures: Array<Failure> = []
      for (const [i, result] of results.entries()) {
        const scope = reads[i]
        if (Result.isSuccess(result)) answers.push(result.success)
        else if (scope !== undefined) failures.push({ scope, error: result.failure })
      }
      return { answers, failures }
    }
  )

/** `null` when nothing is missing. */
export const toDegraded = (failures: ReadonlyArray<Failure>): ReadonlyArray<Degraded> | null =>
  failures.length === 0 ? null : failures.map(({ error, scope }) => missingScope(scope, error))

/** Memories are copies of one statement when text, speaker and type are the same, in any spelling. */
const statementKey = ({ content, speaker, type }: Memory): string =>
  JSON.stringify([toPlainSpelling(content), speaker, type])

/** The first memory of each statement, by `statementKey`. */
export const byStatement = (memories: ReadonlyArray<Memory>): Map<string, Memory> => {
  const first = new Map<string, Memory>()
  for (const memory of memories) {
    const key = statementKey(memory)
    if (!first.has(key)) first.set(key, memory)
  }
  return first
}

/**
 * Merges the answers of several scopes, highest score first; ties: in the order of the lists. Copies in other
 * scopes fold into one hit: it has the place and the score of the best copy, and shows the memory of `standing`
 * if that has the statement, otherwise the best copy. Keyed twins of one scope stay apart, as they do without
 * shared scopes.
 */
export const mergeRanked = <A extends Ranked>(
  lists: ReadonlyArray<ReadonlyArray<A>>,
  limit: number,
  standing: ReadonlyMap<string, Memory>
): ReadonlyArray<A> => {
  const merged: Array<A> = []
  const shownScopes = new Map<string, Scope>()
  const shownIds = new Set<string>()
  for (const item of lists.flat().sort((a, b) => b.score - a.score)) {
    const key = statementKey(item.memory)
    const stand = standing.get(key)
    const memory = stand === undefined || sameScope(stand.scope, item.memory.scope) ? item.memory : stand
    const shownScope = shownScopes.get(key)
    if (shownIds.has(memory.id)) continue
    if (shownScope !== undefined && !sameScope(shownScope, memory.scope)) continue
    shownScopes.set(key, memory.scope)
    shownIds.add(memory.id)
    merged.push(memory === item.memory ? item : { ...item, memory })
    if (merged.length === limit) break
  }
  return merged
}

/** Recalls one's own scope and the shared ones. Fails if one's own fails. */
export const recallScopes = Effect.fnUntraced(function* <A extends Ranked>(
  { reads, scope }: ReadScopes,
  limit: number,
  recall: (scope: Scope) => Effect.Effect<DegradableList<A>, MemoryError>
) {
  if (reads.length === 0) {
    const items = yield* recall(scope)
    return { items, degraded: items.degraded ?? null }
  }
  const [own, { answers, failures }] = yield* Effect.all([recall(scope), readShared(reads, recall)], {
    concurrency: "unbounded"
  })
  const standing = byStatement(own.map(({ memory }) => memory))
  return {
    items: mergeRanked([own, ...answers], limit, standing),
    degraded: joinDegraded([own.degraded, ...answers.map(({ degraded }) => degraded), toDegraded(failures)])
  }
})
