import { toCondition } from "../../memory/Filter.ts"
import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import { toContents, toIds, same } from "../check.ts"
import { group } from "../Law.ts"
import { DAY, T0 } from "../rows.ts"

export const order = group("order", {
  "latest goes by saidAt, then turn, then id": Effect.fnUntraced(function* ({ row, scope, store }) {
    const rows = [
      row("a", { saidAt: T0 - 1, turn: 9 }),
      row("b", { turn: 2 }),
      row("c", { turn: 10 }),
      row("d", { turn: 0 }),
      row("e"),
      row("f"),
      row("g"),
      row("h", { saidAt: T0 + 1 }),
      row("i", { saidAt: -DAY })
    ]
    yield* store.put({ scope, now: T0, rows })
    const loose = ["e", "f", "g"].map((text) => row(text).memory).toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const expected = ["h", "c", "b", "d", ...loose.map(({ content }) => content), "a", "i"]
    const latest = (limit: number) => store.latest({ scope, now: T0, filter: ANY, limit })
    same(
      (yield* latest(100)).map(({ memory }) => memory.content),
      expected,
      "all"
    )
    same(
      (yield* latest(3)).map(({ memory }) => memory.content),
      expected.slice(0, 3),
      "the last three"
    )
  }),

  "latest leaves out what is expired or closed before it counts": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    yield* store.put({
      scope,
      now: T0,
      rows: [
        ...Array.from({ length: 30 }, (_, i) => row(`expired ${i}`, { saidAt: T0 + i, expiresAt: T0 + 1 })),
        ...Array.from({ length: 30 }, (_, i) =>
          row(`closed ${i}`, { saidAt: T0 + i, validity: [{ from: T0 - 1, to: T0 }] })
        ),
        row("live one", { saidAt: T0 - DAY }),
        row("live two", { saidAt: T0 - 2 * DAY, type: "semantic" })
      ]
    })
    const request = { scope, now: T0 + 1, filter: ANY, limit: 1 }
    same(toContents(yield* store.latest(request)), ["live one"], "the last")
    same(
      toContents(yield* store.latest({ ...request, filter: toCondition({ types: ["semantic"] }) })),
      ["live two"],
      "the last of a type"
    )
  }),

  "list goes by createdAt, then id": Effect.fnUntraced(function* ({ row, scope, store }) {
    const rows = Array.from({ length: 30 }, (_, i) =>
      row(`row ${i}`, { at: T0 + ((i * 7) % 5), saidAt: T0 - i })
    )
    yield* store.put({ scope, now: T0, rows })
    const expected = rows.toSorted(
      (a, b) => a.memory.createdAt - b.memory.createdAt || (a.memory.id < b.memory.id ? -1 : 1)
    )
    const request = { scope, now: T0, filter: ANY, limit: 100 }
    same(toIds((yield* store.list(request)).rows), toIds(expected), "list")
    same(toIds((yield* store.listRows(request)).rows), toIds(expected), "listRows")
  }),

  "refreshing and patching do not move a row": Effect.fnUntraced(function* ({ row, scope, store }) {
    yield* store.put({ scope, now: T0, rows: [row("first")] })
    yield* store.put({ scope, now: T0 + 1, rows: [row("second", { at: T0 + 1 })] })
    yield* store.put({ scope, now: T0 + 2, rows: [row("first", { at: T0 + 2 })] })
    yield* store.patch({ scope, now: T0 + 3, id: row("first").memory.id, change: { pinned: true } })
    const { rows } = yield* store.list({ scope, now: T0 + 3, filter: ANY, limit: 10 })
    same(
      rows.map(({ content }) => content),
      ["first", "second"],
      "by creation"
    )
  }),

  "lastTurn is the greatest, whatever the lifetime": Effect.fnUntraced(function* ({ row, scope, store }) {
    const last = (sessionId: string) => store.lastTurn({ scope, sessionId })
    same(yield* last("s"), null, "no session yet")
    yield* store.put({
      scope,
      now: T0,
      rows: [
        row("nine", { sessionId: "s", turn: 9 }),
        row("ten, expired", { sessionId: "s", turn: 10, expiresAt: T0 + 1 }),
        row("eleven, closed", { sessionId: "s", turn: 11, validity: [{ from: T0 - 2, to: T0 - 1 }] }),
        row("of another session", { sessionId: "s2", turn: 99 }),
        row("without a turn", { sessionId: "s3" }),
        row("first of all", { sessionId: "s4", turn: 0 })
      ]
    })
    same(
      [yield* last("s"), yield* last("s3"), yield* last("s4"), yield* last("S")],
      [11, null, 0, null],
      "turns"
    )
    yield* store.remove({
      scope,
      now: T0,
      target: { _tag: "Ids", ids: [row("eleven, closed").memory.id] }
    })
    same(yield* last("s"), 11, "a forgotten turn's number is not given away")
  }),

  "list goes by saidAt, then id, and turns round": Effect.fnUntraced(function* ({ row, scope, store }) {
    const rows = Array.from({ length: 12 }, (_, i) =>
      row(`row ${i}`, { at: T0 + (i % 3), saidAt: T0 - (i % 4) * 1_000, validity: [{ from: T0, to: null }] })
    )
    yield* store.put({ scope, now: T0, rows })
    const forward = (by: "createdAt" | "saidAt") =>
      toIds(rows.toSorted((a, b) => a.memory[by] - b.memory[by] || (a.memory.id < b.memory.id ? -1 : 1)))
    for (const by of ["createdAt", "saidAt"] as const) {
      for (const newestFirst of [false, true]) {
        const request = { scope, now: T0 + 10, filter: ANY, by, newestFirst, limit: 100 }
        const expected = newestFirst ? forward(by).toReversed() : forward(by)
        same(toIds((yield* store.list(request)).rows), expected, `list by ${by}, newest first ${newestFirst}`)
        same(toIds((yield* store.listRows(request)).rows), expected, `listRows by ${by}`)
      }
    }
  }),

  "speakers are the live rows' names, each once, spelled as they are": Effect.fnUntraced(function* ({
    row,
    scope,
    store
  }) {
    const speakers = (now: number) => Effect.map(store.speakers({ scope, now }), (names) => names.toSorted())
    same(yield* speakers(T0), [], "nobody yet")
    yield* store.put({
      scope,
      now: T0,
      rows: [
        row("one", { speaker: "Will" }),
        row("two", { speaker: "Will" }),
        row("three", { speaker: "will" }),
        row("four", { speaker: "Zoë 👩‍🚀" }),
        row("five", { speaker: "Expired", expiresAt: T0 + 1 }),
        row("six", { speaker: "Closed", validity: [{ from: T0 - 2, to: T0 - 1 }] }),
        row("seven")
      ]
    })
    same(yield* speakers(T0), ["Expired", "Will", "Zoë 👩‍🚀", "will"], "before one expires")
    same(yield* speakers(T0 + 1), ["Will", "Zoë 👩‍🚀", "will"], "afterwards")
  })
})
