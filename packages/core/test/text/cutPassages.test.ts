import { assert, describe, it } from "@effect/vitest"
import { cutPassages } from "../../src/text/cutPassages.ts"

const WHOLE = 1_600

const cut = (text: string) => cutPassages(text, WHOLE).map(({ end, start }) => text.slice(start, end))

describe("passages of a text", () => {
  it("leaves a short text whole, with the space around it", () => {
    assert.deepStrictEqual(cut("  short \n"), ["  short \n"])
    assert.deepStrictEqual(cut("x".repeat(WHOLE)), ["x".repeat(WHOLE)])
  })

  it("keeps sentences, list items and blocks of code whole", () => {
    const sentences = Array.from({ length: 60 }, (_, i) => `Sentence ${i} says a little about the harbour.`)
    for (const passage of cut(sentences.join(" "))) assert.match(passage, /^Sentence \d+ .*harbour\.$/su)
    const items = Array.from({ length: 80 }, (_, i) => `- item ${i}: rope, paint and a bucket`)
    for (const passage of cut(items.join("\n"))) assert.match(passage, /^- item .*bucket$/su)
    const code = `\`\`\`ts\n${"const a = 1\n".repeat(40)}\`\`\``
    assert.isTrue(
      cut(`${sentences.join(" ")}\n${code}\n${sentences.join(" ")}`).some((passage) => passage.includes(code))
    )
  })

  it("covers every word once, in order, in any script and however long", () => {
    const texts = [
      "word ".repeat(20_000),
      "漢字文。".repeat(5_000),
      "😀".repeat(10_000),
      "a\n\n".repeat(9_000),
      "x".repeat(50_000),
      "```\nopen\n".repeat(3_000)
    ]
    for (const text of texts) {
      const spans = cutPassages(text, WHOLE)
      assert.isAbove(spans.length, 1)
      assert.isTrue(spans.every(({ end, start }, i) => start < end && start >= (spans[i - 1]?.end ?? 0)))
      assert.strictEqual(cut(text).join("").replaceAll(/\s/gu, ""), text.replaceAll(/\s/gu, ""))
      // No half of a pair.
      for (const passage of cut(text)) assert.isTrue(passage.isWellFormed())
    }
  })

  it("makes passages larger rather than thousands of them", () => {
    assert.isBelow(cutPassages("Ein Satz. ".repeat(100_000), WHOLE).length, 4_000)
  })
})
