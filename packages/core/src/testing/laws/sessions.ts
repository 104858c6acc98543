import * as Effect from "effect/Effect"
import { ANY } from "../../memory/Condition.ts"
import { toCondition } from "../../memory/Filter.ts"
import type { EntryKey, SessionCursor, SessionSummary } from "../../store/sessions.ts"
import { failsWith, holds, same } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { T0 } from "../rows.ts"
import { find } from "../model/find.ts"

/** Every session, page by page. */
const readSessions = Effect.fnUntraced(function* ({ scope, store }: LawContext, limit: number, now = T0 + 1) {
  const found: Array<SessionSummary> = []
  let after: SessionCursor | undefined
  for (;;) {
    const page = yield* store.sessions({ scope, now, limit, after })
    holds(page.sessions.length <= limit, "a page keeps to its limit")
    found.push(...page.sessions)
    if (page.next === null) return found
    after = page.next
  }
})

/** Every entry of the scope, page by page. */
const readEntries = Effect.fnUntraced(function* ({ scope, store }: LawContext, limit: number) {
  const found: Array<EntryKey> = []
  let after: EntryKey | undefined
  do {
    const page = yield* store.listEntries({ scope, limit, after })
    found.push(...page.entries)
    after = page.next ?? undefined
  } while (after !== undefined)
  return found
})

const entry = (number: number, content = `entry ${number}`, parts: Partial<EntryKey> = {}) => ({
  sessionId: "s",
  kind: "history",
  number,
  content,
  ...parts
})

const history = ({ scope, store }: LawContext, parts = {}) =>
  Effect.map(store.entries({ scope, sessionId: "s", kind: "history", limit: 100, ...parts }), (entries) =>
    entries.map(({ content, number }) => `${number}: ${content}`)
  )

export const sessions = group("sessions", {
  "a turn's number is never given away, however it went": Effect.fnUntraced(function* (context) {
    const { admin, row, scope, store } = context
    const last = store.lastTurn({ scope, sessionId: "s" })
    const say = (turn: number, parts = {}) => {
      const one = row(`turn ${turn}`, { sessionId: "s", turn, ...parts })
      return Effect.as(store.put({ scope, now: T0, rows: [one] }), one.memory.id)
    }
    const remove = (target: Parameters<typeof store.remove>[0]["target"]) =>
      store.remove({ scope, now: T0, target })
    yield* remove({ _tag: "Ids", ids: [yield* say(3)] })
    same(yield* last, 3, "forgotten by id")
    yield* say(5)
    yield* remove({ _tag: "Filter", filter: toCondition({ sessionId: "s" }) })
    same(yield* last, 5, "forgotten by condition")
    yield* say(9, { expiresAt: T0 + 1 })
    yield* admin.expire({ now: T0 + 1, limit: 1_000 })
    same(yield* last, 9, "purged")
    yield* say(2)
    same(yield* last, 9, "a lower turn said later")
    yield* remove({ _tag: "All" })
    same(yield* last, null, "forgetting everything ends the count")
  }),

  "sessions are listed newest first, with what is live of them": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    yield* store.put({
      scope,
      now: T0,
      rows: [
        row("a0", { sessionId: "a", turn: 0, saidAt: T0 - 50 }),
        row("a1", { sessionId: "a", turn: 1, saidAt: T0 - 10 }),
        row("a2, expired", { sessionId: "a", turn: 2, saidAt: T0, expiresAt: T0 + 1 }),
        row("b0", { sessionId: "b", turn: 0, saidAt: T0 - 10 }),
        row("c0, without a turn", { sessionId: "c", saidAt: T0 - 5 }),
        row("d0, closed", { sessionId: "d", turn: 0, validity: [{ from: T0 - 2, to: T0 - 1 }] }),
        row("e0, expired", { sessionId: "e", turn: 0, expiresAt: T0 + 1 }),
        row("of no session")
      ]
    })
    same(
      yield* readSessions(context, 10),
      [
        { sessionId: "c", firstSaidAt: T0 - 5, lastSaidAt: T0 - 5, turns: 1, bytes: 18 },
        { sessionId: "a", firstSaidAt: T0 - 50, lastSaidAt: T0 - 10, turns: 2, bytes: 4 },
        { sessionId: "b", firstSaidAt: T0 - 10, lastSaidAt: T0 - 10, turns: 1, bytes: 2 }
      ],
      "the sessions"
    )
    same(
      (yield* readSessions(context, 10, T0)).map(({ sessionId, turns }) => `${sessionId} ${turns}`),
      ["a 3", "e 1", "c 1", "b 1"],
      "before some expired"
    )
  }),

  "pages of sessions of every size add up to the whole": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    const rows = Array.from({ length: 40 }, (_, i) =>
      row(`turn ${i}`, { sessionId: `session ${i % 17}`, turn: i, saidAt: T0 - (i % 4) * 10 })
    )
    yield* store.put({ scope, now: T0, rows })
    const whole = yield* readSessions(context, 100)
    same(whole.length, 17, "sessions")
    same(
      whole.reduce((sum, { turns }) => sum + turns, 0),
      40,
      "turns"
    )
    for (const limit of [1, 2, 5, 16, 17])
      same(yield* readSessions(context, limit), whole, `pages of ${limit}`)
  }),

  "names are in the order of code points": Effect.fnUntraced(function* (context) {
    const { row, scope, store } = context
    // By UTF-16 units the last two would stand before "\uffee".
    const names = ["Z", "a", "aa", "é", "日", "\ud7ff", "\uffee", "\u{1f600}", "\u{1f600}a"]
    const shuffled = names.toReversed()
    yield* store.put({
      scope,
      now: T0,
      rows: shuffled.map((sessionId, turn) => row(`of ${turn}`, { sessionId, turn }))
    })
    yield* store.append({
      scope,
      now: T0,
      entries: shuffled.map((sessionId) => entry(0, "text", { sessionId }))
    })
    for (const limit of [1, 4, 100]) {
      const found = yield* readSessions(context, limit)
      same(
        found.map(({ sessionId }) => sessionId),
        names,
        `sessions in pages of ${limit}`
      )
      const entries = yield* readEntries(context, limit)
      same(
        entries.map(({ sessionId }) => sessionId),
        names,
        `entries in pages of ${limit}`
      )
    }
  }),

  "entries come back in order, from either end": Effect.fnUntraced(function* (context) {
    const { scope, store } = context
    yield* store.append({ scope, now: T0, entries: [entry(0), entry(1), entry(2)] })
    yield* store.append({ scope, now: T0 + 5, entries: [entry(10), entry(3)] })
    yield* store.append({
      scope,
      now: T0,
      entries: [entry(0, "a note", { kind: "notes" }), entry(0, "elsewhere", { sessionId: "S" })]
    })
    const all = [0, 1, 2, 3, 10].map((number) => `${number}: entry ${number}`)
    same(yield* history(context), all, "all")
    same(yield* history(context, { after: 1, limit: 2 }), all.slice(2, 4), "after one")
    same(
      yield* history(context, { newestFirst: true, limit: 2 }),
      all.toReversed().slice(0, 2),
      "from the end"
    )
    same(yield* history(context, { newestFirst: true, after: 2 }), all.slice(0, 2).toReversed(), "before one")
    same(yield* history(context, { kind: "notes" }), ["0: a note"], "of another kind")
    const [first] = yield* store.entries({ scope, sessionId: "s", kind: "history", after: 3, limit: 1 })
    same(first, { ...entry(10), createdAt: T0 + 5 }, "as it was appended")
  }),

  "of two writers of one number the second is told, and nothing of its batch is kept": Effect.fnUntraced(
    function* (context) {
      const { scope, store } = context
      yield* store.append({ scope, now: T0, entries: [entry(0, "first")] })
      yield* failsWith(
        store.append({ scope, now: T0, entries: [entry(1, "with it"), entry(0, "second")] }),
        "Conflict",
        "the second writer"
      )
      same(yield* history(context), ["0: first"], "what is kept")
      yield* store.append({ scope, now: T0 + 9, entries: [entry(0, "first"), entry(1, "after it")] })
      same(yield* history(context), ["0: first", "1: after it"], "the same again is no error")
    }
  ),

  "of 20 writers of one number at once one is kept": Effect.fnUntraced(function* (context) {
    const { place, scope, store } = context
    const second = (yield* place.open()).store
    const exits = yield* Effect.forEach(
      Array.from({ length: 20 }, (_, i) => i),
      (i) =>
        Effect.exit(
          (i % 2 === 0 ? store : second).append({ scope, now: T0, entries: [entry(7, `writer ${i}`)] })
        ),
      { concurrency: "unbounded" }
    )
    same(exits.filter(({ _tag }) => _tag === "Success").length, 1, "one succeeded")
    const winner = exits.findIndex(({ _tag }) => _tag === "Success")
    same(yield* history(context), [`7: writer ${winner}`], "and is what is kept")
  }),

  "entries of any script and of a million characters": Effect.fnUntraced(function* (context) {
    const { scope, store } = context
    const contents = ['日本語 👩‍🚀 \n\t"quoted" \\ é é', "x".repeat(1_000_000), " "]
    for (const [number, content] of contents.entries()) {
      yield* store.append({ scope, now: T0, entries: [entry(number, content)] })
    }
    const kept = yield* store.entries({ scope, sessionId: "s", kind: "history", limit: 10 })
    kept.forEach(({ content }, i) => holds(content === contents[i], `content ${i} is as it was`))
    same(kept.length, contents.length, "all of them")
  }),

  "no search, list or count sees an entry, and no condition removes one": Effect.fnUntraced(
    function* (context) {
      const { row, scope, store } = context
      yield* store.append({ scope, now: T0, entries: [entry(0, "apple apple")] })
      yield* store.put({ scope, now: T0, rows: [row("apple", { sessionId: "s", turn: 0 })] })
      const found = yield* find(store, {
        scope,
        now: T0,
        terms: row("apple").passages[0].terms.ids,
        filter: ANY,
        limit: 10
      })
      same([found.hits.length, found.n, found.df], [1, 1, [1]], "search")
      same(
        (yield* store.list({ scope, now: T0, filter: ANY, closed: true, limit: 10 })).rows.length,
        1,
        "list"
      )
      same((yield* store.latest({ scope, now: T0, filter: ANY, limit: 10 })).length, 1, "latest")
      same(yield* store.count({ scope, now: T0, filter: ANY, lifetime: "any" }), 1, "count")
      same(
        (yield* readSessions(context, 10)).map(({ turns }) => turns),
        [1],
        "sessions"
      )
      const { removed } = yield* store.remove({ scope, now: T0, target: { _tag: "Filter", filter: ANY } })
      same(removed, 1, "removed by a condition")
      same(yield* history(context), ["0: apple apple"], "the entry stays")
      same(yield* readSessions(context, 10), [], "but its session has no live row")
    }
  ),

  "dropping entries goes by number, kind and session": Effect.fnUntraced(function* (context) {
    const { scope, store } = context
    const drop = (parts: object) => store.dropEntries({ scope, sessionId: "s", ...parts })
    yield* store.append({ scope, now: T0, entries: [0, 1, 2, 3].map((number) => entry(number)) })
    yield* store.append({
      scope,
      now: T0,
      entries: [entry(0, "note", { kind: "notes" }), entry(0, "other", { sessionId: "other" })]
    })
    same(yield* drop({ kind: "history", through: 1 }), 2, "up to a number")
    same(yield* history(context), ["2: entry 2", "3: entry 3"], "what follows it stays")
    same(yield* drop({ kind: "notes" }), 1, "a kind")
    same(yield* drop({}), 2, "a session")
    same(yield* drop({}), 0, "a second time")
    const { entries } = yield* store.listEntries({ scope, limit: 10 })
    same(entries, [{ ...entry(0, "other", { sessionId: "other" }), createdAt: T0 }], "another session's stay")
  }),

  "entries of all sessions are listed in order, page by page": Effect.fnUntraced(function* (context) {
    const { scope, store } = context
    const keys = ["b", "a", "日"].flatMap((sessionId) =>
      ["notes", "history"].flatMap((kind) => [1, 0].map((number) => ({ sessionId, kind, number })))
    )
    yield* store.append({ scope, now: T0, entries: keys.map((key) => entry(key.number, "text", key)) })
    for (const limit of [1, 5, 12, 100]) {
      const found = yield* readEntries(context, limit)
      same(
        found.map(({ kind, number, sessionId }) => `${sessionId} ${kind} ${number}`),
        ["a", "b", "日"].flatMap((sessionId) =>
          ["history", "notes"].flatMap((kind) => [0, 1].map((number) => `${sessionId} ${kind} ${number}`))
        ),
        `pages of ${limit}`
      )
    }
  }),

  "forgetting everything takes entries too, and so does erasing the user": Effect.fnUntraced(
    function* (context) {
      const { admin, row, scope, store } = context
      const put = store.append({ scope, now: T0, entries: [entry(0)] })
      yield* put
      yield* store.put({ scope, now: T0, rows: [row("A memory.")] })
      const { removed } = yield* store.remove({ scope, now: T0, target: { _tag: "All" } })
      same(removed, 1, "memories are counted, entries are not")
      same(yield* history(context), [], "after forgetting everything")
      yield* put
      same((yield* admin.eraseUser({ userId: scope.userId })).removed, 0, "no memory was there")
      same(yield* history(context), [], "after erasing the user")
    }
  ),

  "a scope that holds only entries is listed": Effect.fnUntraced(function* (context) {
    const place = yield* context.fresh
    const { admin, store } = yield* place.open()
    const { scope } = context
    yield* store.append({ scope, now: T0, entries: [entry(0)] })
    same(yield* admin.scopes({ limit: 10 }), [{ scope, rows: 0, bytes: 7 }], "the scopes")
    yield* store.dropEntries({ scope, sessionId: "s" })
    same(yield* admin.scopes({ limit: 10 }), [], "and no longer when they are dropped")
  }),

  "entries and counts of turns outlive a close": Effect.fnUntraced(function* (context) {
    const { fresh, row, scope } = context
    const place = yield* fresh
    const turn = row("gone", { sessionId: "s", turn: 4 })
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { store } = yield* place.open()
        yield* store.put({ scope, now: T0, rows: [turn] })
        yield* store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [turn.memory.id] } })
        yield* store.append({ scope, now: T0, entries: [entry(0, "kept")] })
      })
    )
    const { store } = yield* place.open()
    same(yield* history({ ...context, store }), ["0: kept"], "the entry")
    same(yield* store.lastTurn({ scope, sessionId: "s" }), 4, "the count")
  })
})
