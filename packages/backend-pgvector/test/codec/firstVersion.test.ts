/** Lengths and norms that the first version did not keep follow from its weights. */
import { documentTerms } from "@keepsake/core/driver"
import { makeRandom } from "@keepsake/core/testing"
import { assert, describe, it } from "@effect/vitest"
import { measureWeights } from "../../src/codec/firstVersion.ts"

const random = makeRandom(9)
/** The tokeniser of the first version. */
const SETTINGS = { k1: 1.2, b: 0.75, avgLen: 20, tokeniser: "en-1" }

const text = (length: number): string =>
  Array.from({ length }, () => `w${Math.floor(300 * random.next() ** 3)}`).join(" ")

describe("measureWeights", () => {
  it("finds the length and the norm of texts of up to 2,000 terms", () => {
    for (const length of [0, 1, 2, 3, 12, 57, 200, 999, 2_000]) {
      for (let i = 0; i < 20; i++) {
        const terms = documentTerms(text(length), SETTINGS)
        const measured = measureWeights(terms.weights, SETTINGS)
        assert.strictEqual(measured.length, terms.length)
        assert.closeTo(measured.norm, terms.norm, 1e-9)
      }
    }
  })

  it("finds them for other settings", () => {
    const settings = { ...SETTINGS, k1: 2, b: 0.5, avgLen: 30 }
    const terms = documentTerms(text(80), settings)
    assert.strictEqual(measureWeights(terms.weights, settings).length, terms.length)
  })
})
