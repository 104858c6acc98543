import { assert, describe, it } from "@effect/vitest"
import { type Interval, type Memory } from "@keepsake/core"
import { closeAt, isCurrent, isExpired, isVisible, restate } from "@keepsake/core/driver"
import { rowBuilder } from "@keepsake/core/testing"
import { Schema } from "effect"
import { SAME_CASES } from "../support/sameCases.ts"

/** Few instants, so that they coincide. */
const Instant = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 }))

/** What a memory's lifetime is made of; `bounds` become intervals that touch, are empty or lie apart. */
const Life = Schema.Struct({
  bounds: Schema.Array(Instant).check(Schema.isMinLength(1), Schema.isMaxLength(6)),
  expiresAt: Schema.NullOr(Instant),
  updatedAt: Instant,
  content: Schema.Literals(["A", "B"])
})
type Life = typeof Life.Type

const scope = { agentId: "agent", userId: "user" }

const makeMemory = ({ bounds, content, expiresAt, updatedAt }: Life): Memory => {
  const sorted = bounds.toSorted((a, b) => a - b)
  const validity: Array<Interval> = []
  for (let i = 0; i < sorted.length; i += 2)
    validity.push({ from: sorted[i] ?? 0, to: sorted[i + 1] ?? null })
  const parts = { key: "one", at: 0, expiresAt, updatedAt, validity, metadata: { of: content } }
  const closed = validity.at(-1)?.to !== null
  return { ...rowBuilder(scope, 4)(content, parts).memory, supersededBy: closed ? "successor" : null }
}

/** At least one interval, none backwards, in order, none inside another, only the last open. */
const wellFormed = ({ validity }: Memory): boolean =>
  validity.length > 0 &&
  validity.every(({ from, to }, i) => {
    const next = validity[i + 1]
    return next === undefined ? to === null || from <= to : to !== null && from <= to && to <= next.from
  })

/** Whether a memory held at an instant, said another way than the code does. */
const held = ({ validity }: Memory, at: number): boolean =>
  validity.filter(({ from }) => from <= at).some(({ to }) => (to ?? Number.POSITIVE_INFINITY) > at)

const HORIZON = Array.from({ length: 16 }, (_, at) => at - 1)

describe("isVisible", () => {
  it.prop(
    "is: not expired, and current or held then",
    [Life, Instant, Instant],
    ([life, now, asOf]) => {
      const memory = makeMemory(life)
      const expired = memory.expiresAt !== null && now >= memory.expiresAt
      assert.strictEqual(isExpired(memory, now), expired)
      assert.strictEqual(isCurrent(memory), life.bounds.length % 2 === 1)
      assert.strictEqual(isVisible(memory, now), !expired && isCurrent(memory))
      assert.strictEqual(isVisible(memory, now, asOf), !expired && held(memory, asOf))
    },
    SAME_CASES
  )

  it("an expiry at this very millisecond is gone, one later is not", () => {
    const memory = makeMemory({ bounds: [0], expiresAt: 5, updatedAt: 0, content: "A" })
    assert.deepStrictEqual(
      [4, 5, 6].map((now) => isVisible(memory, now)),
      [true, false, false]
    )
  })

  it("asOf takes in the start of an interval and leaves out its end", () => {
    const memory = makeMemory({ bounds: [2, 4], expiresAt: null, updatedAt: 0, content: "A" })
    assert.deepStrictEqual(
      [1, 2, 3, 4].map((asOf) => isVisible(memory, 9, asOf)),
      [false, true, true, false]
    )
  })
})

describe("closeAt", () => {
  it.prop(
    "closes the open interval, never before its start",
    [Life, Instant],
    ([life, at]) => {
      const memory = makeMemory(life)
      const closed = closeAt(memory, at, "next")
      if (!isCurrent(memory)) {
        assert.strictEqual(closed, memory)
        return
      }
      assert.strictEqual(wellFormed(closed), true)
      assert.strictEqual(isCurrent(closed), false)
      const from = memory.validity.at(-1)?.from ?? 0
      assert.deepStrictEqual(closed, {
        ...memory,
        validity: [...memory.validity.slice(0, -1), { from, to: Math.max(from, at) }],
        supersededBy: "next"
      })
      for (const instant of HORIZON) {
        assert.strictEqual(held(closed, instant), held(memory, instant) && (instant < at || instant < from))
      }
    },
    SAME_CASES
  )

  it.prop(
    "a second close changes nothing",
    [Life, Instant, Instant],
    ([life, at, later]) => {
      const closed = closeAt(makeMemory(life), at, "next")
      assert.deepStrictEqual(closeAt(closed, later, "other"), closed)
    },
    SAME_CASES
  )
})

describe("restate", () => {
  it.prop(
    "other content conflicts, unless the existing row has expired",
    [Life, Life, Instant],
    ([a, b, now]) => {
      const [existing, stated] = [makeMemory({ ...a, content: "A" }), makeMemory({ ...b, content: "B" })]
      const result = restate(existing, stated, now)
      assert.deepStrictEqual(
        result,
        isExpired(existing, now) ? { outcome: "created", memory: stated } : { outcome: "conflict" }
      )
    },
    SAME_CASES
  )

  it.prop(
    "a visible row is refreshed: only updatedAt and expiresAt move, and the longer lifetime wins",
    [Life, Life, Instant],
    ([a, b, now]) => {
      const [existing, stated] = [makeMemory(a), makeMemory({ ...b, content: a.content })]
      const result = restate(existing, stated, now)
      if (result.outcome === "conflict") assert.fail("the content is the same")
      assert.strictEqual(result.outcome, isVisible(existing, now) ? "refreshed" : "reopened")
      const { expiresAt, supersededBy, updatedAt, validity, ...kept } = result.memory
      assert.deepStrictEqual({ ...existing, ...kept }, existing)
      const ends = [existing.expiresAt, stated.expiresAt].map((end) => end ?? Number.POSITIVE_INFINITY)
      assert.strictEqual(expiresAt ?? Number.POSITIVE_INFINITY, Math.max(...ends))
      assert.strictEqual(updatedAt, Math.max(existing.updatedAt, stated.updatedAt))
      if (result.outcome === "refreshed") {
        assert.deepStrictEqual([validity, supersededBy], [existing.validity, existing.supersededBy])
      }
    },
    SAME_CASES
  )

  it.prop(
    "any other row is reopened: a new interval after the old ones",
    [Life, Life, Instant],
    ([a, b, now]) => {
      const [existing, stated] = [makeMemory(a), makeMemory({ ...b, content: a.content })]
      const result = restate(existing, stated, now)
      if (result.outcome !== "reopened") return
      const { memory } = result
      assert.strictEqual(wellFormed(memory), true)
      assert.strictEqual(isCurrent(memory), true)
      assert.strictEqual(memory.supersededBy, null)
      assert.strictEqual(memory.validity.length, existing.validity.length + 1)
      const past = memory.validity.slice(0, -1)
      assert.deepStrictEqual(past.slice(0, -1), existing.validity.slice(0, -1))
      const [was, is] = [existing.validity.at(-1), past.at(-1)]
      assert.strictEqual(is?.from, was?.from)
      // What was still open on an expired row ended when it expired.
      assert.strictEqual(is?.to, was?.to ?? Math.max(was?.from ?? 0, existing.expiresAt ?? 0))
      assert.strictEqual(memory.validity.at(-1)?.from, Math.max(stated.validity[0]?.from ?? 0, is?.to ?? 0))
    },
    SAME_CASES
  )

  it.prop(
    "the fields that are given are taken over, and no other",
    [Life, Life, Instant, Schema.Array(Schema.Literals(["metadata", "importance", "pinned"]))],
    ([a, b, now, overwrites]) => {
      const existing = makeMemory(a)
      const stated = {
        ...makeMemory({ ...b, content: a.content }),
        metadata: { b: 1 },
        importance: 1,
        pinned: true
      }
      const result = restate(existing, stated, now, overwrites)
      if (result.outcome === "conflict") assert.fail("the content is the same")
      for (const field of ["metadata", "importance", "pinned"] as const) {
        const from = overwrites.includes(field) ? stated : existing
        assert.deepStrictEqual(result.memory[field], from[field])
      }
    },
    SAME_CASES
  )

  it("A, then B, then A keeps three intervals apart", () => {
    const a = makeMemory({ bounds: [1], expiresAt: null, updatedAt: 1, content: "A" })
    const superseded = closeAt(a, 5, "B")
    const again = makeMemory({ bounds: [8], expiresAt: null, updatedAt: 8, content: "A" })
    const result = restate(superseded, again, 8)
    assert.deepStrictEqual(result, {
      outcome: "reopened",
      memory: {
        ...a,
        updatedAt: 8,
        validity: [
          { from: 1, to: 5 },
          { from: 8, to: null }
        ]
      }
    })
  })
})
