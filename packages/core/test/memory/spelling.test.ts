import { assert, describe, it } from "@effect/vitest"
import { toPlainSpelling } from "../../src/memory/spelling.ts"
import { makeRandom } from "../../src/testing/random.ts"
import { cpuTimeOf } from "../support/cpuTime.ts"

const areOne = (...texts: ReadonlyArray<string>) =>
  assert.strictEqual(new Set(texts.map(toPlainSpelling)).size, 1, texts.join(" | "))

const differ = (...texts: ReadonlyArray<string>) =>
  assert.strictEqual(new Set(texts.map(toPlainSpelling)).size, texts.length, texts.join(" | "))

const WORDS =
  "I i'm I'll Tea tea Ana's IT Hunter2 été Çay İÇERİM straße Привет ΟΔΟΣ 毎朝 चाय 7 (if) x=1 git .".split(" ")
const SPACES = [" ", " ", "  ", "\t", "\u00a0", "\u3000", ", ", "? ", ". "]
const CLOSINGS = ["", ".", "!", "...", "…", " !", "。", "?", "¡"]

describe("toPlainSpelling", () => {
  it("passes over spacing, closing marks and capitals that say nothing", () => {
    areOne(
      "I drink green tea in the morning",
      "I drink green tea in the morning.",
      "I drink green tea in the morning...",
      "I drink green tea in the morning…",
      "I drink green tea in the morning!",
      "I drink green tea in the morning !!",
      "i drink green tea in the morning",
      "I DRINK GREEN TEA IN THE MORNING!",
      " I drink  green\u00a0tea in the\tmorning ",
      "I drink green tea\nin the morning.\r\n"
    )
    areOne("When it rains, I'm happy.", "when it rains, i'm happy", "WHEN IT RAINS, I'M HAPPY")
    areOne("毎朝お茶を飲む", "毎朝お茶を飲む。", "毎朝お茶を飲む！")
    areOne("मैं चाय पीता हूँ।", "मैं चाय पीता हूँ")
    areOne("¡Bebo té!", "bebo té")
    areOne("J'aime le thé !", "j'aime le thé")
    areOne("Я пью чай", "Я ПЬЮ ЧАЙ.")
    areOne("Çay içerim", "ÇAY İÇERİM".replaceAll("I", "İ"))
    areOne("Caf\u00e9", "Cafe\u0301.")
  })

  it("keeps apart what says something else", () => {
    differ("Is it tea", "Is it tea?", "It is tea")
    differ("I work in it", "I work in IT")
    differ("My password is hunter2", "My password is Hunter2", "My password is HUNTER2")
    differ("hunter2", "Hunter2", "HUNTER2")
    differ("Hunter-2 opens it", "hunter-2 opens it")
    differ("IT is broken", "It is broken")
    differ("IT", "it")
    differ("MY PIN IS a7B9", "MY PIN IS A7B9")
    differ("I polish shoes", "I Polish shoes")
    differ("git add .", "git add")
    differ("print('a  b');", "print('a b');", "Print('a b');")
    differ("if x:\n  y\nz", "if x:\n  y\n  z")
    differ("a", "b", "ab", "a b")
    differ("!", "!!", ".", "?")
  })

  // Not of every text: `A'I` has the spelling `A'i`, whose own is `a'i`. Stored ids keep it so.
  it("is a spelling of itself, for sentences", () => {
    const random = makeRandom(20_261_128)
    for (let i = 0; i < 5_000; i++) {
      const words = Array.from({ length: 1 + random.int(6) }, () => random.pick(WORDS) + random.pick(SPACES))
      const text = words.join("") + random.pick(CLOSINGS)
      const plain = toPlainSpelling(random.chance(0.2) ? text.toUpperCase() : text)
      assert.strictEqual(toPlainSpelling(plain), plain, text)
    }
  })

  it("is linear in the length of the text", () => {
    for (const text of [
      ". ".repeat(50_000),
      `a${" ".repeat(100_000)}b`,
      "A'".repeat(50_000),
      "I ".repeat(50_000)
    ]) {
      const time = cpuTimeOf(() => toPlainSpelling(text), 400)
      assert.isBelow(time, 400, JSON.stringify(text.slice(0, 4)))
    }
  })
})
