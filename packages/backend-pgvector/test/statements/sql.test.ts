/** Each operation sends one statement: its text is compared with a snapshot, and it runs. */
import {
  ANY,
  type Condition,
  toCondition,
  type MemoryError,
  NONE,
  type QueryPart
} from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { expect } from "vitest"
import { PgVectorStore } from "../../src/index.ts"
import type { TunedScope } from "../../src/codec/tunedScope.ts"
import { pgliteDatabase } from "../../src/connection/pgliteDatabase.ts"
import { tunedSearchStatement } from "../../src/statements/tunedSearch.ts"
import { recording } from "../support/recording.ts"
import { DIMENSIONS, layoutOf, open, openPGlite } from "../support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)

const fox = row("The quick brown fox.", { sessionId: "s", turn: 1, speaker: "Ana", metadata: { a: 1 } })
const bear = row("The slow brown bear.", { sessionId: "s", turn: 2 })
const long = row(["The fox runs.", "The bear sleeps."])
const late = row("The owl flies.", { vector: null, owed: true })
const { id } = fox.memory
const fullFilter = toCondition({
  types: ["episodic"],
  sources: ["user"],
  speakers: ["Ana"],
  sessionId: "s",
  exceptSessionId: "t",
  pinned: false,
  saidFrom: 0,
  saidTo: T0 + 10,
  metadata: { a: 1 }
})

const everyTest: Condition = {
  _tag: "And",
  conditions: [
    { _tag: "In", target: { path: ["address", "city"] }, values: ["Porto", 1, null] },
    { _tag: "In", target: { path: ["address", "city"] }, values: ["Porto"] },
    { _tag: "Compare", target: { path: ["floor"] }, comparison: "gte", value: 3 },
    { _tag: "Compare", target: { field: "expiresAt" }, comparison: "lt", value: 1.5 },
    {
      _tag: "Or",
      conditions: [
        { _tag: "Contains", target: { path: ["tags"] }, value: "quiet" },
        { _tag: "Exists", target: { field: "speaker" } },
        NONE
      ]
    },
    { _tag: "Not", condition: { _tag: "Exists", target: { path: ['a "b"'] } } }
  ]
}

describe("emitted SQL", () => {
  it.effect("one statement an operation", () =>
    Effect.gen(function* () {
      const sent: Array<string> = []
      const pglite = recording(yield* Effect.promise(openPGlite), sent)
      const { admin, store } = yield* open(PgVectorStore.layer({ pglite }))
      const at = { scope, now: T0 + 1 }
      const vector = fox.passages[0].vector!
      const { ids: terms } = fox.passages[0].terms
      // PGlite cannot tune a scope; the statement of a tuned one runs there without the indexes.
      const tuned = (part: QueryPart, known: Partial<TunedScope> = {}) =>
        Effect.promise(() =>
          pgliteDatabase(pglite).query(
            tunedSearchStatement(
              layoutOf("keepsake"),
              { ...at, parts: [part], filter: ANY, limit: 10 },
              { lists: 100, probes: 10, recall: 1, measuredRows: 10_000, ...known }
            )
          )
        )
      const operations: Record<string, Effect.Effect<unknown, MemoryError>> = {
        put: store.put({ ...at, rows: [fox, bear] }),
        "put a long text and one that is owed vectors": store.put({ ...at, rows: [long, late] }),
        get: store.get({ ...at, ids: [id] }),
        "search by both": store.search({
          ...at,
          parts: [{ vector, terms }],
          filter: ANY,
          limit: 10
        }),
        "search by vector": store.search({ ...at, parts: [{ vector }], filter: ANY, limit: 10 }),
        "search by two parts": store.search({
          ...at,
          parts: [{ vector, terms }, { terms }],
          filter: ANY,
          limit: 10
        }),
        "search by words, as of then, filtered": store.search({
          ...at,
          asOf: T0,
          parts: [{ terms }],
          filter: fullFilter,
          limit: 10
        }),
        "search of a tuned scope by both": tuned({ vector, terms }),
        "search of a tuned scope by vector": tuned({ vector }),
        "search of a tuned scope with a graph": tuned({ vector }, { lists: null, probes: null }),
        "search of a tuned scope whose index finds too little": tuned({ vector, terms }, { recall: 0.9 }),
        "search by nothing": store.search({ ...at, parts: [{}], filter: ANY, limit: 10 }),
        around: store.around({
          ...at,
          anchors: [{ sessionId: "s", turn: 1 }],
          radius: 1,
          parts: [{ vector, terms, idfs: Float64Array.from(terms, () => 1) }],
          filter: fullFilter
        }),
        excerpts: store.excerpts({ ...at, rows: [{ id, passage: 0 }] }),
        "excerpts of the best passages, with vectors": store.excerpts({
          ...at,
          rows: [{ id, passage: null }],
          part: { vector, terms },
          vectors: true
        }),
        speakers: store.speakers(at),
        "last turn": store.lastTurn({ scope, sessionId: "s" }),
        list: store.list({ ...at, filter: ANY, limit: 1 }),
        "list, the next page, closed too": store.list({
          ...at,
          filter: ANY,
          closed: true,
          after: { at: T0, id },
          limit: 1
        }),
        "list rows": store.listRows({ ...at, filter: ANY, limit: 10 }),
        "list by the time it was said, newest first, the next page": store.list({
          ...at,
          filter: ANY,
          by: "saidAt",
          newestFirst: true,
          after: { at: T0, id },
          limit: 1
        }),
        "list by a condition of every kind": store.list({ ...at, filter: everyTest, limit: 1 }),
        latest: store.latest({ ...at, filter: ANY, limit: 10 }),
        predecessors: store.predecessors({ ...at, ids: [id] }),
        sessions: store.sessions({ ...at, limit: 1 }),
        "sessions, the next page": store.sessions({
          ...at,
          after: { lastSaidAt: T0, sessionId: "s" },
          limit: 1
        }),
        append: store.append({
          ...at,
          entries: [{ sessionId: "s", kind: "history", number: 0, content: "Hello." }]
        }),
        entries: store.entries({ scope, sessionId: "s", kind: "history", limit: 1 }),
        "entries before one": store.entries({
          scope,
          sessionId: "s",
          kind: "history",
          after: 2,
          newestFirst: true,
          limit: 1
        }),
        "list entries": store.listEntries({
          scope,
          after: { sessionId: "s", kind: "history", number: 0 },
          limit: 1
        }),
        "drop entries": store.dropEntries({ scope, sessionId: "s", kind: "history", through: 0 }),
        patch: store.patch({
          ...at,
          id,
          change: { importance: 1, pinned: true, expiresAt: null, metadata: {} }
        }),
        touch: store.touch({ ...at, ids: [id] }),
        count: store.count({ ...at, filter: ANY }),
        supersede: store.supersede({ ...at, id, row: row("The quick red fox.") }),
        "remove ids": store.remove({ ...at, target: { _tag: "Ids", ids: [id] } }),
        "remove by filter": store.remove({
          ...at,
          target: { _tag: "Filter", filter: toCondition({ sessionId: "s" }) }
        }),
        "remove all": store.remove({ ...at, target: { _tag: "All" } }),
        usage: store.usage({ scope }),
        owed: admin.owed({ limit: 10 }),
        "pay owed": admin.payOwed([{ scope, id: late.memory.id, vectors: [vector] }]),
        expire: admin.expire({ now: T0, limit: 10 }),
        scopes: admin.scopes({ limit: 10 }),
        "erase user": admin.eraseUser({ userId: "user" })
      }
      for (const [name, operation] of Object.entries(operations)) {
        sent.length = 0
        yield* operation
        const statements = sent.filter((text) => text !== "set local statement_timeout = 0")
        assert.strictEqual(statements.length, 1, `${name} is one statement`)
        // oxlint-disable-next-line vitest/no-standalone-expect -- inside it.effect, which the rule does not know
        expect(statements[0]).toMatchSnapshot(name)
      }
      // The store does not close the application's instance.
      yield* Effect.promise(() => pglite.close())
    })
  )
})
