import { assert, describe, it } from "@effect/vitest"
import { SLICE_MS } from "@keepsake/core/driver"
import type { Scan } from "../../src/connection/Scan.ts"
import { IndexCall } from "../../src/search/IndexCall.ts"
import { SliceSpent } from "../../src/search/rows/OpenVerdicts.ts"
import type { ScopeIndex } from "../../src/search/ScopeIndex.ts"

const makeIndex = () => {
  const index = { seq: 1, removed: 0, left: 0, leave: () => void index.left++ }
  return index
}

const asIndex = (index: ReturnType<typeof makeIndex>) => index as unknown as ScopeIndex

/** A part that takes longer than a slice. */
const spend = () => {
  const end = performance.now() + SLICE_MS + 1
  while (performance.now() < end);
}

/** A call of three parts; lists those that were worked at. */
const makeCall = () => {
  const parts: Array<string> = []
  let begins = 0
  const call = new IndexCall(function* (): Scan<string> {
    const begin = ++begins
    for (const part of ["a", "b", "c"]) {
      parts.push(`${part}${begin}`)
      spend()
      yield
    }
    return `answer ${begin}`
  })
  return { call, parts }
}

/** Works until there is an answer. @param between runs after each slice */
const answer = <A>(call: IndexCall<A>, index: () => ScopeIndex, between: () => void = () => {}): A => {
  for (;;) {
    try {
      return call.work(index())
    } catch (error) {
      if (!(error instanceof SliceSpent)) throw error
      between()
    }
  }
}

describe("a call of an index", () => {
  it("goes on where the last slice ended", () => {
    const { call, parts } = makeCall()
    const index = makeIndex()
    assert.strictEqual(
      answer(call, () => asIndex(index)),
      "answer 1"
    )
    assert.deepStrictEqual(parts, ["a1", "b1", "c1"])
    assert.strictEqual(index.left, 3)
  })

  for (const counter of ["seq", "removed"] as const) {
    it(`begins again when rows have changed meanwhile: ${counter}`, () => {
      const { call, parts } = makeCall()
      const index = makeIndex()
      let changes = 1
      const change = () => {
        if (changes-- > 0) index[counter]++
      }
      assert.strictEqual(
        answer(call, () => asIndex(index), change),
        "answer 2"
      )
      assert.deepStrictEqual(parts, ["a1", "a2", "b2", "c2"])
    })
  }

  it("begins again with another index", () => {
    const { call, parts } = makeCall()
    assert.strictEqual(answer(call, () => asIndex(makeIndex())).startsWith("answer"), true)
    assert.deepStrictEqual(parts.slice(0, 2), ["a1", "a2"])
  })

  it("ends where rows change in every slice", () => {
    const { call, parts } = makeCall()
    const index = makeIndex()
    assert.strictEqual(
      answer(
        call,
        () => asIndex(index),
        () => void index.seq++
      ),
      "answer 4"
    )
    assert.deepStrictEqual(parts, ["a1", "a2", "a3", "a4", "b4", "c4"])
  })

  it("fails as its work does", () => {
    const call = new IndexCall(function* (): Scan<string> {
      yield
      throw new RangeError("broken")
    })
    assert.throws(() => call.work(asIndex(makeIndex())), RangeError)
  })
})
