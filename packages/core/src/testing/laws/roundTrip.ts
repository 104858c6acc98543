import { ANY } from "../../memory/Condition.ts"
import * as Effect from "effect/Effect"
import type { JsonObject } from "../../memory/Memory.ts"
import { holds, same, sameRows, sameSet } from "../check.ts"
import { group, type LawContext } from "../Law.ts"
import { DAY, T0 } from "../rows.ts"
import { find } from "../model/find.ts"

/** Puts one row and reads it back by every method that returns memories. */
const comesBack = Effect.fnUntraced(function* (
  { epsilon, row, scope, store }: LawContext,
  content: string,
  parts: Parameters<typeof row>[1] = {}
) {
  const put = row(content, parts)
  const outcomes = yield* store.put({ scope, now: T0, rows: [put] })
  same(outcomes, [{ id: put.memory.id, outcome: "created" }], "the outcome")
  const { id } = put.memory
  const got = yield* store.get({ scope, now: T0, ids: [id] })
  same(got, [put.memory], "get")
  const listed = yield* store.list({ scope, now: T0, filter: ANY, closed: true, limit: 1_000 })
  same(
    listed.rows.filter((memory) => memory.id === id),
    [put.memory],
    "list"
  )
  const whole = yield* store.listRows({ scope, now: T0, filter: ANY, closed: true, limit: 1_000 })
  sameRows(
    whole.rows.filter(({ memory }) => memory.id === id),
    [put],
    epsilon,
    "listRows"
  )
  return put
})

const METADATA: ReadonlyArray<JsonObject> = [
  {},
  { a: null, b: true, c: false, d: 0, e: -1.5, f: 1e21, g: "" },
  { nested: { list: [1, "two", null, [], {}], deeper: { deepest: { really: [[["x"]]] } } } },
  { "": "no key", "a.b": 1, "a=b": 2, "it's": 3, 'say "x"': 4, 日本: 5, $set: 6, "a\\b": 7, "%": 8 },
  { big: Number.MAX_SAFE_INTEGER, small: Number.MIN_VALUE, third: 1 / 3, tiny: -1e-7 },
  { text: "x".repeat(4_000), constructor: "own", toString: null, hasOwnProperty: false },
  { numbersAsText: "1", 1: "one", 10: "ten", 9: "nine" }
]

const CONTENTS: ReadonlyArray<readonly [string, string]> = [
  ["one character", "x"],
  ["spaces and line ends", "  two\tlines\r\nand a trailing space "],
  ["quotes and commands", `'; DROP TABLE memories; -- "quoted" \\ $1 $$ %s {} <script>`],
  ["control characters other than NUL", "bell \u0007, escape \u001b[31m, delete \u007f, next line \u0085"],
  ["scripts", "Größe naïve Ωμέγα Привет שלום مرحبا हिन्दी 日本語 한국어"],
  ["astral characters", "𝒜𝓁𝑔ℯ𝒷𝓇𝒶 👩‍👩‍👧‍👦 🏳️‍🌈 𠜎"],
  ["edges of Unicode", "\u0001 \ufeff \ufffd \uffff \u{10ffff} \u2028 \u2029 \u200b"],
  ["what looks like something else", "null"],
  ["JSON", `{"content": [1, 2, {"a": "b"}]}`],
  ["no word of its own", "the and of ..."]
]

export const roundTrip = group("round trip", {
  "every field set comes back as it was put": (context) =>
    comesBack(context, "Maria ships freight from Gdańsk on Tuesdays.", {
      type: "procedural",
      metadata: { project: "freight", stage: 2, tags: ["a", "b"] },
      source: "assistant",
      speaker: "Maria Ochoa-Lindqvist",
      sessionId: "2026-06-15/morning #1",
      turn: 12_345,
      saidAt: T0 - 400 * DAY,
      importance: 0.123_456_789_012_345,
      pinned: true,
      createdAt: T0 - 3,
      updatedAt: T0 - 2,
      expiresAt: T0 + 90 * DAY,
      validity: [
        { from: T0 - 400 * DAY, to: T0 - 300 * DAY },
        { from: T0 - 200 * DAY, to: T0 - 100 * DAY }
      ],
      supersededBy: "00000000-0000-5000-8000-000000000001",
      accessCount: 7,
      lastAccessedAt: T0 - 1
    }),

  "every field left empty comes back empty": (context) => comesBack(context, "Nothing but words."),

  "extremes of every number come back": (context) =>
    comesBack(context, "On the edge.", {
      importance: 0,
      turn: 0,
      saidAt: -2_208_988_800_000,
      createdAt: 0,
      updatedAt: 0,
      expiresAt: 8_640_000_000_000_000,
      accessCount: 2_000_000_000,
      lastAccessedAt: 0,
      validity: [{ from: -2_208_988_800_000, to: null }]
    }),

  "content of any script and shape comes back byte for byte": Effect.fnUntraced(function* (context) {
    for (const [, content] of CONTENTS) yield* comesBack(context, content)
    const { scope, store } = context
    holds(
      (yield* store.count({ scope, now: T0, filter: ANY })) === CONTENTS.length,
      "every text is a memory of its own"
    )
  }),

  "metadata of any shape comes back": Effect.fnUntraced(function* (context) {
    for (const [i, metadata] of METADATA.entries()) yield* comesBack(context, `Shape ${i}`, { metadata })
  }),

  "100 kB of content come back": (context) =>
    comesBack(
      context,
      Array.from({ length: 9_000 }, (_, i) => `wort${(i * 7_919) % 4_001}`)
        .join(" ")
        .padEnd(100_000, ". Ω")
    ),

  "a row without a vector comes back without one": Effect.fnUntraced(function* (context) {
    const { memory } = yield* comesBack(context, "No vector for this.", { vector: null })
    const { row, scope, store } = context
    const beside = row("A vector for that.")
    yield* store.put({ scope, now: T0, rows: [beside] })
    const { hits } = yield* find(store, {
      scope,
      now: T0,
      vector: beside.passages[0].vector ?? undefined,
      terms: row("vector").passages[0].terms.ids,
      filter: ANY,
      limit: 10,
      exact: true
    })
    sameSet(
      hits.map((hit) => hit.memory),
      [memory, beside.memory],
      "words find both"
    )
    holds(hits.find((hit) => hit.memory.id === memory.id)?.cosine === null, "no vector, no cosine")
  })
})
