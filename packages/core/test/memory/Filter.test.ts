import { assert, describe, it } from "@effect/vitest"
import type { Memory } from "@keepsake/core"
import { toCondition, type Filter, matches } from "@keepsake/core/driver"
import { rowBuilder } from "@keepsake/core/testing"

const memory: Memory = rowBuilder({ agentId: "agent", userId: "user" }, 4)("Tea.", {
  type: "semantic",
  source: "assistant",
  speaker: "Ana",
  sessionId: "s1",
  saidAt: 100,
  pinned: true,
  metadata: { topic: "tea", n: 1, none: null, list: ["x"], deep: { n: 2 } }
}).memory

const nameless: Memory = { ...memory, speaker: null, sessionId: null, pinned: false, metadata: {} }

const yes: ReadonlyArray<Filter> = [
  {},
  { types: ["episodic", "semantic"] },
  { sources: ["assistant"] },
  { speakers: ["Bo", "Ana"] },
  { sessionId: "s1" },
  { exceptSessionId: "s2" },
  { pinned: true },
  { saidFrom: 100 },
  { saidTo: 101 },
  { saidFrom: 100, saidTo: 101 },
  { metadata: {} },
  { metadata: { topic: "tea", n: 1 } },
  { metadata: { none: null } },
  { types: ["semantic"], sources: ["assistant"], speakers: ["Ana"], sessionId: "s1", pinned: true }
]

const no: ReadonlyArray<Filter> = [
  { types: [] },
  { types: ["episodic"] },
  { sources: [] },
  { sources: ["user", "tool"] },
  { speakers: [] },
  { speakers: ["ana"] },
  { sessionId: "s" },
  { exceptSessionId: "s1" },
  { sessionId: "s1", exceptSessionId: "s1" },
  { pinned: false },
  { saidFrom: 101 },
  { saidTo: 100 },
  { metadata: { topic: "tea", n: 2 } },
  { metadata: { n: "1" } },
  { metadata: { absent: null } },
  { metadata: { toString: null } },
  { metadata: { list: "x" } },
  { metadata: { "deep.n": 2 } },
  { types: ["semantic"], pinned: false }
]

/** Stores are asked with the condition that a filter of the older form becomes. */
const passes = (filter: Filter, candidate: Memory): boolean => matches(toCondition(filter), candidate)

describe("a filter of the older form", () => {
  it.each(yes.map((filter) => [JSON.stringify(filter), filter] as const))("%s: yes", (_, filter) => {
    assert.strictEqual(passes(filter, memory), true)
  })

  it.each(no.map((filter) => [JSON.stringify(filter), filter] as const))("%s: no", (_, filter) => {
    assert.strictEqual(passes(filter, memory), false)
  })

  it("a memory without speaker or session is of none, and outside every session", () => {
    assert.strictEqual(passes({ speakers: ["Ana"] }, nameless), false)
    assert.strictEqual(passes({ sessionId: "s1" }, nameless), false)
    assert.strictEqual(passes({ exceptSessionId: "s1" }, nameless), true)
    assert.strictEqual(passes({ pinned: false }, nameless), true)
    assert.strictEqual(passes({ metadata: {} }, nameless), true)
  })

  it("a key that every object inherits is absent, and its own when set", () => {
    const own = { ...memory, metadata: { constructor: "mine" } }
    assert.strictEqual(passes({ metadata: { constructor: "mine" } }, own), true)
    assert.strictEqual(passes({ metadata: { constructor: "mine" } }, memory), false)
  })
})
