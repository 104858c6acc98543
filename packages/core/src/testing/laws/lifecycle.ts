import { toCondition } from "../../memory/Filter.ts"
import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import {
  ASSUMED_CALIBRATION,
  type Calibration,
  sameFingerprint,
  withCalibration
} from "../../memory/Fingerprint.ts"
import { fingerprint } from "../../store/StoreFingerprint.ts"
import { failsWith, holds, same, sameRows } from "../check.ts"
import { group, type Handle, type LawContext, lawFingerprint } from "../Law.ts"
import { T0 } from "../rows.ts"
import { find, findAround } from "../model/find.ts"

/** One call of every method of both services. */
const everyCall = ({ admin, store }: Handle, { fingerprint, row, scope }: LawContext) => {
  const now = T0
  const page = { scope, now, filter: ANY, limit: 1 }
  const late = row("Written too late.")
  const { id } = late.memory
  return {
    put: store.put({ scope, now, rows: [late] }),
    get: store.get({ scope, now, ids: [id] }),
    search: find(store, { ...page, terms: late.passages[0].terms.ids }),
    around: findAround(store, { scope, now, anchors: [{ sessionId: "s", turn: 0 }], radius: 1 }),
    speakers: store.speakers({ scope, now }),
    lastTurn: store.lastTurn({ scope, sessionId: "s" }),
    list: store.list(page),
    listRows: store.listRows(page),
    excerpts: store.excerpts({ scope, now, rows: [{ id, passage: 0 }] }),
    usage: store.usage({ scope }),
    latest: store.latest(page),
    patch: store.patch({ scope, now, id, change: { pinned: true } }),
    supersede: store.supersede({ scope, now, id: row("x").memory.id, row: late }),
    remove: store.remove({ scope, now, target: { _tag: "All" } }),
    touch: store.touch({ scope, now, ids: [id] }),
    count: store.count({ scope, now, filter: ANY }),
    predecessors: store.predecessors({ scope, now, ids: [id] }),
    sessions: store.sessions({ scope, now, limit: 1 }),
    append: store.append({
      scope,
      now,
      entries: [{ sessionId: "s", kind: "history", number: 0, content: "Too late." }]
    }),
    entries: store.entries({ scope, sessionId: "s", kind: "history", limit: 1 }),
    listEntries: store.listEntries({ scope, limit: 1 }),
    dropEntries: store.dropEntries({ scope, sessionId: "s" }),
    expire: admin.expire({ now, limit: 1 }),
    scopes: admin.scopes({ limit: 1 }),
    eraseUser: admin.eraseUser({ userId: scope.userId }),
    owed: admin.owed({ limit: 1 }),
    payOwed: admin.payOwed([{ scope, id, vectors: [null] }]),
    cache: admin.cache,
    fingerprint: admin.fingerprint,
    ...(admin.calibrate === undefined ? {} : { calibrate: admin.calibrate({ mean: 0, spread: 1 }) }),
    stage: admin.stage(lawFingerprint(fingerprint.embedding?.dimensions ?? 4, "next")),
    unstaged: admin.unstaged({ limit: 1 }),
    fillStage: admin.fillStage([{ scope, id, passages: late.passages, owed: false }]),
    commitStage: admin.commitStage,
    dropStage: admin.dropStage
  } satisfies Readonly<Record<string, Effect.Effect<unknown, unknown>>>
}

export const lifecycle = group("lifecycle", {
  "after close every method answers Closed, and close again is safe": Effect.fnUntraced(function* (context) {
    const place = yield* context.fresh
    const handle = yield* place.open()
    yield* handle.store.put({ scope: context.scope, now: T0, rows: [context.row("Kept.")] })
    yield* handle.admin.close
    yield* handle.admin.close
    for (const [method, call] of Object.entries(everyCall(handle, context))) {
      yield* failsWith<unknown>(call, "Closed", method)
    }
    const again = yield* place.open()
    const count = yield* again.store.count({ scope: context.scope, now: T0, filter: ANY })
    same(count, 1, "none of the late calls did anything")
  }),

  "what was acknowledged is there after closing and opening again": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, fresh, row, scope } = context
    const place = yield* fresh
    const rows = Array.from({ length: 20 }, (_, i) =>
      row(`row ${i} apple`, { at: T0 + i, sessionId: "s", turn: i })
    )
    const before = yield* Effect.scoped(
      Effect.gen(function* () {
        const { store } = yield* place.open()
        yield* store.put({ scope, now: T0, rows })
        yield* store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [row("row 3 apple").memory.id] } })
        yield* store.supersede({
          scope,
          now: T0 + 100,
          id: row("row 5 apple").memory.id,
          row: row("row 5 pear", { at: T0 + 100 })
        })
        return yield* store.listRows({ scope, now: T0 + 100, filter: ANY, closed: true, limit: 100 })
      })
    )
    const { admin, store } = yield* place.open()
    const after = yield* store.listRows({ scope, now: T0 + 100, filter: ANY, closed: true, limit: 100 })
    same(after.rows.length, 20, "the rows")
    sameRows(after.rows, before.rows, epsilon, "as they were")
    const result = yield* find(store, {
      scope,
      now: T0 + 100,
      vector: rows[7]?.passages[0].vector ?? undefined,
      terms: row("apple").passages[0].terms.ids,
      filter: ANY,
      limit: 100,
      exact: true
    })
    same([result.hits.length, result.n, result.df], [19, 19, [18]], "found as before")
    same(yield* admin.fingerprint, lawFingerprint(dimensions), "the fingerprint")
    same(yield* admin.scopes({ limit: 10 }), [{ scope, rows: 20, bytes: 229 }], "the scopes")
  }),

  "leaving the Effect scope closes the store": Effect.fnUntraced(function* (context) {
    const handle = yield* Effect.scoped(context.place.open())
    const { scope } = context
    yield* failsWith(handle.store.count({ scope, now: T0, filter: ANY }), "Closed", "count")
  }),

  "a second instance sees the first one's writes, and the first the second's": Effect.fnUntraced(
    function* (context) {
      const { place, row, scope, store } = context
      const second = (yield* place.open()).store
      const look = (from: typeof store) =>
        Effect.map(
          find(from, {
            scope,
            now: T0,
            vector: row("apple 0").passages[0].vector ?? undefined,
            terms: row("apple").passages[0].terms.ids,
            filter: ANY,
            limit: 50,
            exact: true
          }),
          ({ df, hits, n }) => [n, df, hits.length]
        )
      same(
        [yield* look(store), yield* look(second)],
        [
          [0, [0], 0],
          [0, [0], 0]
        ],
        "both know the empty scope"
      )
      for (let i = 0; i < 6; i++) {
        const writer = i % 2 === 0 ? store : second
        yield* writer.put({ scope, now: T0, rows: [row(`apple ${i}`)] })
        const expected = [i + 1, [i + 1], i + 1]
        same([yield* look(store), yield* look(second)], [expected, expected], `after ${i + 1} writes`)
      }
      yield* second.patch({ scope, now: T0 + 1, id: row("apple 0").memory.id, change: { pinned: true } })
      same(yield* store.count({ scope, now: T0, filter: toCondition({ pinned: true }) }), 1, "a patch")
      yield* store.remove({ scope, now: T0, target: { _tag: "Ids", ids: [row("apple 1").memory.id] } })
      same(
        [yield* look(store), yield* look(second)],
        [
          [5, [5], 5],
          [5, [5], 5]
        ],
        "a removal"
      )
      yield* second.supersede({ scope, now: T0, id: row("apple 2").memory.id, row: row("pear") })
      same(
        [yield* look(store), yield* look(second)],
        [
          [5, [4], 5],
          [5, [4], 5]
        ],
        "a supersession"
      )
    }
  ),

  "closing one instance leaves the other open": Effect.fnUntraced(function* ({ place, row, scope, store }) {
    const second = yield* place.open()
    yield* second.store.put({ scope, now: T0, rows: [row("one")] })
    yield* second.admin.close
    yield* store.put({ scope, now: T0, rows: [row("two")] })
    same(yield* store.count({ scope, now: T0, filter: ANY }), 2, "count")
  }),

  "opening with another fingerprint is refused, naming both": Effect.fnUntraced(function* (context) {
    const { dimensions, place, row, scope, store } = context
    yield* store.put({ scope, now: T0, rows: [row("Stays.")] })
    const usual = lawFingerprint(dimensions)
    const others = {
      "another model": lawFingerprint(dimensions, "other"),
      "other dimensions": lawFingerprint(dimensions + 1),
      "no embedder": fingerprint(null),
      "another calibration": fingerprint({
        model: "laws",
        dimensions,
        calibration: { mean: 0.5, spread: 0.1 }
      }),
      "another tokeniser": { ...usual, tokeniser: "xx-9" },
      "another k1": { ...usual, k1: usual.k1 + 0.1 },
      "another b": { ...usual, b: usual.b / 2 },
      "another avgLen": { ...usual, avgLen: usual.avgLen + 1 }
    }
    for (const [name, other] of Object.entries(others)) {
      yield* failsWith(Effect.scoped(place.open(other)), "FingerprintMismatch", name)
    }
    const message = yield* Effect.flip(Effect.scoped(place.open(others["another model"])))
    holds(
      message.message.includes("laws") && message.message.includes("other"),
      "the message names both sides"
    )
    holds(
      message.reason._tag === "FingerprintMismatch" &&
        message.reason.fingerprint !== undefined &&
        sameFingerprint(message.reason.fingerprint, usual),
      "the error carries the stored fingerprint, so that the store can be opened by it"
    )
    same(yield* store.count({ scope, now: T0, filter: ANY }), 1, "the store is unharmed")
  }),

  "a calibration that was measured is recorded once, and no other opening is refused for it":
    Effect.fnUntraced(function* ({ dimensions, fresh, row, scope }) {
      const place = yield* fresh
      const withSpace = (calibration: Calibration) => ({
        ...lawFingerprint(dimensions),
        embedding: { model: "laws", dimensions, calibration }
      })
      const asked = withSpace(ASSUMED_CALIBRATION)
      const measured = { mean: 0.7, spread: 0.04, strength: 1.25 }
      const first = yield* place.open(asked)
      const { calibrate } = first.admin
      if (calibrate === undefined) return
      const second = yield* place.open(asked)
      const expected = withCalibration(asked, measured)
      yield* first.store.put({ scope, now: T0, rows: [row("Kept.")] })
      same(yield* calibrate(measured), expected, "what is recorded")
      same(yield* first.admin.fingerprint, expected, "the fingerprint of this handle")
      const later = yield* Effect.forEach([first, second], ({ admin }) =>
        admin.calibrate === undefined ? admin.fingerprint : admin.calibrate({ mean: 0.1, spread: 0.2 })
      )
      same(later, [expected, expected], "the first that is recorded stays")
      same(yield* second.admin.fingerprint, expected, "the fingerprint of another handle")
      same(yield* second.store.count({ scope, now: T0, filter: ANY }), 1, "both still serve")
      yield* first.admin.close
      yield* second.admin.close
      for (const next of [asked, expected, withSpace({ mean: 0.2, spread: 0.3 })]) {
        const again = yield* place.open(next)
        same(yield* again.admin.fingerprint, expected, "the next opening")
        same(yield* again.store.count({ scope, now: T0, filter: ANY }), 1, "its rows")
        yield* again.admin.close
      }
    }),

  "a calibration that was given stays": Effect.fnUntraced(function* ({ dimensions, fresh }) {
    const { admin } = yield* (yield* fresh).open()
    if (admin.calibrate === undefined) return
    const given = lawFingerprint(dimensions)
    same(yield* admin.calibrate({ mean: 0.7, spread: 0.04 }), given, "what is recorded")
    same(yield* admin.fingerprint, given, "the fingerprint")
  }),

  "a store without an embedder recalls by words": Effect.fnUntraced(function* ({ fresh, row, scope }) {
    const place = yield* fresh
    const { admin, store } = yield* place.open(fingerprint(null))
    same(yield* admin.fingerprint, fingerprint(null), "the fingerprint")
    const rows = [row("apple tart", { vector: null, sessionId: "s", turn: 0 }), row("pear", { vector: null })]
    yield* store.put({ scope, now: T0, rows })
    const result = yield* find(store, {
      scope,
      now: T0,
      terms: row("apple").passages[0].terms.ids,
      filter: ANY,
      limit: 5,
      exact: true
    })
    same(
      [result.hits.map((hit) => [hit.memory.content, hit.cosine, hit.bm25 > 0]), result.n, result.df],
      [[["apple tart", null, true]], 2, [1]],
      "the search"
    )
    const near = yield* findAround(store, {
      scope,
      now: T0,
      anchors: [{ sessionId: "s", turn: 1 }],
      radius: 1
    })
    same(
      near.map(({ cosine }) => cosine),
      [null],
      "around"
    )
    const { rows: whole } = yield* store.listRows({ scope, now: T0, filter: ANY, limit: 5 })
    same(
      whole.map(({ passages }) => passages[0].vector),
      [null, null],
      "listRows"
    )
  })
})
