import { describe, expect, it } from "vitest"
import {
  allOf,
  ANY,
  anyOf,
  type Condition,
  matches,
  isAny,
  isIn,
  isNone,
  NONE,
  not,
  type Target
} from "../../src/memory/Condition.ts"
import type { JsonObject, JsonScalar } from "../../src/memory/Memory.ts"
import { rowBuilder } from "../../src/testing/rows.ts"

const memory = (metadata: JsonObject, parts = {}) =>
  rowBuilder({ agentId: "a", userId: "u" }, 4)("text", { metadata, ...parts }).memory

const at = (...path: ReadonlyArray<string>): Target => ({ path })
const contains = (target: Target, value: JsonScalar): Condition => ({ _tag: "Contains", target, value })
const exists = (target: Target): Condition => ({ _tag: "Exists", target })
const above = (target: Target, value: number): Condition => ({
  _tag: "Compare",
  target,
  comparison: "gt",
  value
})

describe("a condition", () => {
  it.each<[string, Condition, JsonObject, boolean]>([
    ["equals a scalar of the same type", isIn(at("n"), [1]), { n: 1 }, true],
    ["converts nothing", isIn(at("n"), [1]), { n: "1" }, false],
    ["tells null from absent", isIn(at("n"), [null]), {}, false],
    ["finds a null that stands there", isIn(at("n"), [null]), { n: null }, true],
    ["takes a list for no scalar", isIn(at("n"), ["a"]), { n: ["a"] }, false],
    ["takes an object for no scalar", isIn(at("n"), ["a"]), { n: { a: "a" } }, false],
    ["follows a path into objects", isIn(at("a", "b"), [1]), { a: { b: 1 } }, true],
    ["never follows a path into lists", isIn(at("a", "0"), [1]), { a: [1] }, false],
    ["reads no inherited key", exists(at("toString")), {}, false],
    ["takes a dot in a key as it is", isIn(at("a.b"), [1]), { "a.b": 1 }, true],
    ["exists where null stands", exists(at("n")), { n: null }, true],
    ["does not exist below a scalar", exists(at("n", "m")), { n: 1 }, false],
    ["compares numbers", above(at("n"), 1), { n: 1.5 }, true],
    ["compares no text", above(at("n"), 1), { n: "2" }, false],
    ["finds a scalar in a list", contains(at("n"), 1), { n: [1, "1"] }, true],
    ["finds no scalar in a scalar", contains(at("n"), 1), { n: 1 }, false],
    ["finds nothing in a list within a list", contains(at("n"), 1), { n: [[1]] }, false],
    ["is false of nothing", isIn(at("n"), []), { n: 1 }, false]
  ])("%s", (_, condition, metadata, expected) => {
    expect(matches(condition, memory(metadata))).toBe(expected)
    expect(matches(not(condition), memory(metadata))).toBe(!expected)
  })

  it("takes a field that is null for absent", () => {
    const nameless = memory({}, { speaker: null })
    expect(matches(exists({ field: "speaker" }), nameless)).toBe(false)
    expect(matches(isIn({ field: "speaker" }, [null]), nameless)).toBe(false)
    expect(matches(not(isIn({ field: "speaker" }, ["Ana"])), nameless)).toBe(true)
  })

  it("folds constants", () => {
    const some = exists(at("n"))
    expect(isAny(allOf([]))).toBe(true)
    expect(isNone(anyOf([]))).toBe(true)
    expect(isAny(allOf([ANY, allOf([])]))).toBe(true)
    expect(isNone(allOf([some, NONE]))).toBe(true)
    expect(isAny(anyOf([some, ANY]))).toBe(true)
    expect(isAny(not(NONE))).toBe(true)
    expect(isNone(not(ANY))).toBe(true)
    expect(not(not(some))).toBe(some)
    expect(allOf([some])).toBe(some)
    expect(allOf([allOf([some, some]), some])).toEqual({ _tag: "And", conditions: [some, some, some] })
  })
})
