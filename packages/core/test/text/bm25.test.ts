import { assert, describe, it } from "@effect/vitest"
import type { Memory } from "../../src/memory/Memory.ts"
import { TermCountCache } from "../../src/recall/TermCountCache.ts"
import { QueryTermTable } from "../../src/recall/QueryTermTable.ts"
import { countTerms, documentTerms, queryTerms, TERM_SETTINGS } from "../../src/text/bm25.ts"
import { STOP_WORDS, tokenise } from "../../src/text/tokenise.ts"
import { termId } from "../../src/text/terms/termId.ts"

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
    const started = performance.now()
    tokenise("a-".repeat(50_000))
    tokenise("'".repeat(100_000))
    assert.isBelow(performance.now() - started, 2_000)
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

  it("counts the terms of a text", () => {
    const { distinct, length, numbers } = countTerms("apple pear apple", "en-1")
    assert.deepStrictEqual([distinct, length, numbers.length], [2, 3, 7])
    const count = (term: string) => numbers[distinct + numbers.subarray(0, distinct).indexOf(termId(term))]
    assert.strictEqual(count("appl"), 2)
    assert.strictEqual(count("pear"), 1)
    assert.deepStrictEqual(Array.from(numbers.subarray(4)), ["appl", "pear", "appl"].map(termId))
    assert.deepStrictEqual(countTerms("", "en-1"), { numbers: new Uint32Array(), distinct: 0, length: 0 })
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

describe("QueryTermTable", () => {
  it("finds every term's place and nothing else", () => {
    // Ends alike, so that they want the same slots.
    const terms = Uint32Array.from({ length: 64 }, (_, i) => i * 256 + (i % 3))
    const places = new QueryTermTable(terms)
    assert.deepStrictEqual(
      Array.from(terms, (term) => places.indexOf(term)),
      Array.from(terms.keys())
    )
    for (const absent of [1_000_000 * 256, 255, 2 ** 32 - 1]) assert.strictEqual(places.indexOf(absent), -1)
    assert.strictEqual(new QueryTermTable(new Uint32Array()).indexOf(0), -1)
  })
})

describe("TermFormCache", () => {
  const scope = (userId: string) => ({ agentId: "a", userId })
  const memory = (id: string, content: string) => ({ id, content }) as Memory

  it("reads a text once, until its scope is forgotten", () => {
    const cache = new TermCountCache()
    const first = cache.of(scope("ana"), "en-1")(memory("1", "apple pear apple"))
    assert.deepStrictEqual([first.distinct, first.length], [2, 3])
    assert.strictEqual(cache.of(scope("ana"), "en-1")(memory("1", "apple pear apple")), first)
    assert.notStrictEqual(cache.of(scope("ben"), "en-1")(memory("1", "apple pear apple")), first)
    cache.forget(scope("ana"))
    assert.notStrictEqual(cache.of(scope("ana"), "en-1")(memory("1", "apple pear apple")), first)
  })

  it("keeps what one recall reads while another has everything forgotten", () => {
    const cache = new TermCountCache()
    const getCounts = cache.of(scope("ana"), "en-1")
    const first = getCounts(memory("1", "apple"))
    cache.forget(scope("ana"))
    assert.notStrictEqual(getCounts(memory("1", "apple")), first)
    assert.strictEqual(getCounts(memory("1", "apple")), cache.of(scope("ana"), "en-1")(memory("1", "apple")))
  })
})
