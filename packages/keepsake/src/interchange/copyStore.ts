/** Moves memories between stores, row by row, as they are: ids, history, counts and dates stay. */
import { Embedder, type Cursor, type MemoryError, MemoryStore, type Scope, StoreAdmin } from "@keepsake/core"
import { conflict, documentTerms, sameFingerprint, STORE_LIMITS, type StoreRow } from "@keepsake/core/driver"
import { Clock, Context, Effect, Option, Stream } from "effect"
import { chunksOf } from "effect/Array"
import { allScopes } from "./scopes.ts"

export type Store = Context.Context<MemoryStore | StoreAdmin>

export interface Copied {
  readonly scopes: number
  /** Rows of the source that are not expired, history included. */
  readonly rows: number
  readonly copied: number
  /** There already, from a run before. */
  readonly known: number
}

/** Where a row's vector and terms come from: the row itself between stores of one kind, else made anew. */
const rowMaker = Effect.fnUntraced(function* (from: Store, to: Store) {
  const source = yield* Context.get(from, StoreAdmin).fingerprint
  const target = yield* Context.get(to, StoreAdmin).fingerprint
  if (sameFingerprint(source, target)) return (rows: ReadonlyArray<StoreRow>) => Effect.succeed(rows)
  const embedder = Option.getOrNull(Context.getOption(to, Embedder))
  return (rows: ReadonlyArray<StoreRow>) =>
    Effect.map(
      embedder === null
        ? Effect.succeed([])
        : embedder.embed(
            rows.map(({ memory }) => memory.content),
            "document"
          ),
      (vectors) =>
        rows.map(({ memory }, i) => ({
          memory,
          vector: vectors[i] ?? null,
          terms: documentTerms(memory.content, target)
        }))
    )
})

/** A scope's rows that are not expired, closed ones included, a page at a time. */
const pagesOf = (store: MemoryStore["Service"], scope: Scope) =>
  Stream.paginate(undefined as Cursor | undefined, (after) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const page = yield* store.listRows({
        scope,
        now,
        filter: {},
        closed: true,
        after,
        limit: STORE_LIMITS.batch
      })
      return [[page.rows], Option.fromNullishOr(page.next)] as const
    })
  )

const presentIn = Effect.fnUntraced(function* (
  store: MemoryStore["Service"],
  scope: Scope,
  rows: ReadonlyArray<StoreRow>
) {
  const now = yield* Clock.currentTimeMillis
  const found = yield* store.get({ scope, now, ids: rows.map(({ memory }) => memory.id) })
  return new Set(found.map(({ id }) => id))
})

/** Counts again, from both sides, what should now be in both. */
const verify = Effect.fnUntraced(function* (
  source: MemoryStore["Service"],
  target: MemoryStore["Service"],
  scopes: ReadonlyArray<Scope>
) {
  let missing = 0
  for (const scope of scopes) {
    yield* Stream.runForEach(pagesOf(source, scope), (rows) =>
      Effect.map(presentIn(target, scope, rows), (there) => {
        missing += rows.length - there.size
      })
    )
  }
  if (missing > 0) {
    return yield* conflict(
      `${missing} memories are in the source but not in the target: they were written or removed meanwhile. Run the copy again.`
    )
  }
  return undefined
})

/**
 * Copies every memory of every scope that is not expired. What is there already is left alone, so a copy that
 * was stopped goes on where it was. Ends by counting both sides.
 */
export const copyStore = Effect.fnUntraced(function* (
  from: Store,
  to: Store,
  show: (done: number) => Effect.Effect<void>
): Effect.fn.Return<Copied, MemoryError> {
  const source = Context.get(from, MemoryStore)
  const target = Context.get(to, MemoryStore)
  const made = yield* rowMaker(from, to)
  const scopes = (yield* Stream.runCollect(Stream.provideContext(allScopes, from))).map(({ scope }) => scope)
  const counts = { rows: 0, copied: 0, known: 0 }
  const copyPage = Effect.fnUntraced(function* (scope: Scope, rows: ReadonlyArray<StoreRow>) {
    const there = yield* presentIn(target, scope, rows)
    const missing = rows.filter(({ memory }) => !there.has(memory.id))
    for (const part of chunksOf(missing, STORE_LIMITS.batch)) {
      const outcomes = yield* target.put({
        scope,
        now: yield* Clock.currentTimeMillis,
        rows: yield* made(part)
      })
      const clash = outcomes.find(({ outcome }) => outcome === "conflict")
      if (clash !== undefined)
        return yield* conflict(
          `The target has other content under the id ${clash.id}; forget it there, or copy into an empty store.`
        )
    }
    counts.rows += rows.length
    counts.copied += missing.length
    counts.known += there.size
    yield* show(counts.rows)
    return undefined
  })
  for (const scope of scopes)
    yield* Stream.runForEach(pagesOf(source, scope), (rows) => copyPage(scope, rows))
  yield* verify(source, target, scopes)
  return { scopes: scopes.length, ...counts }
})
