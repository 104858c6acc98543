import { assert, it } from "@effect/vitest"
import { documentTerms, type TermSettings } from "@keepsake/core/driver"
import { makeRandom } from "@keepsake/core/testing"
import { measureWeights } from "../../src/codec/measureWeights.ts"

/** Whose weights the first version kept. */
const FIRST_TOKENISER = "en-1"

const SETTINGS: ReadonlyArray<TermSettings> = [
  { k1: 1.2, b: 0.75, avgLen: 20 },
  { k1: 2, b: 0.4, avgLen: 60 },
  { k1: 0.5, b: 0, avgLen: 20 }
]

it("length and norm follow from the weights alone", () => {
  const random = makeRandom(5)
  for (const settings of SETTINGS) {
    for (const words of [0, 1, 2, 7, 40, 300, 6_000]) {
      const text = Array.from({ length: words }, () => `word${Math.floor(random.next() ** 3 * 800)}`).join(
        " "
      )
      const terms = documentTerms(text, { ...settings, tokeniser: FIRST_TOKENISER })
      const measures = measureWeights(terms.weights, settings)
      assert.strictEqual(measures.length, terms.length, `${words} words, b ${settings.b}`)
      assert.approximately(measures.norm, terms.norm, 1e-9)
    }
  }
})
