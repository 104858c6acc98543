import { STATEMENT_LIMITS } from "@keepsake/core"
import { describe, expect, it } from "vitest"
import { createAgent, listAll, openMemory, serve } from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"

const exchange = async (user: string, reply: string) => {
  const server = await serve([reply, "Still here."])
  const memory = await openMemory()
  const session = createAgent({ memory, client: server.client(), model: MODEL }).session({ userId: "ana" })
  const { degraded, written } = await session.send(user)
  expect((await written).map(({ status }) => status)).toEqual(["stored"])
  const rows = await listAll(memory.for({ userId: "ana" }))
  await session.send("Are you there?")
  return { server, rows, degraded }
}

describe("odd text", () => {
  it.each([
    ["U+0000 in the question", "a\u0000b", "fine", ["ab", "fine"]],
    ["half a pair in the question", "a \ud83d b", "fine", ["a \ufffd b", "fine"]],
    ["U+0000 in the reply", "hello", "fi\u0000ne", ["fine", "hello"]],
    ["half a pair in the reply", "hello", "fi \udea2 ne", ["fi \ufffd ne", "hello"]]
  ])("%s is kept, cleaned", async (_, user, reply, contents) => {
    const { degraded, rows, server } = await exchange(user, reply)
    expect(degraded).toEqual([])
    expect(rows.map(({ content }) => content).toSorted()).toEqual(contents)
    expect(JSON.stringify(server.requests.at(-1)?.body.messages)).not.toMatch(/\\u0000|\\ud[89a-f]/u)
  })

  // A busy machine may store it after the reply has ended.
  it("that is longer than a memory is kept in parts, whole", async () => {
    const text = "🚢 The ledger of the year. ".repeat(Math.ceil((STATEMENT_LIMITS.content * 2.5) / 27))
    const { rows } = await exchange(text, "Noted.")
    const parts = rows
      .filter(({ source }) => source === "user")
      .toSorted((a, b) => Number(a.metadata["part"] ?? 1) - Number(b.metadata["part"] ?? 1))
    expect(parts).toHaveLength(3)
    expect(parts.map(({ content }) => content).join("")).toBe(text)
    expect(parts.every(({ turn }) => turn === 0)).toBe(true)
    expect(rows.map(({ content }) => content)).toContain("Noted.")
  })

  it("a reply of any length costs nothing of the question", async () => {
    const { rows } = await exchange("Write a book", "Once upon a time. ".repeat(20_000))
    expect(rows.map(({ source }) => source).toSorted()).toEqual(["assistant", "user"])
  })
})
