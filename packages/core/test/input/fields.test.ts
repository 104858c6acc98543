import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import {
  boolean,
  input,
  integer,
  list,
  nullable,
  object,
  oneOf,
  optional,
  share
} from "../../src/input/fields.ts"

const read = input(
  "options",
  object(
    {
      limit: optional(integer(1, 9, "give 1 to 9")),
      max: optional(integer(1, 9, "give 1 to 9")),
      kinds: optional(list(oneOf(["a", "b"]), 2)),
      pinned: boolean,
      inner: optional(object({ score: nullable(share()) }))
    },
    {
      renamed: { max: "limit" },
      problem: ({ kinds, limit }) =>
        kinds !== undefined && kinds.length === limit ? ["kinds", "as many as the limit"] : undefined
    }
  )
)

const readProblem = (value: unknown) => Result.getOrUndefined(Result.flip(read(value)))

describe("object", () => {
  it("reads each field once, and leaves absent fields absent", () => {
    let reads = 0
    const value = {
      get pinned() {
        reads++
        return true
      },
      kinds: undefined
    }
    assert.deepStrictEqual(read(value), Result.succeed({ pinned: true, kinds: undefined } as never))
    assert.strictEqual(reads, 1)
    assert.notProperty(Result.getOrThrow(read({ pinned: true })), "limit")
  })

  it("names the path of a bad part", () => {
    assert.deepStrictEqual(readProblem({ pinned: true, kinds: ["a", "c"] }), [
      "kinds[1]",
      '"c" is none of a, b'
    ])
    assert.deepStrictEqual(readProblem({ pinned: true, inner: { score: 2 } }), [
      "inner.score",
      "2 is not between 0 and 1"
    ])
    assert.deepStrictEqual(readProblem({ pinned: true, limit: 1, kinds: ["a"] }), [
      "kinds",
      "as many as the limit"
    ])
  })

  it("refuses an unknown field before anything else, and suggests no deprecated name", () => {
    assert.deepStrictEqual(readProblem({ limit: 0, limitt: 3 }), [
      "limitt",
      'is not known here. Did you mean "limit"? Known: limit, kinds, pinned, inner.'
    ])
    assert.deepStrictEqual(readProblem({ pinned: true, inner: { scor: 1, score: 1 } })?.[0], "inner.scor")
    assert.deepStrictEqual(readProblem({ pinned: true, constructor: 1 })?.[0], "constructor")
  })

  it("refuses a required field that is missing", () => {
    assert.deepStrictEqual(readProblem({ limit: 1 }), ["pinned", "give true or false"])
    assert.deepStrictEqual(readProblem({ pinned: undefined }), ["pinned", "give true or false"])
  })

  it("gives a deprecated name's value to the new name, and refuses both", () => {
    assert.deepStrictEqual(
      read({ pinned: true, max: 3 }),
      Result.succeed({ pinned: true, limit: 3 } as never)
    )
    assert.deepStrictEqual(readProblem({ pinned: true, max: 0 })?.[0], "max")
    assert.deepStrictEqual(readProblem({ pinned: true, max: 3, limit: 3 }), [
      "max",
      "is the old name of limit; give limit alone"
    ])
  })

  it("refuses a value that is not a plain object", () => {
    for (const value of [null, 1, "x", [], new Map([["pinned", true]])]) {
      assert.strictEqual(readProblem(value)?.[0], "options")
    }
    const hostile = new Proxy({}, { ownKeys: () => assert.fail("looked at") })
    assert.deepStrictEqual(readProblem(hostile), ["options", "could not be read; give a plain object"])
  })
})
