/** Several scopes read together: each by itself, their answers merged by score. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type DegradableList, type Degraded, joinDegraded, missingScope } from "../memory/Degraded.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { sameScope, type Scope } from "../memory/Scope.ts"
import { toPlainSpelling } from "../memory/spelling.ts"
import { TOKENISER } from "../text/terms/tokenisers.ts"
import { isNearCopy, mayFold, type Outline, toOutline } from "./sentences/copies.ts"
import { readSentences } from "./sentences/readSentences.ts"
import type { Ranked, Standing } from "./Retriever.ts"

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

/** A hit of one scope, and where it belongs among those of all. */
interface Ordered<A> {
  readonly item: A
  /** The greatest score of it and of what stands behind it in its list: a list keeps its order. */
  readonly rank: number
}

const byRank = <A extends Ranked>(lists: ReadonlyArray<ReadonlyArray<A>>): ReadonlyArray<A> =>
  lists
    .flatMap((list) => {
      let rank = 0
      return list
        .toReversed()
        .map((item): Ordered<A> => {
          rank = Math.max(rank, item.score)
          return { item, rank }
        })
        .toReversed()
    })
    .sort((a, b) => b.rank - a.rank)
    .map(({ item }) => item)

/** A memory of the merged answer. */
interface Shown<A> {
  item: A
  readonly key: string
  readonly outline: Outline
  readonly copies: Array<string>
}

/** The hit that a memory of another scope is a copy of: word for word, or nearly. */
const findTwin = <A extends Ranked>(
  shown: ReadonlyArray<Shown<A>>,
  memory: Memory,
  key: string,
  outline: Outline
): Shown<A> | undefined =>
  shown.find(
    (other) =>
      !sameScope(other.item.memory.scope, memory.scope) &&
      (other.key === key || (isNearCopy(other.outline, outline) && mayFold(other.item.memory, memory)))
  )

/**
 * Merges the answers of several scopes, each in its own order, highest score first; ties: in the order of the lists.
 * Copies in other scopes fold into one hit, word for word or nearly: it has the place and the score of the best copy,
 * and shows the memory of `standing` if that has the statement, otherwise one's own, otherwise the best copy. Copies
 * within one scope are the retriever's to fold.
 */
export const mergeRanked = <A extends Ranked>(
  lists: ReadonlyArray<ReadonlyArray<A>>,
  limit: number,
  own: Scope,
  standing: ReadonlyMap<string, Memory>
): ReadonlyArray<A> => {
  const merged: Array<Shown<A>> = []
  for (const item of byRank(lists)) {
    const key = statementKey(item.memory)
    const stand = standing.get(key)
    const memory = stand === undefined || sameScope(stand.scope, item.memory.scope) ? item.memory : stand
    if (merged.some((other) => sameMemory(other.item.memory, memory))) continue
    const outline = toOutline(readSentences(memory.content, TOKENISER), memory.content)
    const twin = findTwin(merged, memory, key, outline)
    if (twin === undefined) {
      const shown = memory === item.memory ? item : { ...item, memory }
      // Beyond the limit, one's own may still stand for a copy.
      if (merged.length < limit) merged.push({ item: shown, key, outline, copies: [] })
    } else if (sameScope(memory.scope, own)) {
      twin.copies.push(twin.item.memory.id)
      twin.item = { ...twin.item, memory }
    } else twin.copies.push(memory.id)
  }
  return merged.map(({ copies, item }) => (copies.length === 0 ? item : withCopies(item, copies)))
}

const sameMemory = (a: Memory, b: Memory): boolean => a.id === b.id && sameScope(a.scope, b.scope)

/** Tells of more copies where the hit tells of its standing. */
const withCopies = <A extends Ranked>(item: A, ids: ReadonlyArray<string>): A => {
  const more = ids.filter((id) => id !== item.memory.id)
  const tell = (known: Standing | undefined): Standing => ({
    ...known,
    copies: [...(known?.copies ?? []), ...more]
  })
  if (more.length === 0) return item
  return "explain" in item
    ? { ...item, explain: tell(item.explain as Standing) }
    : { ...item, standing: tell(item.standing) }
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
    items: mergeRanked([own, ...answers], limit, scope, standing),
    degraded: joinDegraded([own.degraded, ...answers.map(({ degraded }) => degraded), toDegraded(failures)])
  }
})
