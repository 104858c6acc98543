import { assert, describe, it } from "@effect/vitest"
import { encodeOrder } from "../../src/codec/numberOrder.ts"

/** Numbers that a decimal, a range of whole numbers or a careless comparison of bits takes apart, in order. */
const ASCENDING = [
  -Number.MAX_VALUE,
  -1e21,
  Number.MIN_SAFE_INTEGER,
  -(2 ** 32),
  -1.5,
  -1,
  -0.3,
  -1e-7,
  -Number.MIN_VALUE,
  0,
  Number.MIN_VALUE,
  1e-7,
  0.1,
  0.3,
  0.1 + 0.2,
  1 / 3,
  0.5,
  1 - Number.EPSILON / 2,
  1,
  1 + Number.EPSILON,
  1.5,
  2 ** 31,
  2 ** 32,
  Number.MAX_SAFE_INTEGER - 1,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  1e21,
  Number.MAX_VALUE
]

const isWithin = (value: number, low: number, high: number) =>
  Number.isInteger(value) && value >= low && value <= high

const compare = (a: number, b: number): number => {
  const [x, y] = [encodeOrder(a), encodeOrder(b)]
  return Math.sign(x.high - y.high || x.low - y.low)
}

describe("the two halves of a number", () => {
  it("order as JavaScript does", () => {
    for (const [i, a] of ASCENDING.entries()) {
      for (const [j, b] of ASCENDING.entries())
        assert.strictEqual(compare(a, b), Math.sign(i - j), `${a}, ${b}`)
    }
  })

  it("are those of 0 for -0", () => {
    assert.deepStrictEqual(encodeOrder(-0), encodeOrder(0))
  })

  it("are whole numbers of 32 bits, which JSON and doubles hold exactly", () => {
    for (const value of ASCENDING) {
      const { high, low } = encodeOrder(value)
      assert.isTrue(isWithin(high, -(2 ** 31), 2 ** 31 - 1), `${value}: ${high}`)
      assert.isTrue(isWithin(low, 0, 2 ** 32 - 1), `${value}: ${low}`)
    }
  })
})
