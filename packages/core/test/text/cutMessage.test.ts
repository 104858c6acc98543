import { assert, describe, it } from "@effect/vitest"
import { cutMessage } from "../../src/text/cutMessage.ts"

const QUESTION = "How did we solve the login outage in the Reykjavik office?"

const pasted = (words: number): string =>
  Array.from({ length: words }, (_, i) => `w${((i * 7919) % 10_007).toString(36)}`).join(" ")

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
    const prose = "The minutes go on about the gutters and who was there. ".repeat(40).trim()
    for (const message of [
      `${question}\n\n${prose}`,
      `${prose}\n\n${question}`,
      `${prose}\n${prose}\n\n${question}\n\n${prose}\n${prose}`
    ])
      assert.include(asked(message), question)
  })

  it("ask a paragraph with a question mark more than one that only begins like a question", () => {
    const prose = "The minutes go on about the gutters and who was there. ".repeat(40).trim()
    const parts = cutMessage(`${prose}\n\nTell Ann.\n\n${prose}\n\n${QUESTION}\n\n${prose}`, 8)
    const asideOf = (text: string): number => parts.find((part) => part.text === text)?.aside ?? 1
    assert.isBelow(asideOf(QUESTION), asideOf("Tell Ann."))
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
    const time = (length: number): number => {
      const text = "no end. ".repeat(length / 8) + "x".repeat(length)
      const start = performance.now()
      for (let i = 0; i < 3; i++) cutMessage(text, 8)
      return performance.now() - start
    }
    time(20_000)
    assert.isBelow(time(400_000), 60 * time(40_000) + 200)
  })
})
