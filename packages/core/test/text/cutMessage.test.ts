import { assert, describe, it } from "@effect/vitest"
import { cutMessage, isAsking } from "../../src/text/cutMessage.ts"
import { cpuTimeOf } from "../support/cpuTime.ts"

const QUESTION = "How did we solve the login outage in the Reykjavik office?"

const pasted = (words: number): string =>
  Array.from({ length: words }, (_, i) => `w${((i * 7919) % 10_007).toString(36)}`).join(" ")

const PROSE = "The minutes go on about the gutters and who was there. ".repeat(40).trim()

const asked = (message: string): ReadonlyArray<string> =>
  cutMessage(message, 8)
    .filter(({ aside }) => aside < 1)
    .map(({ text }) => text)

describe("parts of a message", () => {
  it("are one where it is short", () => {
    for (const message of ["", "Hello", QUESTION, "I moved to Lisbon. Where is the lease?"])
      assert.deepStrictEqual(cutMessage(message, 8), [{ text: message, aside: 0 }])
  })

  it("have the question first, wherever it stands", () => {
    for (const words of [60, 64, 500, 5_000]) {
      const paste = pasted(words)
      const half = pasted(words / 2)
      for (const message of [
        `${paste}\n\n${QUESTION}`,
        `${QUESTION}\n\n${paste}`,
        `${half}\n\n${QUESTION}\n\n${half}`
      ]) {
        const parts = cutMessage(message, 8)
        assert.isAtMost(parts.length, 8)
        assert.include(asked(message), QUESTION, `${words} words`)
        assert.isBelow(
          parts.findIndex(({ text }) => text === QUESTION),
          2
        )
      }
    }
  })

  it("find a question without a mark before it, without one of its own, and in other languages", () => {
    const paste = pasted(200)
    assert.include(asked(`${paste} ${QUESTION}`).join("\n"), "login outage in the Reykjavik office?")
    for (const question of [
      "tell me how we solved the login outage",
      "Wie haben wir den Ausfall in Reykjavik behoben?",
      "¿Cómo arreglamos la caída de Reikiavik?",
      "как мы починили вход в Рейкьявике",
      "雷克雅未克办公室的登录故障是怎么解决的？",
      "レイキャビクのログイン障害はどう直しましたか。"
    ])
      assert.include(asked(`${paste}\n\n${question}\n\n${paste}`), question)
  })

  it("have a short paragraph that asks without a mark, beside a long text or the only one within it", () => {
    const question = "the name of the plumber from last year"
    for (const message of [
      `${question}\n\n${PROSE}`,
      `${PROSE}\n\n${question}`,
      `${PROSE}\n${PROSE}\n\n${question}\n\n${PROSE}\n${PROSE}`
    ])
      assert.include(asked(message), question)
  })

  it("ask a paragraph with a question mark more than one that only begins like a question", () => {
    const headings = Array.from({ length: 4 }, (_, i) => `Tell Ann ${i}.\n\n${PROSE}`).join("\n\n")
    assert.deepStrictEqual(asked(`${PROSE}\n\n${headings}\n\n${QUESTION}\n\n${PROSE}`), [QUESTION])
  })

  it("leave lines of a paste without a mark to it, beside what is asked", () => {
    const paste = `${PROSE}\nWhat a winter it was.\n${PROSE}\nTell Ann about the green pan.\n${PROSE}`
    for (const message of [
      `${QUESTION}\n\n${paste}`,
      `${paste}\n\n${QUESTION}`,
      `${paste}\n\n${QUESTION}\n\n${paste}`
    ])
      assert.deepStrictEqual(asked(message), [QUESTION])
    assert.include(asked(paste), "Tell Ann about the green pan.")
  })

  it("keep a question whole whose words are shortened, have initials or number a day", () => {
    for (const question of [
      "When was my first visit to Dr. Abellán?",
      "What did Prof. J. Roth think of it?",
      "Wann war der Termin am 3. Mai bei Hr. Vogt?"
    ]) {
      assert.include(asked(`${question}\n\n${PROSE}`), question)
      assert.include(asked(`${PROSE}\n\n${question}`), question)
    }
    assert.include(asked(`It was the cat. ${QUESTION}\n\n${PROSE}`), QUESTION)
  })

  it("take no name for the word that begins it", () => {
    assert.isFalse(isAsking(`Wen-Li has the report from the lab now. ${PROSE}`))
    assert.isTrue(isAsking(`Wen triffst du morgen nach der Arbeit in der Stadt. ${PROSE}`))
  })

  it("are never led by lines of code and logs", () => {
    const log = Array.from({ length: 60 }, (_, i) => `2026-03-04T10:00:${10 + i} INFO worker ${i} took 41 ms`)
    const code = [
      "find . -name '*.ts' | xargs grep $PATTERN > out.txt",
      "is_ready = lambda { |x| x[:ok] == true }"
    ]
    for (const line of [...code, "ERROR disk full"]) {
      const parts = cutMessage([line, "", ...log, "", QUESTION].join("\n"), 8)
      assert.strictEqual(parts[0]?.text, QUESTION, line)
      assert.strictEqual(parts.find(({ text }) => text.includes(line))?.aside, 1)
    }
  })

  it("are what stands first and last where nothing is asked", () => {
    const [first, last] = asked(`The boiler leaks.\n\n${pasted(300)}\n\nIt is still under warranty.`)
    assert.include(first, "boiler")
    assert.include(last, "warranty")
  })

  it("ask with a question that stands out of long texts, and not with one among short ones", () => {
    assert.isTrue(isAsking(`${PROSE}\n\n${QUESTION}\n\n${PROSE}`))
    assert.isFalse(
      isAsking(`The boiler leaks again.\n\n${QUESTION}\n\n${"It dripped all night. ".repeat(4)}`)
    )
  })

  it("are led by the question that alone stands between short ones, and not by what is around it", () => {
    const message = `Dear all, the boiler leaks again and Filipa is there.\n\n${QUESTION}\n\n${"It dripped all night. ".repeat(4)}`
    const [first, ...others] = cutMessage(message, 8).toSorted((a, b) => a.aside - b.aside)
    assert.strictEqual(first?.text, QUESTION)
    assert.isTrue(others.every(({ aside }) => aside > (first?.aside ?? 1)))
  })

  it("ask with a request for what is one's own, and not with any other", () => {
    const own = [
      "Write a webhook handler for our payment provider",
      "Book the usual table for Saturday.",
      "Entwirf eine Einladung für unseren Verein",
      "Rédige un courrier à notre banque",
      "帮我写一个对接我们支付服务商的接口",
      "うちの決済サービス用のウェブフックを書いてください",
      "Составь объявление для нашего хора",
      "우리 결제 업체용 웹훅을 작성해 줘"
    ]
    assert.deepStrictEqual(
      own.filter((message) => !isAsking(message)),
      []
    )
    const others = [
      "Write me a limerick about a lighthouse keeper.",
      "Our payment provider is Adyen.",
      "I booked the usual table.",
      "Schreib ein Gedicht über den Herbst",
      "写一个快速排序",
      "秋についての俳句を書いて",
      "Ich schreibe an meiner Dissertation."
    ]
    assert.deepStrictEqual(others.filter(isAsking), [])
  })

  it("cover the text, up to the most that are wanted", () => {
    for (const text of [
      "word ".repeat(2_000),
      "a. ".repeat(3_000),
      "\n\n".repeat(500),
      "Why? ".repeat(900)
    ]) {
      for (const max of [1, 2, 8]) assert.isAtMost(cutMessage(text, max).length, max)
    }
    const parts = cutMessage(`${pasted(1_000)}\n\nthe last word is vermilion`, 8)
    assert.isTrue(parts.some(({ text }) => text.includes("vermilion")))
  })

  it("take time linear in its length", () => {
    const [short, long] = [40_000, 400_000].map(
      (length) => "no end. ".repeat(length / 8) + "x".repeat(length)
    )
    // Ten times as long; a hundredfold time would be quadratic.
    const most = 40 * cpuTimeOf(() => cutMessage(short ?? "", 8)) + 200
    assert.isBelow(
      cpuTimeOf(() => cutMessage(long ?? "", 8), most),
      most
    )
  })
})
