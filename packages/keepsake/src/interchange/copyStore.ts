/** Copies memories between stores row by row: ids, history, counts and dates stay. */
import { Embedder, type Cursor, type MemoryError, MemoryStore, type Scope, StoreAdmin } from "@keepsake/core"
import {
  ANY,
  conflict,
  encodePassages,
  type EntryKey,
  sameFingerprint,
  STORE_LIMITS,
  type StoreRow
} from "@keepsake/core/driver"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { chunksOf } from "effect/Array"
import { allScopes } from "./scopes.ts"

export type Store = Context.Context<MemoryStore | StoreAdmin>

export interface Copied {
  readonly scopes: number
  /** Rows of the source that are not expired, history included. */
  readonly rows: number
  readonly copied: number
  /** In the target already, from an earlier run. */
  readonly known: number
}

/** A row with other terms; its vector is kept where the text is one passage before and after, and owed else. */
const withTerms = (row: StoreRow, encoded: Pick<StoreRow, "passages">, isEmbedded: boolean): StoreRow => {
  const { memory, owed, passages } = row
  const [first, ...more] = encoded.passages
  return passages.length === 1 && more.length === 0
    ? { memory, owed, passages: [{ ...first, vector: passages[0].vector }] }
    : { memory, owed: isEmbedded, passages: encoded.passages }
}

/** Keeps passages between stores of one fingerprint, and vectors of one embedder; computes the rest. */
const makeRowConverter = Effect.fnUntraced(function* (from: Store, to: Store) {
  const source = yield* Context.get(from, StoreAdmin).fingerprint
  const target = yield* Context.get(to, StoreAdmin).fingerprint
  if (sameFingerprint(source, target)) return (rows: ReadonlyArray<StoreRow>) => Effect.succeed(rows)
  const hasVectors = sameFingerprint({ ...source, tokeniser: target.tokeniser }, target)
  const embedder = hasVectors ? null : Option.getOrNull(Context.getOption(to, Embedder))
  return (rows: ReadonlyArray<StoreRow>) =>
    Effect.map(
      encodePassages(
        embedder,
        target,
        rows.map(({ memory }) => memory.content),
        "skip"
      ),
      (encoded) =>
        rows.flatMap((row, i): ReadonlyArray<StoreRow> => {
          const passages = encoded[i]
          if (passages === undefined) return []
          return hasVectors
            ? [withTerms(row, passages, target.embedding !== null)]
            : [{ memory: row.memory, ...passages }]
        })
    )
})

/** What is kept about a scope's sessions, page by page. */
const entryPages = (store: MemoryStore["Service"], scope: Scope) =>
  Stream.paginate(undefined as EntryKey | undefined, (after) =>
    Effect.map(
      store.listEntries({ scope, after, limit: STORE_LIMITS.entries }),
      ({ entries, next }) => [[entries], Option.fromNullishOr(next)] as const
    )
  )

/** A scope's rows page by page, superseded ones included, expired ones not. */
const rowPages = (store: MemoryStore["Service"], scope: Scope) =>
  Stream.paginate(
    undefined as Cursor | undefined,
    Effect.fnUntraced(function* (after: Cursor | undefined) {
      const now = yield* Clock.currentTimeMillis
      const page = yield* store.listRows({
        scope,
        now,
        filter: ANY,
        closed: true,
        after,
        limit: STORE_LIMITS.batch
      })
      return [[page.rows], Option.fromNullishOr(page.next)] as const
    })
  )

const findPresent = Effect.fnUntraced(function* (
  store: MemoryStore["Service"],
  scope: Scope,
  rows: ReadonlyArray<StoreRow>
) {
  const now = yield* Clock.currentTimeMillis
  const memories = yield* store.get({ scope, now, ids: rows.map(({ memory }) => memory.id) })
  return new Set(memories.map(({ id }) => id))
})

/** Reads both stores again and compares them. */
const verify = Effect.fnUntraced(function* (
  source: MemoryStore["Service"],
  target: MemoryStore["Service"],
  scopes: ReadonlyArray<Scope>
) {
  let missing = 0
  for (const scope of scopes) {
    yield* Stream.runForEach(rowPages(source, scope), (rows) =>
      Effect.map(findPresent(target, scope, rows), (present) => {
        missing += rows.length - present.size
      })
    )
  }
  if (missing > 0) {
    return yield* conflict(
      `${missing} memories are in the source but not in the target: they were written or removed during the copy. Run it again.`
    )
  }
  return undefined
})

/**
 * Copies every memory that is not expired, then compares both stores. Memories that the target has already
 * are skipped, so that a second run continues an interrupted one.
 */
export const copyStore = Effect.fnUntraced(function* (
  from: Store,
  to: Store,
  show: (done: number) => Effect.Effect<void>
): Effect.fn.Return<Copied, MemoryError> {
  const source = Context.get(from, MemoryStore)
  const target = Context.get(to, MemoryStore)
  const convert = yield* makeRowConverter(from, to)
  const scopes = (yield* Stream.runCollect(Stream.provideContext(allScopes, from))).map(({ scope }) => scope)
  const counts = { rows: 0, copied: 0, known: 0 }
  const copyPage = Effect.fnUntraced(function* (scope: Scope, rows: ReadonlyArray<StoreRow>) {
    const present = yield* findPresent(target, scope, rows)
    const missing = rows.filter(({ memory }) => !present.has(memory.id))
    for (const batch of chunksOf(missing, STORE_LIMITS.batch)) {
      const outcomes = yield* target.put({
        scope,
        now: yield* Clock.currentTimeMillis,
        rows: yield* convert(batch)
      })
      const clash = outcomes.find(({ outcome }) => outcome === "conflict")
      if (clash !== undefined)
        return yield* conflict(
          `The target has other content under the id ${clash.id}; forget it there, or copy into an empty store.`
        )
    }
    counts.rows += rows.length
    counts.copied += missing.length
    counts.known += present.size
    yield* show(counts.rows)
    return undefined
  })
  for (const scope of scopes) {
    yield* Stream.runForEach(rowPages(source, scope), (rows) => copyPage(scope, rows))
    yield* Stream.runForEach(entryPages(source, scope), (entries) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => target.append({ scope, now, entries }))
    )
  }
  yield* verify(source, target, scopes)
  return { scopes: scopes.length, ...counts }
})
