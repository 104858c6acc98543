import { toCondition } from "../../memory/Filter.ts"
import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import { fingerprint } from "../../store/StoreFingerprint.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import { memoryIdOfKey } from "../../memory/MemoryId.ts"
import { STORE_LIMITS } from "../../store/MemoryStore.ts"
import { SCOPE_PART_MAX, type Scope } from "../../memory/Scope.ts"
import { findings, failsWith, holds, toIds, same, sameRows } from "../check.ts"
import { group } from "../Law.ts"
import { axis, T0 } from "../rows.ts"
import { find, findAround } from "../model/find.ts"

export const bounds = group("bounds", {
  "256 rows, ids and touches in one call": Effect.fnUntraced(function* ({ epsilon, row, scope, store }) {
    const rows = Array.from({ length: 256 }, (_, i) => row(`row ${i}`, { at: T0 + i }))
    const outcomes = yield* store.put({ scope, now: T0, rows })
    same(
      outcomes,
      rows.map(({ memory }) => ({ id: memory.id, outcome: "created" })),
      "outcomes in the order of the rows"
    )
    const ids = toIds(rows)
    same((yield* store.get({ scope, now: T0, ids })).length, 256, "get")
    yield* store.touch({ scope, now: T0, ids })
    const { rows: stored } = yield* store.listRows({ scope, now: T0, filter: ANY, limit: 1_000 })
    const touched = rows.map((original) => ({
      ...original,
      memory: { ...original.memory, accessCount: 1, lastAccessedAt: T0 }
    }))
    sameRows(stored, touched, epsilon, "the rows")
    const unknown = Array.from({ length: STORE_LIMITS.removedIds - ids.length }, (_, i) =>
      memoryIdOfKey(scope, `unknown ${i}`)
    )
    const target = { _tag: "Ids", ids: [...unknown, ...ids] } as const
    same((yield* store.remove({ scope, now: T0, target })).removed, 256, "remove, of 10,000 ids")
  }),

  "empty batches do nothing": Effect.fnUntraced(function* ({ row, scope, store }) {
    yield* store.put({ scope, now: T0, rows: [row("There.")] })
    same(yield* store.put({ scope, now: T0, rows: [] }), [], "put")
    same(yield* store.get({ scope, now: T0, ids: [] }), [], "get")
    yield* store.touch({ scope, now: T0, ids: [] })
    same((yield* store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [] } })).removed, 0, "remove")
    same(yield* findAround(store, { scope, now: T0, anchors: [], radius: 1 }), [], "around")
    same(yield* store.count({ scope, now: T0, filter: ANY }), 1, "the row is there")
  }),

  "an empty scope answers everything": Effect.fnUntraced(function* ({ dimensions, row, scope, store }) {
    const terms = row("apple").passages[0].terms.ids
    const result = yield* find(store, {
      scope,
      now: T0,
      vector: axis(dimensions),
      terms,
      filter: ANY,
      limit: 10
    })
    same(findings(result), { hits: [], n: 0, df: [0] }, "search")
    same(yield* store.latest({ scope, now: T0, filter: ANY, limit: 10 }), [], "latest")
    same((yield* store.remove({ scope, now: T0, target: { _tag: "All" } })).removed, 0, "remove")
  }),

  "scopes at the bound and in any script keep apart": Effect.fnUntraced(function* ({ row, store }) {
    const parts = [
      "x".repeat(SCOPE_PART_MAX),
      `${"x".repeat(SCOPE_PART_MAX - 1)}y`,
      "𝒜".repeat(SCOPE_PART_MAX / 2),
      `'; DROP TABLE "x"; -- %_*?&=#:|`,
      "a b  c",
      "{}",
      "é",
      "e\u0301"
    ]
    const scopes = parts.flatMap((agentId, i): ReadonlyArray<Scope> => {
      const userId = parts[(i + 1) % parts.length] ?? ""
      return [
        { agentId, userId },
        { agentId: userId, userId: agentId }
      ]
    })
    for (const [i, scope] of scopes.entries()) {
      yield* store.put({ scope, now: T0, rows: [row(`apple ${i}`, { scope })] })
    }
    for (const [i, scope] of scopes.entries()) {
      const terms = row("apple").passages[0].terms.ids
      const { hits, n } = yield* find(store, { scope, now: T0, terms, filter: ANY, limit: 10 })
      same([hits.map(({ memory }) => memory.content), n], [[`apple ${i}`], 1], JSON.stringify(scope))
      same(hits[0]?.memory.scope, scope, "the scope comes back as it was")
    }
  }),

  "long names and sessions in any script": Effect.fnUntraced(function* ({ row, scope, store }) {
    const names = ["n".repeat(256), "Ω".repeat(256), 'O\'Brien "the" %_\\', " spaced  out "]
    const rows = names.map((name, turn) => row(`row ${turn}`, { speaker: name, sessionId: name, turn }))
    yield* store.put({ scope, now: T0, rows })
    same(new Set(yield* store.speakers({ scope, now: T0 })), new Set(names), "speakers")
    for (const [turn, name] of names.entries()) {
      same(yield* store.lastTurn({ scope, sessionId: name }), turn, "lastTurn")
      same(
        yield* store.count({ scope, now: T0, filter: toCondition({ sessionId: name, speakers: [name] }) }),
        1,
        "count"
      )
      const near = yield* findAround(store, {
        scope,
        now: T0,
        anchors: [{ sessionId: name, turn }],
        radius: 8
      })
      same(toIds(near), [rows[turn]?.memory.id], "around")
    }
  }),

  "vectors that cannot be compared are refused, and nothing is written": Effect.fnUntraced(
    function* (context) {
      const { dimensions, row, scope, store } = context
      const existing = row("There.", { sessionId: "s", turn: 0 })
      yield* store.put({ scope, now: T0, rows: [existing] })
      const bad: Readonly<Record<string, Float32Array>> = {
        "too short": axis(dimensions - 1),
        "too long": axis(dimensions + 1),
        empty: new Float32Array(0),
        zero: new Float32Array(dimensions),
        NaN: axis(dimensions).with(1, Number.NaN),
        infinite: axis(dimensions).with(1, Number.POSITIVE_INFINITY),
        "not of unit length": axis(dimensions).with(0, 3)
      }
      for (const [what, vector] of Object.entries(bad)) {
        const rows: ReadonlyArray<StoreRow> = [row("Good."), row("Bad.", { vector })]
        yield* failsWith(store.put({ scope, now: T0, rows }), "InvalidInput", `put, ${what}`)
        yield* failsWith(
          store.supersede({ scope, now: T0, id: existing.memory.id, row: row("Bad.", { vector }) }),
          "InvalidInput",
          `supersede, ${what}`
        )
        const page = { scope, now: T0, vector }
        yield* failsWith(find(store, { ...page, filter: ANY, limit: 1 }), "InvalidInput", `search, ${what}`)
        const anchors = [{ sessionId: "s", turn: 0 }]
        yield* failsWith(
          findAround(store, { ...page, anchors, radius: 1 }),
          "InvalidInput",
          `around, ${what}`
        )
      }
      const { rows } = yield* store.list({ scope, now: T0, filter: ANY, closed: true, limit: 10 })
      same(rows, [existing.memory], "what was there is as it was, and alone")
    }
  ),

  "a vector has no place in a store without an embedder": Effect.fnUntraced(function* ({
    fresh,
    row,
    scope
  }) {
    const { store } = yield* (yield* fresh).open(fingerprint(null))
    yield* failsWith(store.put({ scope, now: T0, rows: [row("Bad.")] }), "InvalidInput", "put")
    holds((yield* store.count({ scope, now: T0, filter: ANY })) === 0, "nothing is written")
  })
})
