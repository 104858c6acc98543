import { describe, expect, it } from "vitest"
import { memoryTools, type SessionOptions } from "../src/index.ts"
import { createAgent, listAll, openMemory, serve } from "./support/fixtures.ts"
import { watchedStore } from "../../core/test/support/watchedStore.ts"
import { AgentMemory, InMemoryStore, promiseClient, StoreFingerprint } from "@keepsake/core"
import { Layer } from "effect"

const MODEL = "claude-sonnet-5-5"

describe("an agent that reads shared scopes", () => {
  it("recalls from its own and the session's, writes to the user's alone, and says what is missing", async () => {
    const { failing, layer } = watchedStore(InMemoryStore.layer)
    const memory = await promiseClient(
      AgentMemory.layer({ purgeEvery: false }).pipe(
        Layer.provideMerge(layer),
        Layer.provide(StoreFingerprint.wordsOnly)
      )
    )
    await memory.for({ userId: "team:blue" }).remember("Freight leaves on Friday")
    await memory.for({ agentId: "handbook", userId: "all" }).remember("Freight is paid in advance")
    await memory.for({ userId: "bo" }).remember("Freight is my secret")
    const server = await serve(() => "On Friday.")
    await using agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      reads: [{ agentId: "handbook", userId: "all" }]
    })
    const session = agent.session({ userId: "ana", reads: ["team:blue"] })
    const { degraded, recalled, written } = await session.send("When does the freight leave?")
    await written
    expect(degraded).toEqual([])
    expect(recalled.text).toContain('- from="team:blue" ')
    expect(recalled.text).toContain('- from="handbook/all" ')
    expect(recalled.text).not.toContain("secret")
    expect(JSON.stringify(server.requests[0]?.body.messages)).toContain("Freight leaves on Friday")
    expect(await listAll(memory.for({ userId: "ana" }))).toHaveLength(2)
    expect(await listAll(memory.for({ userId: "team:blue" }))).toHaveLength(1)

    failing.add("team:blue")
    const second = await agent
      .session({ userId: "cy", reads: ["team:blue"] })
      .send("When does the freight leave?")
    expect(second.degraded).toMatchObject([{ stage: "recall", reason: "Unavailable" }])
    expect(second.degraded[0]?.message).toContain('user "team:blue"')
    expect(second.recalled.text).toContain("paid in advance")
    await memory.close()
  })

  it("refuses scopes that cannot be read when the session is made", async () => {
    const memory = await openMemory()
    const server = await serve(() => "Hello.")
    await using agent = createAgent({ memory, client: server.client(), model: MODEL, reads: ["team"] })
    const open = (options: Partial<SessionOptions>) => () => agent.session({ userId: "ana", ...options })
    expect(open({ reads: ["ana"] })).toThrow(/reads\[1\]: is this memory's own scope/u)
    expect(open({ reads: ["team"] })).toThrow(/reads\[1\]: is the scope of reads\[0\]/u)
    expect(open({ reads: "team" as never })).toThrow(/reads: give a list/u)
    expect(() =>
      createAgent({ memory, client: server.client(), model: MODEL, reads: "team" as never })
    ).toThrow(/reads: give a list/u)
  })
})

describe("memory tools over shared scopes", () => {
  it("show where a memory comes from, and change one's own alone", async () => {
    const memory = await openMemory()
    const team = memory.for({ userId: "team:blue" })
    const ana = memory.for({ userId: "ana" }, { reads: ["team:blue"] })
    await team.remember("Freight leaves on Friday")
    const [{ id } = { id: "" }] = await listAll(team)
    const tools = new Map(memoryTools(ana).map((tool) => [tool.name, tool]))
    const call = (name: string, input: object) =>
      tools.get(name)?.execute(input as never, { signal: new AbortController().signal })
    expect(await call("recall", { query: "freight" })).toContain('"from":"team:blue"')
    const refusal = "This memory is shared: it cannot be changed from here."
    expect(await call("forget", { id })).toBe(refusal)
    expect(await call("update", { id, importance: 1 })).toBe(refusal)
    expect(await call("update", { id, content: "Freight leaves on Monday" })).toBe(refusal)
    expect(await team.get(id)).toMatchObject({ importance: 0.5, supersededBy: null })
    // The team's memory may go; what the user is told to keep is kept.
    expect(await call("remember", { content: "freight leaves on friday" })).toMatch(/Remembered/u)
    expect(await call("recall", { query: "freight" })).toContain("freight leaves on friday")
    for (const { inputSchema } of tools.values()) {
      expect(Object.keys(inputSchema.properties ?? {})).not.toContain("reads")
    }
  })
})
