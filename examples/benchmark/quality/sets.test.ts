import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"

const readSet = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../data/${name}.json`, import.meta.url), "utf8"))

const assertTrimmed = (text: string) => {
  assert.isNotEmpty(text)
  assert.strictEqual(text, text.trim())
}

const shareOf = (cases: ReadonlyArray<boolean>) => cases.filter(Boolean).length / cases.length

const assertUnique = (texts: ReadonlyArray<string>) => assert.strictEqual(new Set(texts).size, texts.length)

describe("identifiers.json", () => {
  const { pairs } = readSet("identifiers") as {
    readonly pairs: ReadonlyArray<{
      readonly kind: string
      readonly memory: string
      readonly question: string
    }>
  }

  it("has 80 pairs or more of nine kinds, each once", () => {
    assert.isAtLeast(pairs.length, 80)
    assert.strictEqual(new Set(pairs.map(({ kind }) => kind)).size, 9)
    assertUnique(pairs.map(({ memory, question }) => `${memory}\n${question}`))
    for (const { memory, question } of pairs) [memory, question].forEach(assertTrimmed)
  })
})

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

describe("updates.json, updates-more.json and updates-languages.json", () => {
  interface Conversation {
    readonly kind: string
    readonly language: string
    readonly half: "fit" | "held-out"
    readonly turns: ReadonlyArray<{
      readonly speaker: "user" | "assistant"
      readonly text: string
      readonly daysAgo: number
    }>
    readonly question: string
  }
  interface Pair extends Conversation {
    readonly life: string
    readonly stale: number
    readonly latest: number
    readonly staleEcho?: number
    readonly latestEcho?: number
  }
  interface Control extends Conversation {
    readonly right: number
  }
  interface Updates {
    readonly pairs: ReadonlyArray<Pair>
    readonly controls: ReadonlyArray<Control>
  }
  const { controls, pairs } = readSet("updates") as Updates
  const more = readSet("updates-more") as Updates
  const inLanguages = readSet("updates-languages") as Updates
  const foreign = [...inLanguages.pairs, ...inLanguages.controls]
  const allPairs = [...pairs, ...more.pairs]
  const allControls = [...controls, ...more.controls]
  const kindsOf = (cases: ReadonlyArray<Conversation>) => [...new Set(cases.map(({ kind }) => kind))].sort()

  it("has 160 pairs of four kinds in eight kinds of life, and 60 controls", () => {
    assert.isAtLeast(pairs.length, 160)
    assert.isAtLeast(controls.length, 60)
    assert.deepStrictEqual(kindsOf(pairs), ["changed", "corrected", "elliptical", "restated"])
    assert.deepStrictEqual(kindsOf(controls), ["both", "object", "partly", "person", "recurs"])
    assert.strictEqual(new Set(pairs.map(({ life }) => life)).size, 8)
    assert.isAtLeast(more.pairs.length, 140)
    assert.isAtLeast(more.controls.length, 65)
    assert.deepStrictEqual(kindsOf(more.pairs), kindsOf(pairs))
    assert.deepStrictEqual(kindsOf(more.controls), kindsOf(controls))
    for (const cases of [pairs, controls, more.pairs, more.controls])
      assert.isAtLeast(shareOf(cases.map(({ language }) => language !== "en")), 0.25)
    const echoed = pairs.map(({ latestEcho, staleEcho }) => (latestEcho ?? staleEcho) !== undefined)
    assert.isAtLeast(shareOf(echoed), 1 / 3)
  })

  it("holds out half of the pairs and of the controls, of each kind about as many", () => {
    for (const cases of [pairs, controls]) {
      for (const kind of kindsOf(cases)) {
        const halves = cases.filter((conversation) => conversation.kind === kind).map(({ half }) => half)
        const heldOut = halves.filter((half) => half === "held-out").length
        assert.isAtMost(Math.abs(halves.length - 2 * heldOut), 1, kind)
      }
    }
  })

  it("has more of them, all of which may be fitted to", () => {
    for (const { half, question } of [...more.pairs, ...more.controls, ...foreign])
      assert.strictEqual(half, "fit", question)
  })

  it("has short ones in twenty languages, none in English", () => {
    const languages = new Set(foreign.map(({ language }) => language))
    assert.isAtLeast(languages.size, 20)
    assert.isFalse(languages.has("en"))
    assertUnique(
      foreign.map(({ question, turns }) => [question, ...turns.map(({ text }) => text)].join("\n"))
    )
    for (const { question, turns } of foreign) {
      assertTrimmed(question)
      assert.isAtLeast(turns.length, 3, question)
    }
  })

  it("tells each conversation once, in 4 to 10 turns from old to new", () => {
    const conversations = [...allPairs, ...allControls]
    assertUnique(conversations.map(({ turns }) => turns.map(({ text }) => text).join("\n")))
    for (const { question, turns } of conversations) {
      assertTrimmed(question)
      assert.isAtLeast(turns.length, 4, question)
      assert.isAtMost(turns.length, 10, question)
      assertUnique(turns.map(({ text }) => text))
      for (const { speaker, text } of turns) {
        assertTrimmed(text)
        assert.include(["user", "assistant"], speaker)
      }
      const days = turns.map(({ daysAgo }) => daysAgo)
      assert.deepStrictEqual(
        days,
        [...days].sort((a, b) => b - a),
        question
      )
    }
  })

  it("has the user state the fact, then state it otherwise, and the assistant echo it", () => {
    for (const { latest, latestEcho, question, stale, staleEcho, turns } of allPairs) {
      assert.isBelow(stale, latest, question)
      assert.strictEqual(turns[stale]?.speaker, "user", question)
      assert.strictEqual(turns[latest]?.speaker, "user", question)
      if (staleEcho !== undefined) {
        assert.strictEqual(turns[staleEcho]?.speaker, "assistant", question)
        assert.isTrue(stale < staleEcho && staleEcho < latest, question)
      }
      if (latestEcho !== undefined) {
        assert.strictEqual(turns[latestEcho]?.speaker, "assistant", question)
        assert.isAbove(latestEcho, latest, question)
      }
    }
    for (const { question, right, turns } of allControls)
      assert.strictEqual(turns[right]?.speaker, "user", question)
  })
})

describe("short-facts.json", () => {
  interface Session {
    readonly language: string
    readonly facts: ReadonlyArray<string>
    readonly question: string
    readonly right: number
  }
  const { sessions } = readSet("short-facts") as { readonly sessions: ReadonlyArray<Session> }

  it("has 70 sessions of 5 to 9 short facts, none told twice", () => {
    assert.isAtLeast(sessions.length, 70)
    for (const { facts, question, right } of sessions) {
      assertTrimmed(question)
      assertUnique(facts)
      assert.isAtLeast(facts.length, 5, question)
      assert.isAtMost(facts.length, 9, question)
      assert.isDefined(facts[right], question)
      for (const fact of facts) {
        assertTrimmed(fact)
        assert.isAtMost(fact.length, 60)
      }
    }
    assertUnique(sessions.map(({ facts }) => facts.join("\n")))
  })

  it("has the answer at every place", () => {
    for (const place of [0, 1, 2, 3, 4, 5])
      assert.isAtLeast(sessions.filter(({ right }) => right === place).length, 3, `place ${place}`)
  })
})

describe("cold-start.json and cold-start-long.json", () => {
  interface Case {
    readonly id: string
    readonly language?: string
    readonly items: ReadonlyArray<{
      readonly session: number
      readonly speaker: "user" | "assistant"
      readonly text: string
      readonly type?: string
      readonly pinned?: true
    }>
    readonly question: string
    readonly needs: ReadonlyArray<ReadonlyArray<string>>
  }
  const casesOf = (name: string) => (readSet(name) as { readonly cases: ReadonlyArray<Case> }).cases
  const cases = [...casesOf("cold-start"), ...casesOf("cold-start-long")]

  it("has 40 young memories, a third with a long first message and a third not in English", () => {
    assert.strictEqual(cases.length, 40)
    assertUnique(cases.map(({ id }) => id))
    const languages = cases.map(({ language }) => language ?? "en")
    assert.isAtLeast(shareOf(cases.map(({ items }) => items[0]!.text.length > 2000)), 1 / 3)
    assert.isAtLeast(shareOf(languages.map((language) => language !== "en")), 1 / 3)
    assert.isAtLeast(new Set(languages).size, 9)
  })

  it("needs texts that stand in an item and that escaping does not change", () => {
    for (const { id, items, needs, question } of cases) {
      assertTrimmed(question)
      assert.isAtLeast(items.length, 2, id)
      assert.isAtMost(items.length, 20, id)
      const sessions = items.map(({ session }) => session)
      assert.deepStrictEqual(
        sessions,
        [...sessions].sort((a, b) => a - b),
        id
      )
      for (const { speaker, text } of items) {
        assertTrimmed(text)
        assert.include(["user", "assistant"], speaker)
      }
      assert.isNotEmpty(needs)
      for (const need of needs.flat()) {
        assert.isTrue(
          items.some(({ text }) => text.includes(need)),
          `${id}: ${need}`
        )
        assert.notMatch(need, /["'&<>]/, id)
      }
    }
  })

  it("hides the answer to a long first message from its edges and from the question", () => {
    for (const { id, items, needs, question } of casesOf("cold-start-long")) {
      const first = items[0]!.text
      if (first.length <= 2000) continue
      for (const alternatives of needs) {
        assert.isFalse(
          alternatives.some((need) => question.includes(need)),
          id
        )
        assert.isTrue(
          alternatives.some((need) => {
            const at = first.indexOf(need)
            return at > 300 && at < first.length - 300
          }),
          id
        )
      }
    }
  })
})

describe("small-talk.json", () => {
  interface Message {
    readonly language: string
    readonly text: string
  }
  const { foreign, smallTalk } = readSet("small-talk") as {
    readonly smallTalk: ReadonlyArray<Message & { readonly kind: string }>
    readonly foreign: ReadonlyArray<Message>
  }

  const countWords = ({ language, text }: Message): number =>
    [...new Intl.Segmenter(language, { granularity: "word" }).segment(text)].filter(
      ({ isWordLike }) => isWordLike
    ).length

  it("has every kind of small talk in eight languages", () => {
    assert.isAtLeast(smallTalk.length, 120)
    const languages = new Set(smallTalk.map(({ language }) => language))
    assert.strictEqual(languages.size, 8)
    for (const language of languages) {
      const kinds = new Set(
        smallTalk.filter((message) => message.language === language).map(({ kind }) => kind)
      )
      assert.deepStrictEqual(
        [...kinds].sort(),
        ["acknowledgement", "arithmetic", "farewell", "greeting", "request", "thanks"],
        language
      )
    }
  })

  it("has foreign messages of 8 to 400 words, some of each length in English and elsewhere", () => {
    assert.isAtLeast(foreign.length, 60)
    const lengths = foreign.map(countWords)
    for (const [i, length] of lengths.entries()) {
      assert.isAtLeast(length, 8, foreign[i]!.text)
      assert.isAtMost(length, 400, foreign[i]!.text)
    }
    for (const [least, most] of [
      [8, 15],
      [16, 31],
      [32, 127],
      [128, 400]
    ] as const) {
      const messages = foreign.filter((_, i) => lengths[i]! >= least && lengths[i]! <= most)
      assert.isAtLeast(messages.filter(({ language }) => language === "en").length, 3, `from ${least} words`)
      assert.isAtLeast(new Set(messages.map(({ language }) => language)).size, 6, `from ${least} words`)
    }
  })

  it("says nothing twice", () => {
    const texts = [...smallTalk, ...foreign].map(({ language, text }) => `${language} ${text}`)
    assertUnique(texts)
    for (const { text } of [...smallTalk, ...foreign]) assertTrimmed(text)
  })
})
