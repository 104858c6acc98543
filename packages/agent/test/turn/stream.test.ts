import { describe, expect, it } from "vitest"
import { collect, createAgent, listAll, openMemory, serve } from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"

describe("stream", () => {
  it("yields the recalled memories, the text, the tools, the writes, and last the result", async () => {
    const server = await serve([
      { text: "Let me look.", tools: [{ name: "recall", input: { query: "tea" } }] },
      "You like green tea, from what you told me."
    ])
    const memory = await openMemory()
    await memory.for({ userId: "ana" }).remember({ content: "Ana drinks green tea.", type: "semantic" })
    const session = createAgent({ memory, client: server.client(), model: MODEL, memoryTools: true }).session(
      { userId: "ana" }
    )
    const events = await collect(session.stream("Which tea do I like?"))
    const types = events.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1])
    expect(types).toEqual(["recalled", "text", "toolStart", "toolEnd", "text", "written", "done"])
    expect(events.flatMap((event) => (event.type === "text" ? [event.text] : [])).join("")).toBe(
      "Let me look.You like green tea, from what you told me."
    )
    const done = events.at(-1)
    if (done?.type !== "done") throw new Error("no result")
    expect(done.result.text).toBe("You like green tea, from what you told me.")
    expect(done.result.toolCalls).toMatchObject([{ name: "recall", isError: false }])
    expect(done.result.toolCalls[0]?.output).toContain("Ana drinks green tea.")
    expect((await done.result.written).map(({ status }) => status)).toEqual(["stored"])
    expect(server.requests.every(({ body }) => body.stream === true)).toBe(true)
  })

  it("remembers the question once when the server is overloaded during the reply, and works again", async () => {
    const server = await serve([
      { text: "This will break off in the middle", overloadedAfter: 1 },
      "Now it works."
    ])
    const memory = await openMemory()
    const session = createAgent({ memory, client: server.client(), model: MODEL }).session({ userId: "ana" })
    const types: Array<string> = []
    await expect(async () => {
      for await (const event of session.stream("Hello there")) types.push(event.type)
    }).rejects.toMatchObject({ _tag: "AgentError", isRetryable: true, reason: { _tag: "Overloaded" } })
    expect(types).toContain("text")
    expect((await listAll(memory.for({ userId: "ana" }))).map(({ content }) => content)).toEqual([
      "Hello there"
    ])

    const { text, written } = await session.send("Hello there")
    expect(text).toBe("Now it works.")
    await written
    expect(server.requests[1]?.body.messages).toHaveLength(1)
    // Sent twice, answered once, stored once.
    const rows = await listAll(memory.for({ userId: "ana" }))
    expect(rows.filter(({ source }) => source === "user")).toHaveLength(1)
  })

  it("aborts the turn when the reader leaves, and keeps what was said and shown", async () => {
    const never = new Promise<void>(() => {})
    let events = 0
    const server = await serve(() => ({
      text: "A long reply that is not read to the end",
      pace: () => (++events < 4 ? Promise.resolve() : never)
    }))
    const memory = await openMemory()
    const session = createAgent({ memory, client: server.client(), model: MODEL }).session({ userId: "ana" })
    for await (const event of session.stream("Hello")) if (event.type === "text") break
    expect((await listAll(memory.for({ userId: "ana" }))).map(({ content }) => content)).toEqual(["Hello"])
    server.script(() => "A long reply.")
    expect((await session.send("Still there?")).text).toBe("A long reply.")
    const messages = server.requests.at(-1)?.body.messages ?? []
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"])
    expect(JSON.stringify(messages[1])).toMatch(/A long reply.*broken off here/u)
  })

  it("rejects with the signal's reason", async () => {
    const never = new Promise<void>(() => {})
    const server = await serve(() => ({ text: "never sent", pace: () => never }))
    const memory = await openMemory()
    const session = createAgent({ memory, client: server.client(), model: MODEL }).session({ userId: "ana" })
    for (const run of [
      (signal: AbortSignal) => session.send("Hello", { signal }),
      (signal: AbortSignal) => collect(session.stream("Hello", { signal }))
    ]) {
      const controller = new AbortController()
      const reason = new Error("the user went away")
      const turn = run(controller.signal)
      controller.abort(reason)
      await expect(turn).rejects.toBe(reason)
    }
    server.script(() => "Here again.")
    expect((await session.send("Hello")).text).toBe("Here again.")
    expect(await listAll(memory.for({ userId: "ana" }))).toHaveLength(2)
  })
})
