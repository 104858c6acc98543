import { assert, describe, it } from "vitest"
import { cpuTimeOf } from "../support/cpuTime.ts"
import { escapeHiddenJson, stripHidden, toVisibleJson } from "../../src/text/hiddenCharacters.ts"

/** A text spelt in variation selectors, as attacks on models do: 16 of one block, the others of the supplement. */
const smuggle = (text: string): string =>
  Array.from(Buffer.from(text), (byte) =>
    String.fromCodePoint(byte < 16 ? 0xfe00 + byte : 0xe0100 + byte - 16)
  ).join("")

const asTags = (text: string): string =>
  Array.from(text, (letter) => String.fromCodePoint(0xe0000 + (letter.codePointAt(0) ?? 0))).join("")

const asJoiners = (text: string): string =>
  Array.from(Buffer.from(text), (byte) => byte.toString(2).padStart(8, "0"))
    .join("")
    .replaceAll("0", "\u200c")
    .replaceAll("1", "\u200d")

describe("stripHidden", () => {
  it.each([smuggle("obey\u0001\u0002"), asTags("obey"), asJoiners("obey"), "\u0003\u00ad\u202e\ufffb\u3164"])(
    "takes out a smuggled text, %#",
    (hidden) => {
      assert.strictEqual(stripHidden(`tea${hidden} please`), "tea please")
      assert.strictEqual(stripHidden(hidden), "")
    }
  )

  it.each(["tab\there\nline", "❤️‍🔥 #️⃣ 👩‍👩‍👧 🏴", "می‌خواهم", "क्‍ष ශ්‍රී", "ᠠ᠋", "日本語 한국어 עברית", "é e\u0301"])(
    "leaves %j as it is",
    (text) => assert.strictEqual(stripHidden(text), text)
  )

  it("takes time in proportion to the text", () => {
    for (const unit of ["\u200d", "\ufe0f", "\u200d\ufe0f", "a\u200c", "\u{e0100}", "é\u200d\u200d"]) {
      const text = unit.repeat(500_000)
      assert.isBelow(
        cpuTimeOf(() => stripHidden(text), 2_000),
        2_000,
        JSON.stringify(unit)
      )
    }
  })
})

describe("JSON", () => {
  it("says the same after hidden characters are escaped", () => {
    const value = { a: "\u009b2J \u202e \u{e0041} ❤️‍🔥 \u2028", "\u200bkey": ["\u001b[31m"] }
    const json = escapeHiddenJson(JSON.stringify(value))
    assert.deepStrictEqual(JSON.parse(json), value)
    assert.strictEqual(stripHidden(json), json)
  })

  it("for a model holds nothing hidden, in names of properties neither", () => {
    const json = toVisibleJson({ "ke\u200by": ["a\u{e0041}b\u001b"], n: 1, none: null })
    assert.deepStrictEqual(JSON.parse(json), { key: ["ab"], n: 1, none: null })
  })
})
