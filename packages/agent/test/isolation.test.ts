import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { defineTool, type ToolOwner } from "../src/index.ts"
import { createAgent, listAll, openMemory, readUserText, serve } from "./support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"
const USERS = 200
const SESSIONS_EACH = 5

const toMarker = (user: number): string => `marker-${user}-end`
const findMarkers = (value: unknown): ReadonlySet<string> =>
  new Set(JSON.stringify(value).match(/marker-\d+-end/g))

describe("many users", () => {
  it("1,000 concurrent sessions of 200 users: no message, memory or tool result crosses users", async () => {
    const foreign: Array<string> = []
    const server = await serve(({ body }) => {
      const markers = findMarkers(body.messages)
      if (markers.size !== 1) foreign.push(Array.from(markers).join(" and "))
      const [marker = "no marker"] = markers
      const isAnswered = JSON.stringify(body.messages.at(-1)).includes("tool_result")
      return isAnswered
        ? `Reply to ${marker}.`
        : {
            tools: [
              { name: "whoami", input: {} },
              { name: "recall", input: { query: `project of ${marker}` } }
            ]
          }
    })
    const memory = await openMemory()
    await Promise.all(
      Array.from({ length: USERS }, (_, user) =>
        memory
          .for({ userId: `user-${user}` })
          .remember({ content: `The project of ${toMarker(user)} is secret.`, type: "semantic" })
      )
    )
    const whoami = ({ userId }: ToolOwner) =>
      defineTool({
        name: "whoami",
        description: "Who the user is.",
        input: Schema.Struct({}),
        execute: () => toMarker(Number(userId.slice(5)))
      })
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      memoryTools: true,
      tools: (owner) => [whoami(owner)]
    })

    const turns = Array.from({ length: USERS * SESSIONS_EACH }, async (_, i) => {
      const user = i % USERS
      const session = agent.session({ userId: `user-${user}` })
      const results = [
        await session.send(`I am ${toMarker(user)}, hello`),
        await session.send("What is my project?")
      ]
      return { user, results, exported: session.export() }
    })
    for (const { exported, results, user } of await Promise.all(turns)) {
      for (const { degraded, message, recalled, text, toolCalls } of results) {
        expect(degraded).toEqual([])
        expect(findMarkers([text, message, toolCalls, recalled.text])).toEqual(new Set([toMarker(user)]))
      }
      expect(findMarkers(exported)).toEqual(new Set([toMarker(user)]))
    }
    expect(foreign).toEqual([])
    expect(server.requests).toHaveLength(USERS * SESSIONS_EACH * 4)
    await agent.close()
    for (let user = 0; user < USERS; user++) {
      const rows = await listAll(memory.for({ userId: `user-${user}` }))
      expect(findMarkers(rows)).toEqual(new Set([toMarker(user)]))
      expect(rows.filter(({ source }) => source === "user").length).toBe(1 + SESSIONS_EACH * 2)
    }
  })

  it("sends the messages of one session in order, one at a time", async () => {
    const server = await serve((request) => `Heard ${readUserText(request)}`)
    const memory = await openMemory()
    const session = createAgent({ memory, client: server.client(), model: MODEL }).session({ userId: "ana" })
    const replies = await Promise.all(["a", "b", "c", "d"].map((text) => session.send(text)))
    expect(replies.map(({ text }) => text)).toEqual(["Heard a", "Heard b", "Heard c", "Heard d"])
    expect(server.requests.map(({ body }) => body.messages.length)).toEqual([1, 3, 5, 7])
  })

  it("keeps agents with different ids apart", async () => {
    const server = await serve(() => "Fine.")
    const memory = await openMemory()
    const options = { memory, client: server.client(), model: MODEL }
    await createAgent({ ...options, agentId: "work" })
      .session({ userId: "ana" })
      .send("The budget is 40 thousand euros.")
    const { recalled } = await createAgent({ ...options, agentId: "home" })
      .session({ userId: "ana" })
      .send("What is the budget in euros?")
    expect(recalled.text).toBe("")
  })
})
