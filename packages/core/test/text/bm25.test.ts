import { assert, describe, it } from "@effect/vitest"
import { documentTerms, queryTerms, TERM_SETTINGS } from "../../src/text/bm25.ts"
import { STOP_WORDS, tokenise } from "../../src/text/tokenise.ts"
import { termId } from "../../src/text/terms/termId.ts"
import { cpuTimeOf } from "../support/cpuTime.ts"

/** The settings of a store of the first version. */
const EN_1 = { ...TERM_SETTINGS, tokeniser: "en-1" }

describe("tokenise", () => {
  const cases: ReadonlyArray<readonly [text: string, tokens: ReadonlyArray<string>]> = [
    ["The dogs were running!", ["dog", "run"]],
    ["Ana's café", ["ana", "cafe"]],
    ["I don\u2019t know", ["know"]],
    ["deploy failed with E-4012", ["deploi", "fail", "e-4012", "e", "4012"]],
    ["mail ana.ruiz@example.org", ["mail", "ana.ruiz@example.org", "ana", "ruiz", "exampl", "org"]],
    ["set max_retries", ["set", "max_retries", "max", "retri"]],
    ["well-known", ["well", "known"]],
    ["C++ and C#", ["c++", "c", "c#", "c"]],
    ["at 3:30", ["3:30", "3", "30"]],
    ["東京に行く", ["東京", "京に", "に行", "行く"]],
    ["猫", ["猫"]],
    ["Größe", ["große"]],
    ["йод", ["йод"]],
    ["", []],
    ["?! …", []]
  ]
  for (const [text, tokens] of cases) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepStrictEqual(tokenise(text), tokens)
    })
  }

  it("does not tell composed from decomposed letters", () => {
    assert.deepStrictEqual(tokenise("re\u0301sume\u0301"), tokenise("résumé"))
  })

  it("bounds a run of characters that is not a word", () => {
    assert.deepStrictEqual(
      tokenise("x".repeat(5_000)).map((token) => token.length),
      [64]
    )
  })

  it("reads a long text in time linear in its length", () => {
    const time = cpuTimeOf(() => {
      tokenise("a-".repeat(50_000))
      tokenise("'".repeat(100_000))
    }, 2_000)
    assert.isBelow(time, 2_000)
  })

  it("has stop words as words are compared", () => {
    for (const word of STOP_WORDS) assert.deepStrictEqual(tokenise(word), [], word)
  })
})

describe("terms", () => {
  it("gives a document ascending distinct ids, each with a weight below k1 + 1", () => {
    const { ids, weights } = documentTerms("apple apple pear plum", EN_1)
    assert.deepStrictEqual(
      Array.from(ids),
      Array.from(ids).toSorted((a, b) => a - b)
    )
    assert.strictEqual(ids.length, 3)
    for (const weight of weights) assert.isTrue(weight > 0 && weight < 2.2)
  })

  it("weighs a term less in a longer text", () => {
    const weightIn = (text: string) => {
      const { ids, weights } = documentTerms(text, EN_1)
      return weights[ids.indexOf(termId("appl"))] ?? 0
    }
    assert.isAbove(weightIn("apple"), weightIn(`apple ${"pear ".repeat(40)}`))
  })

  it("gives a query its distinct terms in order", () => {
    assert.deepStrictEqual(Array.from(queryTerms("pear apple pear", "en-1")), [
      termId("pear"),
      termId("appl")
    ])
  })

  it("gives a term the same id whichever way its bytes are read", () => {
    // Every store's postings hold these; FNV-1a over UTF-8, finished as murmur does.
    assert.deepStrictEqual(
      ["", "appl", "café", "東京", "🚢"].map(termId),
      [2_872_998_923, 784_746_278, 3_746_663_762, 1_354_228_455, 1_032_190_183]
    )
  })

  it("reads a text alike beside letters that are not ASCII", () => {
    const plain = "Ana's E-4012 at 3:30, C++ & C#x, mail a.b@c.org re_try -- don't it's_x o'clock's"
    assert.deepStrictEqual(tokenise(`${plain} é`), [...tokenise(plain), "e"])
  })
})
