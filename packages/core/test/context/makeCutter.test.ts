import { describe, expect, it } from "vitest"
import { makeCutter, readQuestion } from "../../src/context/makeCutter.ts"
import { estimateTokens } from "../../src/text/estimateTokens.ts"

const cut = (text: string, question: string, tokens: number): string =>
  makeCutter(text, readQuestion(question), estimateTokens)(tokens)

const weeks = Array.from(
  { length: 30 },
  (_, i) => `Week ${i + 1}. Tuesday ${(i % 9) + 4} km. Sunday ${i + 12} km, then rest.`
)

describe("a text cut to a question", () => {
  it("shows the line that holds a pair of words, not one that holds them apart", () => {
    const shown = cut(weeks.join("\n"), "what do I run in week 27?", 60)
    expect(shown).toContain("Week 27. Tuesday")
  })

  it("shows the line with a near form where no line has the word", () => {
    const lines = weeks.with(14, "Beide Seiten können schriftlich kündigen, bis zum Quartalsende.")
    expect(cut(lines.join("\n"), "Wie lang ist die Kündigungsfrist?", 60)).toContain("kündigen")
  })

  it("shows the line with a word under another particle, where words end in one", () => {
    const steps = Array.from(
      { length: 40 },
      (_, i) => `항목 ${i}: 상자를 정오 전에 창고로 배달하고 서명을 받습니다.`
    )
    const line = "할머니의 시계는 다음 달 열흘에 종로 가게에 수리를 맡깁니다."
    const shown = cut(steps.with(25, line).join("\n"), "할머니 시계 수리는 언제 맡기나요?", 60)
    expect(shown).toContain(line)
  })

  it("prefers what few lines hold", () => {
    const lines = weeks.with(20, "The roof costs 1,870.")
    expect(cut(lines.join("\n"), "What is the roof of week 3 in Tuesday km?", 40)).toContain("1,870")
  })

  it("shows more around the match with more tokens, what follows first, and all of a paragraph before the next", () => {
    const lines = weeks.with(15, "The roof was discussed.").with(16, "").with(14, "\nWeek 15 is short.")
    const text = lines.join("\n")
    expect(cut(text, "the roof", 12)).toBe("[…] The roof was discussed. […]")
    const wider = cut(text, "the roof", 30)
    expect(wider).toContain("Week 15 is short.")
    expect(wider).not.toContain("Week 18")
    for (const tokens of [20, 50, 100, 200, 400]) {
      const shown = cut(text, "the roof", tokens)
      expect(shown).toContain("The roof was discussed.")
      expect(estimateTokens(shown)).toBeLessThanOrEqual(tokens)
    }
    expect(cut(text, "the roof", 2_000)).toBe(
      lines
        .filter((line) => line !== "")
        .join("\n")
        .replaceAll("\n\n", "\n")
    )
  })

  it("shows the beginning where no line has a word of the question", () => {
    expect(cut(weeks.join("\n"), "and the cat?", 30).startsWith("Week 1.")).toBe(true)
  })

  it("is cut to several lengths after one reading", () => {
    const text = weeks.join("\n")
    const read: Array<string> = []
    const cutter = makeCutter(text, readQuestion("what do I run in week 27?"), (line) => {
      read.push(line)
      return estimateTokens(line)
    })
    const lengths = [200, 60, 400, 60]
    expect(lengths.map(cutter)).toEqual(
      lengths.map((tokens) => cut(text, "what do I run in week 27?", tokens))
    )
    expect(read.toSorted()).toEqual(text.split(/(?<=\n)/u).toSorted())
  })
})
