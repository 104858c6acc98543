/** Each operation sends one statement: its text is compared with a snapshot, and it runs. */
import type { PGlite } from "@electric-sql/pglite"
import type { MemoryError, SearchRequest } from "@keepsake/core/driver"
import { rowBuilder, T0 } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { expect } from "vitest"
import { PgVectorStore } from "../../src/index.ts"
import { makeIdentifiers } from "../../src/schema/identifiers.ts"
import { pgliteDatabase } from "../../src/connection/pgliteDatabase.ts"
import { tunedSearchStatement } from "../../src/statements/tunedSearch.ts"
import { DIMENSIONS, open, openPGlite } from "../support/servers.ts"

const scope = { agentId: "agent", userId: "user" }
const row = rowBuilder(scope, DIMENSIONS)

/** A PGlite that records the text of each statement. */
const recording = (db: PGlite, sent: Array<string>): PGlite =>
  new Proxy(db, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== "function") return value
      return (...args: ReadonlyArray<unknown>) => {
        const [first] = args
        if ((name === "query" || name === "exec") && typeof first === "string") sent.push(first)
        if (name === "transaction" && typeof first === "function") {
          return Reflect.apply(value, target, [(tx: PGlite) => first(recording(tx, sent)) as unknown])
        }
        return Reflect.apply(value, target, args)
      }
    }
  })

const fox = row("The quick brown fox.", { sessionId: "s", turn: 1, speaker: "Ana", metadata: { a: 1 } })
const bear = row("The slow brown bear.", { sessionId: "s", turn: 2 })
const { id } = fox.memory
const fullFilter = {
  types: ["episodic"],
  sources: ["user"],
  speakers: ["Ana"],
  sessionId: "s",
  exceptSessionId: "t",
  pinned: false,
  saidFrom: 0,
  saidTo: T0 + 10,
  metadata: { a: 1 }
} as const

describe("emitted SQL", () => {
  it.effect("one statement an operation", () =>
    Effect.gen(function* () {
      const sent: Array<string> = []
      const pglite = recording(yield* Effect.promise(openPGlite), sent)
      const { admin, store } = yield* open(PgVectorStore.layer({ pglite }))
      const at = { scope, now: T0 + 1 }
      const vector = fox.vector ?? undefined
      const terms = fox.terms.ids
      // PGlite cannot tune a scope; the statement of a tuned one runs there without the indexes.
      const space = { number: 1, dimensions: DIMENSIONS, vectorType: "vector", extension: "public" } as const
      const layout = { names: makeIdentifiers("keepsake", ""), space, vectorOid: 0 }
      const tuned = (request: Pick<SearchRequest, "vector" | "terms">) =>
        Effect.promise(() =>
          pgliteDatabase(pglite).query(
            tunedSearchStatement(layout, { ...at, ...request, filter: {}, limit: 10 })
          )
        )
      const operations: Record<string, Effect.Effect<unknown, MemoryError>> = {
        put: store.put({ ...at, rows: [fox, bear] }),
        get: store.get({ ...at, ids: [id] }),
        "search by both": store.search({ ...at, vector, terms, filter: {}, limit: 10 }),
        "search by vector": store.search({ ...at, vector, filter: {}, limit: 10 }),
        "search by words, as of then, filtered": store.search({
          ...at,
          asOf: T0,
          terms,
          filter: fullFilter,
          limit: 10
        }),
        "search of a tuned scope by both": tuned({ vector, terms }),
        "search of a tuned scope by vector": tuned({ vector }),
        "search by nothing": store.search({ ...at, filter: {}, limit: 10 }),
        around: store.around({ ...at, anchors: [{ sessionId: "s", turn: 1 }], radius: 1, vector }),
        speakers: store.speakers(at),
        "last turn": store.lastTurn({ scope, sessionId: "s" }),
        list: store.list({ ...at, filter: {}, limit: 1 }),
        "list, the next page, closed too": store.list({
          ...at,
          filter: {},
          closed: true,
          after: { createdAt: T0, id },
          limit: 1
        }),
        "list rows": store.listRows({ ...at, filter: {}, limit: 10 }),
        latest: store.latest({ ...at, filter: {}, limit: 10 }),
        patch: store.patch({
          ...at,
          id,
          change: { importance: 1, pinned: true, expiresAt: null, metadata: {} }
        }),
        touch: store.touch({ ...at, ids: [id] }),
        count: store.count({ ...at, filter: {} }),
        supersede: store.supersede({ ...at, id, row: row("The quick red fox.") }),
        "remove ids": store.remove({ ...at, target: { _tag: "Ids", ids: [id] } }),
        "remove by filter": store.remove({ ...at, target: { _tag: "Filter", filter: { sessionId: "s" } } }),
        "remove all": store.remove({ ...at, target: { _tag: "All" } }),
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
