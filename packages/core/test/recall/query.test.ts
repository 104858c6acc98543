import { assert, describe, it } from "@effect/vitest"
import { UTC } from "../../src/text/time/TimeZone.ts"
import { timeHint, timeMatch } from "../../src/text/timeHint.ts"
import { isName, toSource, withoutNames } from "../../src/text/speakerNames.ts"
import { selectTerms } from "../../src/text/bm25.ts"
import { readWith, TOKENISER } from "../../src/text/terms/tokenisers.ts"
import { readMessage, readQuery } from "../../src/recall/query.ts"

describe("withoutNames", () => {
  const speakers = ["Ana Ruiz", "Will", "user"]
  const cases: ReadonlyArray<readonly [query: string, text: string, named: ReadonlyArray<string>]> = [
    ["What did Ana buy?", "What did buy?", ["Ana Ruiz"]],
    ["What is Ana Ruiz's dog called?", "What is dog called?", ["Ana Ruiz"]],
    ["What will happen?", "What will happen?", []],
    ["What will Will do?", "What will do?", ["Will"]],
    ["what did ana buy", "what did buy", ["Ana Ruiz"]],
    ["what will happen", "what will happen", []],
    ["Anastasia's banana", "Anastasia's banana", []],
    ["Which user is it?", "Which user is it?", []],
    ["Ana?", "Ana?", ["Ana Ruiz"]],
    ["Did Ana meet Will?", "Did meet ?", ["Ana Ruiz", "Will"]]
  ]
  for (const [query, text, named] of cases) {
    it(`reads ${JSON.stringify(query)}`, () => {
      assert.deepStrictEqual(withoutNames(query, speakers), { text, named })
    })
  }

  it("takes any name literally, special characters included", () => {
    assert.deepStrictEqual(withoutNames("What did A.(J) say?", ["A.(J)"]).named, ["A.(J)"])
    assert.deepStrictEqual(withoutNames("What did AxJ say?", ["A.J"]).named, [])
  })
})

describe("toSource", () => {
  it("takes a role given as the speaker at its word", () => {
    assert.strictEqual(toSource({ source: "user", speaker: "Assistant" }), "assistant")
    assert.strictEqual(toSource({ source: "assistant", speaker: null }), "assistant")
    assert.strictEqual(toSource({ source: "assistant", speaker: "Claude" }), "assistant")
    assert.isFalse(isName("assistant"))
    assert.isTrue(isName("Ana"))
  })
})

describe("readQuery", () => {
  it("names a speaker only if there is exactly one", () => {
    assert.strictEqual(readQuery("What did Ana buy?", ["Ana", "Bo"], 0, TOKENISER, UTC).speaker, "Ana")
    assert.strictEqual(readQuery("Did Ana meet Bo?", ["Ana", "Bo"], 0, TOKENISER, UTC).speaker, null)
  })

  it("asks a Korean word in the forms that a memory may keep of it", () => {
    const holds = (question: string, memory: string): boolean => {
      const kept = new Set(selectTerms(readWith(TOKENISER, memory), 64))
      return Array.from(readQuery(question, [], 0, TOKENISER, UTC).terms).some((term) => kept.has(term))
    }
    // 의 of 회의 looks like a particle, 마셔 is a part of 마셔요, and 강의는 keeps what 강의 loses.
    assert.isTrue(holds("회의 일정 잡아 줘", "회의는 화요일이에요"))
    assert.isTrue(holds("뭘 마셔?", "커피를 마셔요"))
    assert.isTrue(holds("강의는 언제야?", "강의 월요일"))
    assert.isFalse(holds("뭘 먹어?", "커피를 마셔요"))
  })

  it("bounds the terms of a long question", () => {
    const question = Array.from({ length: 500 }, (_, i) => `word${i}`).join(" ")
    assert.strictEqual(readQuery(question, [], 0, TOKENISER, UTC).terms.length, 64)
  })

  it("takes a time from what a long message asks, and none from what it quotes", () => {
    const june = Date.UTC(2023, 5, 3, 12)
    const quoted = "The minutes of 3 June 2023 go on about the gutters. ".repeat(40).trim()
    const times = (question: string): ReadonlyArray<number> =>
      readMessage(`${quoted}\n\n${question}`, [], 0, TOKENISER, UTC).map(({ time }) => timeMatch(time, june))
    assert.strictEqual(Math.max(...times("Who fixed the roof?")), 0)
    assert.strictEqual(times("Who fixed the roof in June?")[0], 1)
  })
})

describe("timeHint", () => {
  // A Wednesday.
  const now = Date.UTC(2025, 4, 14, 15)
  const match = (query: string, said: readonly [number, number, number]) =>
    timeMatch(timeHint(query, now, UTC), Date.UTC(said[0], said[1] - 1, said[2], 12))

  it("knows months, days and years", () => {
    assert.strictEqual(match("What happened in June?", [2023, 6, 3]), 1)
    assert.strictEqual(match("What happened in June 2023?", [2023, 6, 3]), 1.3)
    assert.strictEqual(match("What happened on 3 June?", [2023, 6, 3]), 2)
    assert.strictEqual(match("What happened on June 3rd, 2023?", [2023, 6, 3]), 2.3)
    assert.strictEqual(match("What happened on June 3rd?", [2023, 6, 4]), 1)
    assert.strictEqual(match("What happened on 2023-06-03?", [2023, 6, 3]), 2.3)
    assert.strictEqual(match("What happened in June?", [2023, 7, 3]), 0)
  })

  it("tells months from verbs", () => {
    assert.strictEqual(match("May I ask where I may march?", [2023, 5, 3]), 0)
    assert.strictEqual(match("What did I plan for May?", [2023, 5, 3]), 1)
    assert.strictEqual(match("what did we do in march", [2023, 3, 3]), 1)
  })

  it("reads times relative to now", () => {
    assert.strictEqual(match("What did I say yesterday?", [2025, 5, 13]), 2)
    assert.strictEqual(match("What did I say yesterday?", [2025, 5, 12]), 0)
    assert.strictEqual(match("What did we discuss last week?", [2025, 5, 5]), 2)
    assert.strictEqual(match("What did we discuss last week?", [2025, 5, 12]), 0)
    assert.strictEqual(match("What did we discuss last month?", [2025, 4, 30]), 2)
    assert.strictEqual(match("What did we discuss 2 days ago?", [2025, 5, 12]), 2)
  })

  it("asks nothing of the time where nothing is said of it", () => {
    assert.strictEqual(match("Which dog do I have?", [2025, 5, 13]), 0)
  })
})
