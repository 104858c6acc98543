import { assert, describe, it } from "@effect/vitest"
import { makeRandom } from "../../../src/testing/random.ts"
import { documentTerms, queryTerms } from "../../../src/text/bm25.ts"
import { readKeys, readText } from "../../../src/text/terms/readText.ts"
import { wordKey } from "../../../src/text/terms/Word.ts"
import { cpuTimeOf } from "../../support/cpuTime.ts"
import { FUZZ_STRINGS } from "../../support/fuzz.ts"

/** Where the characters of a string come from: mixed blocks, marks, surrogates by themselves, marks of identifiers. */
const BLOCKS: ReadonlyArray<readonly [first: number, last: number]> = [
  [0x20, 0x7e],
  [0x00, 0x2ff],
  [0x300, 0x36f],
  [0x370, 0x5ff],
  [0x600, 0x8ff],
  [0x900, 0xfff],
  [0x1000, 0x1fff],
  [0x2000, 0x2fff],
  [0x3000, 0x9fff],
  [0xa000, 0xdfff],
  [0xf900, 0xffff],
  [0x1f000, 0x1faff],
  [0x0, 0x10ffff]
]
const viewBytes = ({ buffer }: Uint32Array): Uint8Array => new Uint8Array(buffer)

const MARKS = "'.@:/\\+&=?#~-_ 0aA"

describe("terms of any text", () => {
  it(
    `do not throw on ${FUZZ_STRINGS} random strings, and are ascending, distinct and weighed`,
    { timeout: 600_000 },
    () => {
      const random = makeRandom(20_261_126)
      for (let i = 0; i < FUZZ_STRINGS; i++) {
        const [first, last] = BLOCKS[random.int(BLOCKS.length)] ?? [0, 0]
        const text = Array.from({ length: random.int(24) }, () =>
          random.chance(0.2)
            ? (MARKS[random.int(MARKS.length)] ?? "")
            : String.fromCodePoint(first + random.int(last - first + 1))
        ).join("")
        const { ids, weights } = documentTerms(text)
        for (let at = 0; at < ids.length; at++) {
          if (at > 0 && !((ids[at] ?? 0) > (ids[at - 1] ?? 0))) assert.fail(`ids of ${JSON.stringify(text)}`)
          if (!((weights[at] ?? 0) > 0 && (weights[at] ?? 0) < 2.2))
            assert.fail(`weights of ${JSON.stringify(text)}`)
        }
        const missing = Array.from(queryTerms(text)).filter((term) => !ids.includes(term))
        if (missing.length > 0) assert.fail(`${JSON.stringify(text)} does not find itself`)
        const keys = Uint32Array.from(readText(text).words, wordKey)
        if (Buffer.compare(viewBytes(readKeys(text)), viewBytes(keys)) !== 0)
          assert.fail(`keys of ${JSON.stringify(text)}`)
      }
    }
  )

  const LONG: ReadonlyArray<readonly [what: string, text: (size: number) => string]> = [
    ["a word", (size) => "x".repeat(size)],
    ["digits", (size) => "7".repeat(size)],
    ["digits in groups", (size) => "123 ".repeat(size / 4)],
    ["digits with commas", (size) => "123,".repeat(size / 4)],
    ["parts", (size) => "a-".repeat(size / 2)],
    ["an address", (size) => "a/b?".repeat(size / 4)],
    ["capitals", (size) => "aB".repeat(size / 2)],
    ["apostrophes", (size) => "o'".repeat(size / 2)],
    ["quotation marks", (size) => '"'.repeat(size)],
    ["spaces before a function word", (size) => `${" ".repeat(size)}The`],
    ["Han", (size) => "猫".repeat(size)],
    ["Thai", (size) => "แมว".repeat(size / 3)],
    ["Hangul", (size) => "고양이".repeat(size / 3)],
    ["combining marks", (size) => `e${"\u0301".repeat(size)}`],
    ["combining marks of two classes", (size) => `e${"\u0301".repeat(size / 2)}${"\u0323".repeat(size / 2)}`],
    ["marks after every letter", (size) => "e\u0301\u0323".repeat(size / 3)],
    ["ligatures of phrases", (size) => "\ufdfa".repeat(size)],
    ["emoji", (size) => "🚲".repeat(size / 2)],
    ["flags", (size) => "🇵🇹".repeat(size / 4)]
  ]
  for (const [what, text] of LONG) {
    it(`take time linear in the length of ${what}`, () => {
      const [short, long] = [text(5_000), text(50_000)]
      const usual = Math.max(
        10,
        cpuTimeOf(() => documentTerms(short))
      )
      // Ten times as long; a hundredfold time would be quadratic.
      assert.isBelow(
        cpuTimeOf(() => documentTerms(long)),
        40 * usual + 200
      )
    })
  }

  it("bound a word of a megabyte, and 100,000 combining marks", () => {
    const time = cpuTimeOf(() => {
      documentTerms("x".repeat(2 ** 20))
      documentTerms(`e${"\u0301\u0323".repeat(50_000)}`)
    })
    assert.isBelow(time, 2_000)
  })
})
