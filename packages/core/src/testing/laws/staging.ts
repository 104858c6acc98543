import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import { type Fingerprint } from "../../memory/Fingerprint.ts"
import { fingerprint } from "../../store/StoreFingerprint.ts"
import type { Memory } from "../../memory/Memory.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import type { StagedRow } from "../../store/StoreAdmin.ts"
import { toContents, failsTyped, failsWith, holds, toIds, same, sameSet } from "../check.ts"
import { group, type Handle, type LawContext } from "../Law.ts"
import { documentTerms, queryTerms, T0, toVector } from "../rows.ts"
import { find } from "../model/find.ts"

/** The target space: other dimensions, other weights. */
const makeNext = ({ dimensions }: LawContext): Fingerprint =>
  fingerprint(
    { model: "next", dimensions: dimensions + 3, calibration: { mean: 0.1, spread: 0.2 } },
    { k1: 2, b: 0.5, avgLen: 30 }
  )

const stagedFor = (next: Fingerprint, { content, id, scope }: Memory): StagedRow => ({
  scope,
  id,
  passages: [
    {
      start: 0,
      end: content.length,
      vector: next.embedding && toVector(content, next.embedding.dimensions),
      terms: documentTerms(content, next)
    }
  ],
  owed: false
})

const fillWith = (row: StagedRow, vector: Float32Array): StagedRow => ({
  ...row,
  passages: [{ ...row.passages[0], vector }]
})

/** Fills unstaged rows, `limit` at a time, and returns them. */
const fillAll = Effect.fnUntraced(function* ({ admin }: Handle, next: Fingerprint, limit = 1_000) {
  const filled: Array<Memory> = []
  for (;;) {
    const page = yield* admin.unstaged({ limit })
    holds(page.length <= limit, "a page keeps to its limit")
    if (page.length === 0) return filled
    holds(filled.length < 10_000, "what is filled is no longer unstaged")
    yield* admin.fillStage(page.map((memory) => stagedFor(next, memory)))
    filled.push(...page)
  }
})

/** A place of its own with rows of every lifetime in two scopes. */
const filled = Effect.fnUntraced(function* (context: LawContext) {
  const { fresh, row, scope, scopeOf } = context
  const place = yield* fresh
  const handle = yield* place.open()
  const other = scopeOf("other")
  const rows = [
    ...Array.from({ length: 9 }, (_, i) => row(`apple ${i}`, { sessionId: "s", turn: i })),
    row("closed apple", { validity: [{ from: T0 - 2, to: T0 - 1 }] }),
    row("mortal apple", { expiresAt: T0 + 100 })
  ]
  yield* handle.store.put({ scope, now: T0, rows })
  const theirs = [row("apple 0", { scope: other }), row("plum", { scope: other })]
  yield* handle.store.put({ scope: other, now: T0, rows: theirs })
  return { place, handle, rows, other, theirs }
})

const searchAll = ({ store }: Handle, { scope }: LawContext, vector: Float32Array) =>
  find(store, { scope, now: T0, vector, terms: queryTerms("apple"), filter: ANY, limit: 100, exact: true })

const memories = (rows: ReadonlyArray<StoreRow>): ReadonlyArray<Memory> => rows.map(({ memory }) => memory)

export const staging = group("staging", {
  "a move serves the old space throughout, then the new one": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, row, scope } = context
    const { handle, place, rows, theirs } = yield* filled(context)
    const next = makeNext(context)
    const before = yield* searchAll(handle, context, toVector("apple 3", dimensions))
    yield* handle.admin.stage(next)
    yield* handle.admin.stage(next)
    yield* failsWith(handle.admin.commitStage, "Conflict", "a commit with rows missing")
    const staged = yield* fillAll(handle, next, 4)
    sameSet(staged, memories([...rows, ...theirs]), "every row, whatever its lifetime and scope")
    same(yield* searchAll(handle, context, toVector("apple 3", dimensions)), before, "the old space serves")
    same((yield* handle.admin.fingerprint).embedding?.model, "laws", "the old fingerprint")
    const late = row("late apple")
    yield* handle.store.put({ scope, now: T0, rows: [late] })
    yield* failsWith(handle.admin.commitStage, "Conflict", "a commit with a late row missing")
    same(yield* fillAll(handle, next), [late.memory], "a row written meanwhile joins")
    yield* handle.admin.commitStage
    yield* failsWith(handle.store.count({ scope, now: T0, filter: ANY }), "Closed", "the old handle")
    yield* handle.admin.close
    yield* failsWith(Effect.scoped(place.open()), "FingerprintMismatch", "the old fingerprint")

    const moved = yield* place.open(next)
    same(yield* moved.admin.fingerprint, next, "the new fingerprint")
    const after = yield* moved.store.listRows({ scope, now: T0, filter: ANY, closed: true, limit: 100 })
    sameSet(memories(after.rows), memories([...rows, late]), "the memories are as they were")
    const result = yield* searchAll(moved, context, toVector("apple 3", dimensions + 3))
    same([result.n, result.df, result.hits.length], [11, [11], 11], "found in the new space")
    const nearest = result.hits.find(({ memory }) => memory.content === "apple 3")
    holds(Math.abs((nearest?.cosine ?? 0) - 1) <= epsilon, "by the new vectors")
    const apple = after.rows.find(({ memory }) => memory.content === "apple 3")
    same(
      Array.from(apple?.passages[0].terms.weights ?? []),
      Array.from(documentTerms("apple 3", next).weights),
      "with the new weights"
    )
  }),

  "rows forgotten meanwhile are not brought back": Effect.fnUntraced(function* (context) {
    const { scope } = context
    const { handle, other, place, rows } = yield* filled(context)
    const next = makeNext(context)
    yield* handle.admin.stage(next)
    const unstaged = yield* handle.admin.unstaged({ limit: 1_000 })
    const [before, after] = [rows.slice(0, 2), rows.slice(2, 4)]
    const forget = (doomed: ReadonlyArray<StoreRow>) =>
      handle.store.remove({ scope, now: T0, target: { _tag: "Ids", ids: toIds(doomed) } })
    yield* forget(before)
    yield* handle.admin.fillStage(unstaged.map((memory) => stagedFor(next, memory)))
    yield* forget(after)
    same((yield* handle.admin.expire({ now: T0 + 200, limit: 10 })).removed, 1, "purged meanwhile")
    same((yield* handle.admin.eraseUser({ userId: other.userId })).removed, 2, "erased meanwhile")
    same(yield* fillAll(handle, next), [], "nothing is left to fill")
    yield* handle.admin.commitStage
    const moved = yield* place.open(next)
    const { rows: left } = yield* moved.store.list({ scope, now: T0, filter: ANY, closed: true, limit: 100 })
    same(toContents(left), toContents(rows.slice(4, -1)), "what is left")
    same(yield* moved.store.count({ scope: other, now: T0, filter: ANY, lifetime: "any" }), 0, "of the other")
    const all = yield* searchAll(moved, context, toVector("apple 0", context.dimensions + 3))
    same([all.n, all.df, all.hits.length], [5, [5], 5], "found and counted")
  }),

  "a row forgotten and said anew, or replaced, is filled again": Effect.fnUntraced(function* (context) {
    const { row, scope } = context
    const { handle, place } = yield* filled(context)
    const next = makeNext(context)
    yield* handle.store.put({
      scope,
      now: T0,
      rows: [row("short-lived apple", { key: "k", expiresAt: T0 + 10 })]
    })
    yield* handle.admin.stage(next)
    yield* fillAll(handle, next)
    const now = T0 + 10
    const replaced = row("plum in its place", { key: "k", at: now })
    yield* handle.store.put({ scope, now, rows: [replaced] })
    yield* handle.store.remove({ scope, now, target: { _tag: "Ids", ids: [row("apple 0").memory.id] } })
    const anew = row("apple 0", { at: now })
    yield* handle.store.put({ scope, now, rows: [anew] })
    yield* failsWith(handle.admin.commitStage, "Conflict", "a commit with rows missing")
    sameSet(yield* fillAll(handle, next), [replaced.memory, anew.memory], "what is filled again")
    yield* handle.admin.commitStage
    const { store } = yield* place.open(next)
    const { hits } = yield* find(store, { scope, now, terms: queryTerms("plum"), filter: ANY, limit: 10 })
    same(toContents(hits), ["plum in its place"], "found by its own words")
  }),

  "changes to staged rows are kept": Effect.fnUntraced(function* (context) {
    const { row, scope } = context
    const { handle, place } = yield* filled(context)
    const next = makeNext(context)
    yield* handle.admin.stage(next)
    yield* fillAll(handle, next)
    const { store } = handle
    const id = (content: string) => row(content).memory.id
    yield* store.patch({
      scope,
      now: T0 + 1,
      id: id("apple 1"),
      change: { metadata: { a: 1 }, pinned: true }
    })
    yield* store.touch({ scope, now: T0 + 1, ids: [id("apple 2")] })
    yield* store.supersede({ scope, now: T0 + 1, id: id("apple 3"), row: row("pear", { at: T0 + 1 }) })
    yield* store.put({ scope, now: T0 + 2, rows: [row("apple 4", { at: T0 + 2 })] })
    yield* fillAll(handle, next)
    const page = { scope, now: T0 + 2, filter: ANY, closed: true, limit: 100 }
    const before = yield* store.list(page)
    yield* handle.admin.commitStage
    const moved = yield* place.open(next)
    same(yield* moved.store.list(page), before, "the memories")
    const result = yield* searchAll(moved, context, toVector("pear", context.dimensions + 3))
    same([result.n, result.df], [10, [9]], "n and df")
  }),

  "a move goes on where it stopped, after a close": Effect.fnUntraced(function* (context) {
    const { handle, place, rows, theirs } = yield* filled(context)
    const next = makeNext(context)
    yield* handle.admin.stage(next)
    const first = yield* handle.admin.unstaged({ limit: 5 })
    same(first.length, 5, "the first page")
    yield* handle.admin.fillStage(first.map((memory) => stagedFor(next, memory)))
    yield* handle.admin.close
    const again = yield* place.open()
    yield* again.admin.stage(next)
    const rest = yield* fillAll(again, next, 3)
    sameSet([...first, ...rest], memories([...rows, ...theirs]), "each row once over both runs")
    yield* again.admin.commitStage
    const moved = yield* place.open(next)
    same(yield* moved.admin.fingerprint, next, "the new fingerprint")
  }),

  "one move at a time; a dropped one leaves no trace": Effect.fnUntraced(function* (context) {
    const { dimensions, scope } = context
    const { handle, place, rows, theirs } = yield* filled(context)
    const next = makeNext(context)
    yield* failsWith(handle.admin.commitStage, "Conflict", "a commit without a stage")
    yield* handle.admin.dropStage
    const before = yield* searchAll(handle, context, toVector("apple 3", dimensions))
    yield* handle.admin.stage(next)
    yield* failsWith(handle.admin.stage({ ...next, k1: 1 }), "Conflict", "another fingerprint")
    yield* fillAll(handle, next)
    yield* handle.admin.dropStage
    yield* failsWith(handle.admin.commitStage, "Conflict", "a commit after the drop")
    same(yield* searchAll(handle, context, toVector("apple 3", dimensions)), before, "the old space serves")
    yield* handle.admin.stage({ ...next, k1: 1 })
    sameSet(
      yield* handle.admin.unstaged({ limit: 1_000 }),
      memories([...rows, ...theirs]),
      "another move starts from nothing"
    )
    yield* handle.admin.dropStage
    yield* handle.admin.close
    const again = yield* place.open()
    same(yield* again.store.count({ scope, now: T0, filter: ANY }), 10, "opened as before")
  }),

  "an instance left behind by a move fails, and neither reads nor writes the wrong space": Effect.fnUntraced(
    function* (context) {
      const { dimensions, row, scope } = context
      const { handle, place } = yield* filled(context)
      const behind = yield* place.open()
      const next = makeNext(context)
      yield* handle.admin.stage(next)
      yield* fillAll(handle, next)
      yield* handle.admin.commitStage
      const late = row("late apple")
      yield* failsTyped(searchAll(behind, context, toVector("apple 3", dimensions)), "search")
      yield* failsTyped(behind.store.put({ scope, now: T0, rows: [late] }), "put")
      yield* failsTyped(behind.store.put({ scope, now: T0, rows: [late] }), "put again")
      const moved = yield* place.open(next)
      const got = yield* moved.store.get({ scope, now: T0, ids: [late.memory.id] })
      same(got, [], "what failed was not written")
    }
  ),

  "an embedder can be added to a store of words": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, fresh, fingerprint: next, row, scope } = context
    const place = yield* fresh
    const words = yield* place.open(fingerprint(null))
    yield* words.store.put({
      scope,
      now: T0,
      rows: [row("apple", { vector: null }), row("pear", { vector: null })]
    })
    yield* words.admin.stage(next)
    yield* fillAll(words, next)
    yield* words.admin.commitStage
    const both = yield* place.open()
    const { hits } = yield* searchAll(both, context, toVector("pear", dimensions))
    const pear = hits.find(({ memory }) => memory.content === "pear")
    holds(Math.abs((pear?.cosine ?? 0) - 1) <= epsilon, "found by meaning")
    same(hits.length, 2, "and by words")
  }),

  "a row filled twice has the last vector, and a bad one is refused": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, fresh, row, scope } = context
    const place = yield* fresh
    const handle = yield* place.open()
    const next = makeNext(context)
    const apple = row("apple")
    yield* handle.store.put({ scope, now: T0, rows: [apple] })
    yield* handle.admin.stage(next)
    yield* handle.admin.fillStage([])
    const fill = (vector: Float32Array) =>
      handle.admin.fillStage([fillWith(stagedFor(next, apple.memory), vector)])
    yield* failsWith(fill(toVector("apple", dimensions)), "InvalidInput", "a vector of the old space")
    same(yield* handle.admin.unstaged({ limit: 5 }), [apple.memory], "it is still to be filled")
    yield* fill(toVector("something else", dimensions + 3))
    yield* fill(toVector("apple", dimensions + 3))
    yield* handle.admin.commitStage
    const moved = yield* place.open(next)
    const { hits } = yield* searchAll(moved, context, toVector("apple", dimensions + 3))
    holds(Math.abs((hits[0]?.cosine ?? 0) - 1) <= epsilon, "the last vector counts")
  }),

  "an empty store can be moved": Effect.fnUntraced(function* (context) {
    const place = yield* context.fresh
    const handle = yield* place.open()
    const next = makeNext(context)
    yield* handle.admin.stage(next)
    same(yield* handle.admin.unstaged({ limit: 10 }), [], "nothing to fill")
    yield* handle.admin.commitStage
    const moved = yield* place.open(next)
    same(yield* moved.admin.fingerprint, next, "the new fingerprint")
  })
})
