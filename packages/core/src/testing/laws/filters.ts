import * as Effect from "effect/Effect"
import { type Condition, matches } from "../../memory/Condition.ts"
import { toCondition, type Filter } from "../../memory/Filter.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import { toContents, holds, toIds, same } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { atCosine, axis, DAY, queryTerms, type RowParts, T0 } from "../rows.ts"
import { find } from "../model/find.ts"

/** Rows that every filter tells apart. */
const assorted = ({ row }: LawContext): ReadonlyArray<StoreRow> => [
  row("apple 0", { type: "semantic", source: "assistant", speaker: "Ana", sessionId: "s1", pinned: true }),
  row("apple 1", { type: "semantic", speaker: "ana", sessionId: "s2", saidAt: T0 - DAY }),
  row("apple 2", { type: "procedural", source: "tool", speaker: "Bo", sessionId: "s1", saidAt: T0 - 1 }),
  row("apple 3", { source: "system", metadata: { n: 1, s: "1", b: true, z: null, list: ["x"] } }),
  row("apple 4", { metadata: { n: "1", s: 1, b: "true", z: "null", list: "x" }, sessionId: "S1" }),
  row("apple 5", { metadata: { n: 1.5, b: false, deep: { n: 1 }, "a.b": 1, "a=b": "c" }, pinned: true }),
  row("apple 6", { metadata: { n: 0, s: "", "": "empty key", 'q"': "it's", 日本: "x=y" }, saidAt: -5 }),
  row("apple 7", { speaker: 'O\'Brien, "Bo"', saidAt: T0 + 1, sessionId: "s1" })
]

const OLDER: Readonly<Record<string, Filter>> = {
  nothing: {},
  "a type": { types: ["semantic"] },
  "two types": { types: ["semantic", "procedural"] },
  "no type at all": { types: [] },
  "a source": { sources: ["assistant"] },
  "two sources": { sources: ["tool", "system"] },
  "no source at all": { sources: [] },
  "a speaker": { speakers: ["Ana"] },
  "speakers with quotes": { speakers: ["Bo", 'O\'Brien, "Bo"'] },
  "300 speakers": { speakers: Array.from({ length: 300 }, (_, i) => (i === 200 ? "Bo" : `nobody ${i}`)) },
  "no speaker at all": { speakers: [] },
  "a session": { sessionId: "s1" },
  "an unknown session": { sessionId: "s" },
  "all but a session": { exceptSessionId: "s1" },
  "a session and all but it": { sessionId: "s1", exceptSessionId: "s1" },
  pinned: { pinned: true },
  "not pinned": { pinned: false },
  "said from a time on": { saidFrom: T0 },
  "said before a time": { saidTo: T0 },
  "said before 1970": { saidTo: 0 },
  "said from before 1970 on": { saidFrom: -5, saidTo: 1 },
  "said within a time": { saidFrom: T0 - DAY, saidTo: T0 + 1 },
  "said in an empty time": { saidFrom: T0, saidTo: T0 },
  "metadata, a number": { metadata: { n: 1 } },
  "metadata, text that looks like a number": { metadata: { n: "1" } },
  "metadata, a fraction": { metadata: { n: 1.5 } },
  "metadata, a number written with an exponent": { metadata: { n: 1e21 } },
  "metadata, the largest whole number": { metadata: { big: Number.MAX_SAFE_INTEGER } },
  "metadata, one less": { metadata: { big: Number.MAX_SAFE_INTEGER - 1 } },
  "metadata, a third": { metadata: { third: 1 / 3 } },
  "metadata, a third, cut": { metadata: { third: 0.333333333333333 } },
  "metadata, below zero": { metadata: { below: -0.1 } },
  "metadata, long text": { metadata: { s: "x".repeat(2_000) } },
  "metadata, the start of a long text": { metadata: { s: "x".repeat(1_999) } },
  "metadata, zero": { metadata: { n: 0 } },
  "metadata, true": { metadata: { b: true } },
  "metadata, false": { metadata: { b: false } },
  "metadata, text that looks like a boolean": { metadata: { b: "true" } },
  "metadata, null is not absent": { metadata: { z: null } },
  "metadata, text that looks like null": { metadata: { z: "null" } },
  "metadata, empty text": { metadata: { s: "" } },
  "metadata, a scalar is no list": { metadata: { list: "x" } },
  "metadata, nothing below the top": { metadata: { "deep.n": 1 } },
  "metadata, a key with a dot": { metadata: { "a.b": 1 } },
  "metadata, a key with an equals sign": { metadata: { "a=b": "c" } },
  "metadata, key and value do not run together": { metadata: { a: "b=c" } },
  "metadata, an empty key": { metadata: { "": "empty key" } },
  "metadata, quotes": { metadata: { 'q"': "it's" } },
  "metadata, other scripts": { metadata: { 日本: "x=y" } },
  "metadata, a key every object inherits": { metadata: { toString: null } },
  "metadata, an absent key": { metadata: { absent: null } },
  "metadata, two keys": { metadata: { n: 1, s: "1" } },
  "metadata, two keys of which one differs": { metadata: { n: 1, s: 1 } },
  "metadata, no keys": { metadata: {} },
  "everything together": {
    types: ["semantic"],
    sources: ["assistant", "user"],
    speakers: ["Ana", "Bo"],
    sessionId: "s1",
    exceptSessionId: "s2",
    pinned: true,
    saidFrom: T0,
    saidTo: T0 + 1,
    metadata: {}
  }
}

const FILTERS: ReadonlyArray<readonly [name: string, filter: Condition]> = Object.entries(OLDER).map(
  ([name, filter]) => [name, toCondition(filter)]
)

/**
 * 70 rows that are nearer and share more words than the one that may be returned, and pass the filter but
 * for what `hidden` says.
 */
const crowd = Effect.fnUntraced(function* (context: LawContext, hidden: RowParts, asOf?: number) {
  const { dimensions, row, scope, store } = context
  const rows = Array.from({ length: 70 }, (_, i) =>
    row(`apple apple apple ${i}`, {
      vector: atCosine(0.95 - i * 0.001, dimensions, i),
      type: "semantic",
      metadata: { keep: "yes" },
      ...hidden
    })
  )
  const live = row("apple among many other words that make it longer", {
    vector: atCosine(0.2, dimensions),
    type: "semantic",
    metadata: { keep: "yes" }
  })
  yield* store.put({ scope, now: T0, rows: [...rows.slice(0, 35), live, ...rows.slice(35)] })
  for (const exact of [true, undefined]) {
    for (const channel of [
      { vector: axis(dimensions) },
      { terms: queryTerms("apple") },
      { vector: axis(dimensions), terms: queryTerms("apple") }
    ]) {
      const result = yield* find(store, {
        scope,
        now: T0 + DAY,
        asOf,
        filter: toCondition({ types: ["semantic"], metadata: { keep: "yes" } }),
        limit: 1,
        exact,
        ...channel
      })
      same(
        toIds(result.hits),
        [live.memory.id],
        `${Object.keys(channel).join(" and ")}, exact ${String(exact)}`
      )
    }
  }
})

export const filters = group("filters", {
  "every filter selects in search what it selects by definition": Effect.fnUntraced(function* (context) {
    const { dimensions, scope, store } = context
    const rows = assorted(context)
    yield* store.put({ scope, now: T0, rows })
    for (const [name, filter] of FILTERS) {
      const expected = toContents(rows.filter(({ memory }) => matches(filter, memory)))
      const request = { scope, now: T0, filter, limit: 10, exact: true }
      const near = yield* find(store, { ...request, vector: axis(dimensions) })
      same(toContents(near.hits), expected, `${name}: by vector`)
      const worded = yield* find(store, { ...request, terms: queryTerms("apple") })
      same(toContents(worded.hits), expected, `${name}: by words`)
      same([near.n, worded.n, worded.df], [8, 8, [8]], `${name}: the counts are the scope's`)
    }
  }),

  "every filter selects the same in list, latest and count": Effect.fnUntraced(function* (context) {
    const { scope, store } = context
    const rows = assorted(context)
    yield* store.put({ scope, now: T0, rows })
    for (const [name, filter] of FILTERS) {
      const expected = toContents(rows.filter(({ memory }) => matches(filter, memory)))
      const request = { scope, now: T0, filter, limit: 10 }
      same(toContents((yield* store.list(request)).rows), expected, `${name}: list`)
      same(toContents((yield* store.listRows(request)).rows), expected, `${name}: listRows`)
      same(toContents(yield* store.latest(request)), expected, `${name}: latest`)
      same(yield* store.count(request), expected.length, `${name}: count`)
    }
  }),

  "70 expired rows never hide a live one": (context) => crowd(context, { expiresAt: T0 + DAY }),

  "70 closed rows never hide a live one": (context) =>
    crowd(context, { validity: [{ from: T0 - 2, to: T0 - 1 }] }),

  "70 rows of another type never hide a live one": (context) => crowd(context, { type: "episodic" }),

  "70 rows with other metadata never hide a live one": (context) =>
    crowd(context, { metadata: { keep: "no" } }),

  "70 rows that hold now never hide the one that held then": (context) =>
    crowd(context, { validity: [{ from: T0 + 10, to: null }] }, T0 + 5),

  "as many rows as asked for come back whenever they exist": Effect.fnUntraced(function* (context) {
    const { dimensions, row, scope, store } = context
    const rows = Array.from({ length: 200 }, (_, i) =>
      row(`row ${i}`, {
        vector: atCosine(0.9 - i * 0.004, dimensions, i),
        pinned: i % 20 === 19,
        expiresAt: i % 3 === 0 ? T0 + 1 : null
      })
    )
    yield* store.put({ scope, now: T0, rows })
    const live = rows.filter(({ memory }) => memory.pinned && memory.expiresAt === null)
    for (const exact of [true, undefined]) {
      const { hits } = yield* find(store, {
        scope,
        now: T0 + 1,
        vector: axis(dimensions),
        filter: toCondition({ pinned: true }),
        limit: live.length,
        exact
      })
      same(toIds(hits).toSorted(), toIds(live).toSorted(), `exact ${String(exact)}`)
      holds(hits.length === live.length, "as many as there are")
    }
  })
})
