import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"

const readSet = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../data/${name}.json`, import.meta.url), "utf8"))

const assertTrimmed = (text: string) => {
  assert.isNotEmpty(text)
  assert.strictEqual(text, text.trim())
}

const assertUnique = (texts: ReadonlyArray<string>) => assert.strictEqual(new Set(texts).size, texts.length)

describe("languages.json", () => {
  interface Language {
    readonly language: string
    readonly facts: ReadonlyArray<{ readonly memory: string; readonly question: string }>
  }
  const { languages } = readSet("languages") as { readonly languages: ReadonlyArray<Language> }

  /** Characters that two words must share in a row: fewer where a character carries more. */
  const sharedLength: Record<string, number> = { zh: 1, ja: 1, ko: 1, vi: 2 }
  /** Languages whose words keep their form. */
  const uninflected = new Set(["vi"])
  /** Languages in which vowels change within the root. */
  const rooted = new Set(["ar", "he"])

  const wordsOf = (text: string) => text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  const withoutMarks = (word: string) => word.normalize("NFD").replace(/[\u0300-\u0305\u0307-\u036f]/gu, "")

  const longestRun = (a: string, b: string): number => {
    let longest = 0
    for (let start = 0; start < a.length; start++)
      while (b.includes(a.slice(start, start + longest + 1)) && start + longest < a.length) longest++
    return longest
  }

  const longestSubsequence = (a: string, b: string): number => {
    let above = Array.from({ length: b.length + 1 }, () => 0)
    for (const letter of a) {
      const row = [0]
      for (let j = 1; j <= b.length; j++)
        row.push(b[j - 1] === letter ? above[j - 1]! + 1 : Math.max(above[j]!, row[j - 1]!))
      above = row
    }
    return above[b.length]!
  }

  const sharesWord = (language: string, memory: string, question: string): boolean =>
    wordsOf(memory).some((said) =>
      wordsOf(question).some((asked) => {
        if (said === asked) return uninflected.has(language)
        const measure = rooted.has(language) ? longestSubsequence : longestRun
        return measure(withoutMarks(said), withoutMarks(asked)) >= (sharedLength[language] ?? 3)
      })
    )

  it("has 40 facts in each of 22 languages", () => {
    assertUnique(languages.map(({ language }) => language))
    assert.strictEqual(languages.length, 22)
    for (const { facts, language } of languages) {
      assert.doesNotThrow(() => new Intl.Locale(language))
      assert.strictEqual(facts.length, 40, language)
    }
  })

  it("states each fact and asks each question once", () => {
    for (const { facts } of languages) {
      assertUnique(facts.map(({ memory }) => memory))
      assertUnique(facts.map(({ question }) => question))
      for (const { memory, question } of facts) {
        assertTrimmed(memory)
        assertTrimmed(question)
      }
    }
  })

  it("asks by another form of a word of the fact", () => {
    const apart = languages.flatMap(({ facts, language }) =>
      facts
        .filter(({ memory, question }) => !sharesWord(language, memory, question))
        .map(({ memory, question }) => `${language}: ${memory} ${question}`)
    )
    assert.deepStrictEqual(apart, [])
  })
})
