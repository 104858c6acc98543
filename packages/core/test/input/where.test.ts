import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { matches, isAny, isNone } from "../../src/memory/Condition.ts"
import type { JsonObject } from "../../src/memory/Memory.ts"
import type { Where } from "../../src/memory/Where.ts"
import { addWhere, condition } from "../../src/input/where.ts"
import { rowBuilder, T0 } from "../../src/testing/rows.ts"
import { cpuTimeOf } from "../support/cpuTime.ts"

const memory = (metadata: JsonObject, parts = {}) =>
  rowBuilder({ agentId: "a", userId: "u" }, 4)("text", { metadata, ...parts }).memory

const read = (value: Where) => Result.getOrThrow(condition(value))
const problem = (value: unknown) => {
  const result = condition(value)
  return Result.isFailure(result) ? result.failure.join(" ") : "accepted"
}

describe("where", () => {
  it.each<[string, Where, JsonObject, boolean]>([
    ["a plain value is eq", { metadata: { k: 1 } }, { k: 1 }, true],
    ["a plain value converts nothing", { metadata: { k: 1 } }, { k: "1" }, false],
    ["ne is true where nothing stands", { metadata: { k: { ne: 1 } } }, {}, true],
    ["ne null is true where nothing stands", { metadata: { k: { ne: null } } }, {}, true],
    ["ne null is false of null", { metadata: { k: { ne: null } } }, { k: null }, false],
    ["ne is true of a list", { metadata: { k: { ne: 1 } } }, { k: [1] }, true],
    ["notIn is true where nothing stands", { metadata: { k: { notIn: [1, 2] } } }, {}, true],
    ["an empty in is false", { metadata: { k: { in: [] } } }, { k: 1 }, false],
    ["an empty notIn is true", { metadata: { k: { notIn: [] } } }, {}, true],
    ["exists: false is true where nothing stands", { metadata: { k: { exists: false } } }, {}, true],
    ["exists is true of null", { metadata: { k: { exists: true } } }, { k: null }, true],
    ["operators side by side are all required", { metadata: { k: { gte: 3, lt: 5 } } }, { k: 5 }, false],
    ["gte includes its bound", { metadata: { k: { gte: 3, lt: 5 } } }, { k: 3 }, true],
    ["a comparison is false of text", { metadata: { k: { gt: 3 } } }, { k: "4" }, false],
    ["contains finds a scalar in a list", { metadata: { k: { contains: "x" } } }, { k: ["x"] }, true],
    ["contains is false of text", { metadata: { k: { contains: "x" } } }, { k: "xyz" }, false],
    ["a dot leads into an object", { metadata: { "a.b": 1 } }, { a: { b: 1 } }, true],
    ["a dot leads into no list", { metadata: { "a.0": 1 } }, { a: [1] }, false],
    ["an escaped dot is part of the key", { metadata: { "a\\.b": 1 } }, { "a.b": 1 }, true],
    ["an escaped backslash is one", { metadata: { "a\\\\.b": 1 } }, { "a\\": { b: 1 } }, true],
    ["a single backslash is itself", { metadata: { "a\\b": 1 } }, { "a\\b": 1 }, true],
    ["an empty or is false", { or: [] }, {}, false],
    ["an empty and is true", { and: [] }, {}, true],
    ["not is the plain opposite", { not: { metadata: { k: { gt: 3 } } } }, { k: "4" }, true],
    [
      "what stands side by side is all required",
      { metadata: { k: 1 }, not: { metadata: { k: 1 } } },
      { k: 1 },
      false
    ],
    ["or needs one", { or: [{ metadata: { k: 1 } }, { metadata: { k: 2 } }] }, { k: 2 }, true]
  ])("%s", (_, filter, metadata, expected) => {
    expect(matches(read(filter), memory(metadata))).toBe(expected)
    expect(matches(read({ not: filter }), memory(metadata))).toBe(!expected)
  })

  it("reads fields of the memory, times as dates, numbers and ISO text", () => {
    const one = memory(
      {},
      { speaker: "Ana", saidAt: T0, sessionId: null, importance: 0.5, expiresAt: T0 + 9 }
    )
    const iso = new Date(T0).toISOString()
    for (const moment of [T0, new Date(T0), iso]) {
      expect(matches(read({ saidAt: moment }), one)).toBe(true)
      expect(matches(read({ saidAt: { gt: moment } }), one)).toBe(false)
      expect(matches(read({ expiresAt: { gte: moment } }), one)).toBe(true)
    }
    expect(matches(read({ speaker: { in: ["Ana", "Bo"] }, importance: { gte: 0.5 } }), one)).toBe(true)
    expect(matches(read({ sessionId: { ne: "s" } }), one)).toBe(true)
    expect(matches(read({ sessionId: { exists: true } }), one)).toBe(false)
    expect(matches(read({ pinned: false, type: "episodic", source: { notIn: ["tool"] } }), one)).toBe(true)
  })

  it("folds what decides nothing", () => {
    expect(isAny(read({}))).toBe(true)
    expect(isAny(read({ and: [{}, { not: { or: [] } }] }))).toBe(true)
    expect(isAny(read({ metadata: {} }))).toBe(true)
    expect(isNone(read({ type: { in: [] } }))).toBe(true)
    expect(isAny(read({ type: { exists: true }, not: { createdAt: { exists: false } } }))).toBe(true)
    expect(isNone(read({ pinned: { exists: false } }))).toBe(true)
    for (const field of ["speaker", "sessionId", "expiresAt"] as const) {
      expect(isAny(read({ [field]: { exists: true } }))).toBe(false)
    }
  })

  const nest = (depth: number): object => (depth === 0 ? { pinned: true } : { not: nest(depth - 1) })

  it.each<[string, unknown, RegExp]>([
    ["a misspelt field", { typ: "semantic" }, /\.typ is not known here.*type/],
    ["a misspelt operator", { importance: { gtee: 1 } }, /\.importance\.gtee is no operator here.*gte/],
    ["an operator of another kind", { type: { gt: 1 } }, /\.type\.gt is no operator here/],
    ["contains on a field", { speaker: { contains: "A" } }, /\.speaker\.contains is no operator here/],
    ["a value that is none", { type: "semantics" }, /\.type "semantics" is none of/],
    ["null for a field", { speaker: null }, /exists: false/],
    ["a list without in", { type: ["semantic"] }, /\.type/],
    ["text for a list", { source: { in: "user" } }, /\.source\.in "user" is not a list; write \["user"\]/],
    ["a number that is none", { metadata: { k: Number.NaN } }, /\.metadata\.k NaN/],
    [
      "text to compare with",
      { metadata: { k: { gt: "3" } } },
      /\.metadata\.k\.gt "3" is not a finite number/
    ],
    ["an object to look into", { metadata: { address: { city: "Porto" } } }, /"address\.city"/],
    ["an empty test", { metadata: { k: {} } }, /asks for nothing/],
    ["a bare date", { saidAt: { gte: "2026-11-24" } }, /\.saidAt\.gte/],
    ["too deep", nest(5), /nests deeper than 4/],
    [
      "too many tests",
      { or: Array.from({ length: 200 }, () => ({ pinned: true, type: "semantic" })) },
      /too many/
    ],
    ["a list", [], /is not a filter/],
    ["a Map", new Map([["pinned", true]]), /is not a filter/]
  ])("refuses %s", (_, value, message) => {
    expect(problem(value)).toMatch(message)
  })

  const refuseToBeRead = () => {
    throw new Error("not to be read")
  }
  const trap = new Proxy({}, { ownKeys: refuseToBeRead, getPrototypeOf: refuseToBeRead })
  const trappedList = new Proxy([], { get: refuseToBeRead })

  it.each<[string, unknown]>([
    ["getter", Object.defineProperty({}, "type", { enumerable: true, get: refuseToBeRead })],
    ["proxy", trap],
    ["proxy for a test", { type: trap }],
    ["proxy for metadata", { metadata: trap }],
    ["proxy among others", { or: [{ pinned: true }, trap] }],
    ["proxy for a list", { type: { in: trappedList } }]
  ])("refuses a %s that throws", (_, value) => {
    expect(problem(value)).toMatch(/could not be read/)
  })

  it("reads no more parts than it allows, however they refer to each other", () => {
    let filter: Where = {}
    for (let i = 0; i < 4; i++) filter = { and: Array.from<Where>({ length: 256 }).fill(filter) }
    expect(problem(filter)).toMatch(/more than 1024 filters/)
    expect(cpuTimeOf(() => problem(filter), 500)).toBeLessThan(500)
  })

  it("allows four levels around each of 256 tests", () => {
    expect(problem({ or: Array.from({ length: 256 }, () => nest(3)) })).toBe("accepted")
  })

  it("adds a filter to one of four levels, and hides no mistake in it", () => {
    const added = addWhere({ ...nest(4), and: [{ pinned: true }] }, { type: "semantic" })
    expect(problem(added)).toBe("accepted")
    expect(matches(read(added), memory({}, { pinned: true, type: "semantic" }))).toBe(true)
    expect(matches(read(added), memory({}, { pinned: true, type: "episodic" }))).toBe(false)
    for (const wrong of [null, [], "x", { and: 5 }, { and: "x" }]) {
      expect(problem(addWhere(wrong as Where, { pinned: true }))).toMatch(/is not a (?:filter|list)/)
    }
  })

  it("takes four levels", () => {
    expect(problem(nest(4))).toBe("accepted")
  })

  it("is typed: an operator that a field does not have does not compile", () => {
    const filters: ReadonlyArray<Where> = [
      // @ts-expect-error -- types have no order
      { type: { gt: "semantic" } },
      // @ts-expect-error -- a misspelt type
      { type: { in: ["semantics"] } },
      // @ts-expect-error -- only lists of the metadata contain
      { speaker: { contains: "A" } },
      // @ts-expect-error -- metadata has no order of text
      { metadata: { k: { gt: "3" } } }
    ]
    expect(filters.map(problem)).not.toContain("accepted")
  })
})
