import { estimateTokens } from "../../packages/core/src/index.ts"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { readSamples } from "./samples.ts"

const counts = JSON.parse(readFileSync(new URL("counts.json", import.meta.url), "utf8")) as Readonly<
  Record<string, number>
>

describe("the estimate of tokens", () => {
  for (const [name, text] of readSamples()) {
    it(`is 1.0 to 1.3 times a tokeniser's count: ${name}`, () => {
      const share = estimateTokens(text) / (counts[name] ?? 0)
      expect(share).toBeGreaterThanOrEqual(1)
      expect(share).toBeLessThanOrEqual(1.3)
    })
  }

  it("takes time linear in the length", () => {
    expect(estimateTokens("")).toBe(0)
    for (const part of ["a", "A", "aA1", "\n ", "漢", "😀", "é", "."]) {
      expect(estimateTokens(part.repeat(200_000 / part.length))).toBeGreaterThan(0)
    }
  })
})
