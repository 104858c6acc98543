import { describe, expect, it } from "vitest"
import { unpackTerms } from "../../src/text/commonTerms.ts"
import { readCommonTerms, surpriseCaps } from "../../src/text/commonWords.ts"
import { readWith, TOKENISER } from "../../src/text/terms/tokenisers.ts"
import { wordKey } from "../../src/text/terms/Word.ts"

const termOf = (word: string): number => {
  const [read] = readWith(TOKENISER, word).words
  return read === undefined ? 0 : wordKey(read)
}

describe("common words", () => {
  it("have the terms that are kept of them", () => {
    const { common, elsewhere, functions } = unpackTerms()
    const read = readCommonTerms(TOKENISER)
    expect(Buffer.from(common.buffer).equals(Buffer.from(read.common.buffer))).toBe(true)
    expect(Buffer.from(functions.buffer).equals(Buffer.from(read.functions.buffer))).toBe(true)
    expect(Buffer.from(elsewhere.buffer).equals(Buffer.from(read.elsewhere.buffer))).toBe(true)
    expect(functions.length).toBeGreaterThan(3_000)
  })

  it("surprise less than others: function words in a text of another language the least", () => {
    const [english, other] = [surpriseCaps(TOKENISER, true), surpriseCaps(TOKENISER, false)]
    expect([english.get(termOf("remember")), other.get(termOf("remember"))]).toEqual([4.6, 4.6])
    expect([english.get(termOf("waarom")), other.get(termOf("waarom"))]).toEqual([undefined, 2.1])
    expect([english.get(termOf("giraffe")), other.get(termOf("giraffe"))]).toEqual([undefined, undefined])
  })

  it("of other languages surprise less in a text that is not in English", () => {
    const [english, other] = [surpriseCaps(TOKENISER, true), surpriseCaps(TOKENISER, false)]
    for (const word of ["après", "после", "dopo", "jednak", "बाद"])
      expect([word, english.get(termOf(word)), other.get(termOf(word))]).toEqual([word, undefined, 2.1])
    for (const word of ["Woche", "longue", "долгих", "giorni", "लंबी"])
      expect([word, english.get(termOf(word)), other.get(termOf(word))]).toEqual([word, undefined, 4.6])
  })

  it("are half a word where a particle stands beside a character", () => {
    const caps = surpriseCaps(TOKENISER, false, "新的青蛙在哪里")
    const pair = (text: string) => caps.get(termOf(text))
    expect([pair("的青"), pair("青蛙"), pair("哪里")]).toEqual([4.6, undefined, 2.1])
  })

  it("of a store of the first version are read", () => {
    expect(readCommonTerms("en-1").common.length).toBeGreaterThan(200)
    const word = readWith("en-1", "remember").words[0]
    expect(surpriseCaps("en-1", true).get(word?.whole ?? 0)).toBe(4.6)
  })
})
