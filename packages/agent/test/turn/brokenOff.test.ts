import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { defineTool, facts, type WritingPolicy } from "../../src/index.ts"
import type { RecordedRequest } from "../../src/testing/index.ts"
import { createAgent, listAll, openMemory, serve } from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"
const DECISION = "I have decided: we move to Lisbon on 3 May"
const never = new Promise<void>(() => {})

/** A reply that stops after some chunks of twelve characters. */
const stalling = (text: string, chunks: number) => {
  let events = 0
  return { text, pace: () => (++events <= chunks + 1 ? Promise.resolve() : never) }
}

const readMessages = (request: RecordedRequest | undefined): string => JSON.stringify(request?.body.messages)

const listContents = async (memory: Parameters<typeof listAll>[0]) =>
  (await listAll(memory)).map(({ content }) => content)

describe("a turn that is broken off", () => {
  it("is known to the next message and the next session when the reader leaves", async () => {
    const server = await serve(() => stalling("Lisbon, how lovely! I would begin with the lease.", 2))
    const memory = await openMemory()
    const agent = createAgent({ memory, client: server.client(), model: MODEL })
    const session = agent.session({ userId: "ana" })
    let shown = ""
    for await (const event of session.stream(DECISION)) {
      if (event.type === "text") shown += event.text
      if (shown.length >= 24) break
    }
    server.script(() => "Yes.")
    await session.send("What did I decide?")
    const sent = readMessages(server.requests.at(-1))
    expect(sent).toContain(DECISION)
    expect(sent).toContain(shown)
    expect(sent).toContain("broken off")
    expect(await listContents(memory.for({ userId: "ana" }))).toEqual(
      expect.arrayContaining([DECISION, "What did I decide?", "Yes."])
    )
    await agent.session({ userId: "ana" }).send("When do we move to Lisbon?")
    expect(readMessages(server.requests.at(-1))).toContain(DECISION)
    await agent.close()
  })

  it("is remembered once, however often the message is sent again", async () => {
    const server = await serve(() => stalling("Lisbon, how lovely!", 1))
    const memory = await openMemory()
    const agent = createAgent({ memory, client: server.client(), model: MODEL })
    const session = agent.session({ userId: "ana" })
    for (let i = 0; i < 3; i++)
      for await (const event of session.stream(DECISION)) if (event.type === "text") break
    server.script(() => "Lisbon it is.")
    const { written } = await session.send(DECISION)
    await written
    expect(server.requests.at(-1)?.body.messages).toHaveLength(1)
    expect((await listContents(memory.for({ userId: "ana" }))).toSorted()).toEqual([
      DECISION,
      "Lisbon it is."
    ])
    const rows = await listAll(memory.for({ userId: "ana" }))
    expect(new Set(rows.map(({ turn }) => turn))).toEqual(new Set([0, 1]))
  })

  it("is remembered when it is aborted before the model begins, and during recall", async () => {
    const server = await serve(() => ({ text: "never", pace: () => never }))
    let isSlow = true
    const { promise, resolve } = Promise.withResolvers<void>()
    const memory = await openMemory()
    const scoped = memory.for({ userId: "ana" })
    const slow = {
      ...memory,
      for: (scope: { readonly userId: string }) => {
        const handle = memory.for(scope)
        const context = handle.context.bind(handle)
        handle.context = async (...args) => {
          if (isSlow) resolve()
          if (isSlow) await never
          return context(...args)
        }
        return handle
      }
    }
    const agent = createAgent({ memory: slow, client: server.client(), model: MODEL })
    const session = agent.session({ userId: "ana" })
    const controller = new AbortController()
    const turn = session.send(DECISION, { signal: controller.signal })
    await promise
    controller.abort(new Error("stop"))
    await expect(turn).rejects.toThrow("stop")
    await agent.flush()
    expect(await listContents(scoped)).toEqual([DECISION])
    isSlow = false
    server.script(() => "Yes.")
    await session.send("So?")
    expect(readMessages(server.requests.at(-1))).toContain(DECISION)
  })

  it("shows the next turn which tools may have run", async () => {
    const server = await serve([{ text: "Booking.", tools: [{ name: "book", input: {} }] }, "I do not know."])
    const book = defineTool({
      name: "book",
      description: "Books.",
      input: Schema.Struct({}),
      execute: () => never.then(() => "")
    })
    const session = createAgent({
      memory: await openMemory(),
      client: server.client(),
      model: MODEL,
      tools: [book]
    }).session({ userId: "ana" })
    for await (const event of session.stream("Book it")) if (event.type === "toolStart") break
    await session.send("Was it booked?")
    expect(server.refusals).toEqual([])
    expect(readMessages(server.requests.at(-1))).toContain("it may have run")
  })

  it("is forgotten when the model refuses it", async () => {
    const server = await serve([{ text: "I can't.", stopReason: "refusal" }])
    const memory = await openMemory()
    await createAgent({ memory, client: server.client(), model: MODEL })
      .session({ userId: "ana" })
      .send("Something bad")
    expect(await listAll(memory.for({ userId: "ana" }))).toEqual([])
  })

  it("reaches policies with and without begin", async () => {
    const server = await serve(() => stalling("Lisbon, how lovely!", 1))
    const memory = await openMemory()
    const seen: Array<readonly [string, string]> = []
    const own: WritingPolicy = {
      name: "own",
      awaited: false,
      write: ({ assistant, user }) => {
        seen.push([user, assistant])
        return Promise.resolve({ memories: [] })
      }
    }
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      writing: [facts({ model: "claude-haiku-5-5" }), own]
    })
    for await (const event of agent.session({ userId: "ana" }).stream(DECISION))
      if (event.type === "text") break
    await agent.flush()
    expect(seen).toEqual([[DECISION, ""]])
    expect(await listContents(memory.for({ userId: "ana" }))).toEqual([DECISION])
  })

  it("shows no text before the question is kept", async () => {
    const server = await serve(() => "Lisbon it is.")
    const memory = await openMemory()
    const scoped = memory.for({ userId: "ana" })
    const session = createAgent({ memory, client: server.client(), model: MODEL }).session({ userId: "ana" })
    let known: ReadonlyArray<string> = []
    for await (const event of session.stream(DECISION)) {
      if (event.type !== "text") continue
      known = await listContents(scoped)
      break
    }
    expect(known).toContain(DECISION)
  })
})
