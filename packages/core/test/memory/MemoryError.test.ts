import { execFileSync } from "node:child_process"
import { inspect } from "node:util"
import { InvalidInput, MemoryError, Unavailable } from "@keepsake/core"
import { describe, expect, it } from "vitest"

const MODULE = new URL("../../src/memory/MemoryError.ts", import.meta.url).href

const countIn = (text: string, part: string): number => text.split(part).length - 1

describe("a MemoryError", () => {
  const error = new MemoryError({
    reason: new InvalidInput({ field: "content", message: "content: is empty" })
  })

  it("that nothing catches prints its text once, with one stack", () => {
    const program = `import { invalidInput } from ${JSON.stringify(MODULE)}; throw invalidInput("content", ["is empty, the", "teapot"].join(" "))`
    let printed = ""
    try {
      execFileSync(process.execPath, ["--input-type=module", "-e", program], { stdio: "pipe" })
    } catch (cause) {
      printed = String((cause as { readonly stderr: Buffer }).stderr)
    }
    expect(countIn(printed, "the teapot")).toBe(1)
    expect(printed).toContain("MemoryError: content: is empty, the teapot")
    expect(printed).not.toMatch(/^\s*reason: /mu)
    expect(countIn(inspect(error), "is empty")).toBe(1)
  })

  it("keeps its reason and its cause for programs", () => {
    const cause = new Error("closed")
    const unavailable = new MemoryError({ reason: new Unavailable({ message: "gone", cause }) })
    expect(unavailable).toMatchObject({ reason: { _tag: "Unavailable" }, isRetryable: true, cause })
  })
})
