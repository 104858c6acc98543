import { describe, expect, it } from "vitest"
import { parsePartialJson } from "../../../src/writing/policies/partialJson.ts"

describe("parsePartialJson", () => {
  const whole = JSON.stringify({
    facts: [
      { content: 'a "quoted" } ] \\ thing' },
      { content: "b", deep: { list: [1, { x: "]" }] } },
      { content: "🚢" }
    ]
  })
  it("reads every complete item of a text that is cut off anywhere", () => {
    expect(parsePartialJson(whole, "facts")).toMatchObject({ isWhole: true })
    const items = parsePartialJson(whole, "facts").items
    for (let end = 0; end < whole.length; end++) {
      const { isWhole, items: saved } = parsePartialJson(whole.slice(0, end), "facts")
      expect(isWhole).toBe(false)
      expect(saved).toEqual(items.slice(0, saved.length))
      // Includes each item up to its closing brace.
      const ends = items.map(
        (_, i) => whole.indexOf(JSON.stringify(items[i])) + JSON.stringify(items[i]).length
      )
      expect(saved.length).toBe(ends.filter((itemEnd) => itemEnd <= end).length)
    }
  })
})
