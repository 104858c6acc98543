import { toCondition } from "../../memory/Filter.ts"
import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Memory } from "../../memory/Memory.ts"
import type { RemoveTarget } from "../../store/removal.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import { MEMORY_TYPES } from "../../memory/Memory.ts"
import type { Scope } from "../../memory/Scope.ts"
import { findings, holds, same, sameRows } from "../check.ts"
import { group, type LawContext, type LawRun } from "../Law.ts"
import { DAY, T0 } from "../rows.ts"
import { find, findAround } from "../model/find.ts"

const NOW = T0 + 10

/** The owner's rows, of every lifetime. */
const ownersRows = ({ row }: LawContext): ReadonlyArray<StoreRow> => [
  row("Secret freight rates.", { sessionId: "s", turn: 4, speaker: "Ana", metadata: { k: "v" } }),
  row("Secret harbour codes.", { sessionId: "s", turn: 5, speaker: "Bo", pinned: true, type: "semantic" }),
  row("Secret that was closed.", {
    validity: [{ from: T0 - DAY, to: T0 - 1 }],
    supersededBy: row("Secret harbour codes.", { speaker: "Bo", type: "semantic" }).memory.id,
    turn: 9,
    sessionId: "s"
  }),
  row("Secret soon gone.", { expiresAt: T0 + DAY })
]

const OWNERS_ENTRY = { sessionId: "s", kind: "history", number: 0, content: "Secret history." }

/** Puts all of that. */
const putOwners = Effect.fnUntraced(function* (context: LawContext) {
  const { scope, store } = context
  const owned = ownersRows(context)
  yield* store.put({ scope, now: T0, rows: owned })
  yield* store.append({ scope, now: T0, entries: [OWNERS_ENTRY] })
  return owned
})

/** Scopes that a careless comparison, prefix, pattern or concatenation takes for the owner's. */
const lookalikes = (scope: Scope): ReadonlyArray<Scope> => [
  { ...scope, agentId: `${scope.agentId}2` },
  { ...scope, userId: `${scope.userId}2` },
  { ...scope, userId: scope.userId.slice(0, -1) },
  { ...scope, userId: scope.userId.toUpperCase() },
  { ...scope, userId: `${scope.userId.slice(0, -1)}_` },
  { ...scope, userId: "%" },
  { ...scope, userId: "*" },
  { agentId: scope.userId, userId: scope.agentId },
  { agentId: scope.agentId.slice(0, -1), userId: `${scope.agentId.slice(-1)}${scope.userId}` },
  { agentId: `${scope.agentId}${scope.userId.slice(0, 1)}`, userId: scope.userId.slice(1) },
  { agentId: `${scope.agentId}:${scope.userId}`, userId: scope.userId },
  { agentId: "null", userId: "undefined" }
]

type Trait = (
  context: LawContext,
  foreign: Scope,
  owned: ReadonlyArray<StoreRow>
) => Effect.Effect<unknown, unknown>

const idsAll = (owned: ReadonlyArray<StoreRow>) => owned.map(({ memory }) => memory.id)

const first = (owned: ReadonlyArray<StoreRow>): StoreRow => {
  const [row] = owned
  if (row === undefined) throw new Error("the owner has rows")
  return row
}

/** Each method under a foreign scope, with the owner's ids and texts; it must answer as for an empty scope. */
const READS: Readonly<Record<string, readonly [Trait, unknown]>> = {
  get: [({ store }, scope, owned) => store.get({ scope, now: NOW, ids: idsAll(owned) }), []],
  search: [
    ({ store }, scope, owned) =>
      Effect.map(
        find(store, {
          scope,
          now: NOW,
          vector: first(owned).passages[0].vector ?? undefined,
          terms: first(owned).passages[0].terms.ids,
          filter: ANY,
          limit: 100,
          exact: true
        }),
        findings
      ),
    { hits: [], n: 0, df: [0, 0, 0] }
  ],
  "search of the past": [
    ({ store }, scope, owned) =>
      Effect.map(
        find(store, {
          scope,
          now: NOW,
          asOf: T0 - 2,
          vector: first(owned).passages[0].vector ?? undefined,
          terms: first(owned).passages[0].terms.ids,
          filter: ANY,
          limit: 100
        }),
        findings
      ),
    { hits: [], n: 0, df: [0, 0, 0] }
  ],
  around: [
    ({ store }, scope) =>
      findAround(store, { scope, now: NOW, anchors: [{ sessionId: "s", turn: 4 }], radius: 8 }),
    []
  ],
  speakers: [({ store }, scope) => store.speakers({ scope, now: NOW }), []],
  lastTurn: [({ store }, scope) => store.lastTurn({ scope, sessionId: "s" }), null],
  list: [
    ({ store }, scope) => store.list({ scope, now: NOW, filter: ANY, closed: true, limit: 100 }),
    { rows: [], next: null }
  ],
  listRows: [
    ({ store }, scope) => store.listRows({ scope, now: NOW, filter: ANY, closed: true, limit: 100 }),
    { rows: [], next: null }
  ],
  excerpts: [
    ({ store }, scope, owned) =>
      store.excerpts({ scope, now: NOW, rows: idsAll(owned).map((id) => ({ id, passage: 0 })) }),
    []
  ],
  usage: [({ store }, scope) => store.usage({ scope }), { memories: 0, bytes: 0, owed: 0 }],
  latest: [({ store }, scope) => store.latest({ scope, now: NOW, filter: ANY, limit: 100 }), []],
  patch: [
    ({ store }, scope, owned) =>
      store.patch({ scope, now: NOW, id: first(owned).memory.id, change: { pinned: true, expiresAt: NOW } }),
    null
  ],
  touch: [({ store }, scope, owned) => store.touch({ scope, now: NOW, ids: idsAll(owned) }), undefined],
  count: [({ store }, scope) => store.count({ scope, now: NOW, filter: ANY, lifetime: "any" }), 0],
  predecessors: [
    ({ store }, scope, owned) => store.predecessors({ scope, now: NOW, ids: idsAll(owned) }),
    []
  ],
  sessions: [
    ({ store }, scope) => store.sessions({ scope, now: NOW, limit: 10 }),
    { sessions: [], next: null }
  ],
  entries: [({ store }, scope) => store.entries({ scope, sessionId: "s", kind: "history", limit: 10 }), []],
  listEntries: [({ store }, scope) => store.listEntries({ scope, limit: 10 }), { entries: [], next: null }],
  dropEntries: [({ store }, scope) => store.dropEntries({ scope, sessionId: "s" }), 0]
}

const removal =
  (target: (owned: ReadonlyArray<StoreRow>) => RemoveTarget): Trait =>
  ({ store }, scope, owned) =>
    Effect.map(store.remove({ scope, now: NOW, target: target(owned) }), ({ removed }) => removed)

const REMOVALS: Readonly<Record<string, readonly [Trait, unknown]>> = {
  "remove by ids": [removal((owned) => ({ _tag: "Ids", ids: idsAll(owned) })), 0],
  "remove by filter": [removal(() => ({ _tag: "Filter", filter: toCondition({ types: MEMORY_TYPES }) })), 0],
  "remove of everything": [removal(() => ({ _tag: "All" })), 0]
}

/** The owner's rows are unchanged to the last bit. */
const unharmed = Effect.fnUntraced(function* (
  { epsilon, scope, store }: LawContext,
  owned: ReadonlyArray<StoreRow>,
  after: string
) {
  const { rows } = yield* store.listRows({ scope, now: NOW, filter: ANY, closed: true, limit: 100 })
  const byId = (a: { memory: Memory }, b: { memory: Memory }) => (a.memory.id < b.memory.id ? -1 : 1)
  sameRows(rows.toSorted(byId), owned.toSorted(byId), epsilon, `the owner's rows after ${after}`)
  const entries = yield* store.entries({ scope, sessionId: "s", kind: "history", limit: 10 })
  same(
    entries.map(({ content }) => content),
    [OWNERS_ENTRY.content],
    `the owner's entries after ${after}`
  )
})

const foreignTo = ([method, [trait, empty]]: readonly [string, readonly [Trait, unknown]]): readonly [
  string,
  LawRun
] => [
  `${method} under a foreign scope finds and changes nothing`,
  Effect.fnUntraced(function* (context) {
    const owned = yield* putOwners(context)
    for (const foreign of lookalikes(context.scope)) {
      const answer = yield* trait(context, foreign, owned)
      same(answer, empty, `${method} under ${JSON.stringify(foreign)}`)
    }
    yield* unharmed(context, owned, method)
  })
]

export const isolation = group("isolation", {
  ...Object.fromEntries([...Object.entries(READS), ...Object.entries(REMOVALS)].map(foreignTo)),

  "put under a foreign scope leaves the owner's row of that id alone": Effect.fnUntraced(function* (context) {
    const { row, scopeOf, store } = context
    const owned = yield* putOwners(context)
    const scope = scopeOf("thief")
    const { memory } = first(owned)
    for (const content of [memory.content, "Other words."]) {
      const mine = row(content, { scope })
      const claimed = { ...mine, memory: { ...mine.memory, id: memory.id } }
      const put = yield* Effect.exit(store.put({ scope, now: NOW, rows: [claimed] }))
      holds(Exit.isSuccess(put) || Exit.hasFails(put), "an answer or a typed error")
      const seen = yield* store.get({ scope, now: NOW, ids: [memory.id] })
      holds(
        seen.every((memory) => memory.scope.userId === scope.userId),
        "what is seen under a scope is of that scope"
      )
    }
    yield* unharmed(context, owned, "put")
  }),

  "supersede under a foreign scope closes nothing of the owner's": Effect.fnUntraced(function* (context) {
    const { row, scopeOf, store } = context
    const owned = yield* putOwners(context)
    const scope = scopeOf("thief")
    const answer = yield* store.supersede({
      scope,
      now: NOW,
      id: first(owned).memory.id,
      row: row("Mine now.", { scope })
    })
    same(answer, { outcome: "created", closed: false }, "the outcome")
    yield* unharmed(context, owned, "supersede")
  }),

  "an entry under a foreign scope takes no number of the owner's": Effect.fnUntraced(function* (context) {
    const { scopeOf, store } = context
    const owned = yield* putOwners(context)
    const scope = scopeOf("thief")
    yield* store.append({ scope, now: NOW, entries: [{ ...OWNERS_ENTRY, content: "Mine." }] })
    same(
      (yield* store.entries({ scope, sessionId: "s", kind: "history", limit: 10 })).map(
        ({ content }) => content
      ),
      ["Mine."],
      "the thief's entries"
    )
    yield* unharmed(context, owned, "append")
  }),

  "the same statements in two scopes are counted apart": Effect.fnUntraced(function* (context) {
    const { row, scope, scopeOf, store } = context
    const other = scopeOf("other")
    const say = (whose: Scope, texts: ReadonlyArray<string>) =>
      store.put({ scope: whose, now: T0, rows: texts.map((text) => row(text, { scope: whose })) })
    yield* say(scope, ["apple tart", "apple pie", "pear"])
    yield* say(other, ["apple tart", "plum", "plum cake", "plum jam"])
    const terms = Uint32Array.from(
      ["apple", "plum"].flatMap((text) => Array.from(row(text).passages[0].terms.ids))
    )
    const ask = (whose: Scope) =>
      find(store, { scope: whose, now: T0, terms, filter: ANY, limit: 10, exact: true })
    const [ours, theirs] = [yield* ask(scope), yield* ask(other)]
    same([ours.n, ours.df], [3, [2, 0]], "n and df of the one")
    same([theirs.n, theirs.df], [4, [1, 3]], "n and df of the other")
    yield* store.remove({ scope, now: T0, target: { _tag: "All" } })
    same(yield* ask(other), theirs, "forgetting the one leaves the other's answer as it was")
  })
})
