import * as Effect from "effect/Effect"
import { close, toContents, same } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { atCosine, axis, DAY, T0 } from "../rows.ts"
import { findAround } from "../model/find.ts"

/** Two sessions of 20 turns; the second leaves out the odd ones. */
const talk = Effect.fnUntraced(function* ({ row, scope, store }: LawContext) {
  const rows = Array.from({ length: 40 }, (_, i) => {
    const [sessionId, turn] = i < 20 ? ["s1", i] : ["s2", (i - 20) * 2]
    return row(`${sessionId} ${turn}`, { sessionId, turn, at: T0 + i })
  })
  yield* store.put({ scope, now: T0, rows })
})

const turns = (sessionId: string, ...numbers: ReadonlyArray<number>): ReadonlyArray<string> =>
  numbers.map((turn) => `${sessionId} ${turn}`).toSorted()

export const around = group("around", {
  "neighbours of a turn, its own row included": Effect.fnUntraced(function* (context) {
    yield* talk(context)
    const { scope, store } = context
    const at = (sessionId: string, turn: number, radius: number) =>
      findAround(store, { scope, now: T0 + 100, anchors: [{ sessionId, turn }], radius })
    same(toContents(yield* at("s1", 10, 1)), turns("s1", 9, 10, 11), "radius 1")
    same(toContents(yield* at("s1", 0, 2)), turns("s1", 0, 1, 2), "the beginning")
    same(toContents(yield* at("s1", 19, 8)), turns("s1", 11, 12, 13, 14, 15, 16, 17, 18, 19), "the end")
    same(toContents(yield* at("s2", 10, 2)), turns("s2", 8, 10, 12), "turns count, not rows")
    same(toContents(yield* at("s2", 11, 1)), turns("s2", 10, 12), "a turn that is not there")
    same(toContents(yield* at("s3", 1, 8)), [], "a session that is not there")
  }),

  "many places at once, each row once": Effect.fnUntraced(function* (context) {
    yield* talk(context)
    const { scope, store } = context
    const anchors = [
      { sessionId: "s1", turn: 3 },
      { sessionId: "s1", turn: 4 },
      { sessionId: "s1", turn: 4 },
      { sessionId: "s2", turn: 4 },
      { sessionId: "none", turn: 4 }
    ]
    const rows = yield* findAround(store, { scope, now: T0 + 100, anchors, radius: 1 })
    same(toContents(rows), [...turns("s1", 2, 3, 4, 5), ...turns("s2", 4)].toSorted(), "the union")
    const all = Array.from({ length: 256 }, (_, i) => ({ sessionId: i % 2 === 0 ? "s1" : "s2", turn: i }))
    same(
      (yield* findAround(store, { scope, now: T0 + 100, anchors: all, radius: 1 })).length,
      40,
      "256 places"
    )
    same(yield* findAround(store, { scope, now: T0 + 100, anchors: [], radius: 1 }), [], "no place")
  }),

  "each row comes with its cosine when a vector is given": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, row, scope, store } = context
    const rows = [0.9, -0.4, 0.1].map((cosine, turn) =>
      row(`${cosine}`, { sessionId: "s", turn, vector: atCosine(cosine, dimensions) })
    )
    const bare = row("none", { sessionId: "s", turn: 3, vector: null })
    yield* store.put({ scope, now: T0, rows: [...rows, bare] })
    const request = { scope, now: T0, anchors: [{ sessionId: "s", turn: 1 }], radius: 2 }
    const scored = yield* findAround(store, { ...request, vector: axis(dimensions) })
    same(scored.length, 4, "the rows")
    for (const { cosine, memory } of scored) {
      const expected = memory.content === "none" ? null : Number(memory.content)
      close(cosine, expected, epsilon, `cosine of ${memory.content}`)
    }
    const unscored = yield* findAround(store, request)
    same(
      unscored.map(({ cosine }) => cosine),
      [null, null, null, null],
      "without a vector"
    )
    same(unscored.find(({ memory }) => memory.content === "0.9")?.memory, rows[0]?.memory, "the row is whole")
  }),

  "expired and closed rows are left out, two rows of one turn are both there": Effect.fnUntraced(
    function* (context) {
      const { row, scope, store } = context
      yield* store.put({
        scope,
        now: T0,
        rows: [
          row("expired", { sessionId: "s", turn: 1, expiresAt: T0 + 10 }),
          row("closed", { sessionId: "s", turn: 2, validity: [{ from: T0 - DAY, to: T0 }] }),
          row("question", { sessionId: "s", turn: 3 }),
          row("answer", { sessionId: "s", turn: 3, source: "assistant" }),
          row("no turn", { sessionId: "s" }),
          row("no session", { turn: 3 })
        ]
      })
      const request = { scope, anchors: [{ sessionId: "s", turn: 2 }], radius: 1 }
      same(toContents(yield* findAround(store, { ...request, now: T0 + 10 })), ["answer", "question"], "now")
      const atStart = { ...request, anchors: [{ sessionId: "s", turn: 0 }] }
      same(yield* findAround(store, { ...atStart, now: T0 + 10 }), [], "a row without a turn is at no place")
      same(toContents(yield* findAround(store, { ...request, now: T0 + 9 })).length, 3, "before it expired")
      same(
        toContents(yield* findAround(store, { ...request, now: T0 + 9, asOf: T0 - 1 })),
        ["closed"],
        "asOf"
      )
    }
  )
})
