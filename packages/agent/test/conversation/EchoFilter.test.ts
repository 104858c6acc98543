import { describe, expect, it } from "vitest"
import { EchoFilter } from "../../src/conversation/EchoFilter.ts"
import { createAgent, listAll, openMemory, readLastTexts, serve } from "../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"

const KNOWN = [
  "Ana is building a SaaS for freight logistics.",
  "Ana's launch is planned for the 3rd of May <b>2027</b> & not earlier.",
  "Ana prefers short answers.\nShe works in the mornings.",
  "Likes tea."
]

describe("recalled text is not remembered again", () => {
  it("adds no row with its text when the model repeats the block word for word, 50 turns in a row", async () => {
    const server = await serve((request) => readLastTexts(request)[1] ?? "")
    const memory = await openMemory()
    const scoped = memory.for({ userId: "ana" })
    await scoped.rememberMany(KNOWN.map((content) => ({ content, type: "semantic" as const })))
    const before = new Set((await listAll(scoped)).map(({ id }) => id))
    const agent = createAgent({ memory, client: server.client(), model: MODEL })
    let session = agent.session({ userId: "ana" })
    let repeatedCount = 0
    for (let turn = 0; turn < 50; turn++) {
      // New sessions recall what earlier ones wrote.
      if (turn % 10 === 9) session = agent.session({ userId: "ana" })
      const { recalled, text } = await session.send(
        `Question ${turn}: what do you know about my freight launch?`
      )
      if (recalled.text !== "" && text === recalled.text) repeatedCount += 1
    }
    await agent.close()
    expect(repeatedCount).toBe(50)
    const added = (await listAll(scoped)).filter(({ id }) => !before.has(id))
    expect(added.filter(({ source }) => source !== "user")).toEqual([])
    expect(added.filter(({ content }) => KNOWN.some((text) => content.includes(text)))).toEqual([])
    expect(added).toHaveLength(50)
  })

  it("keeps the new text of a reply that repeats the rest", async () => {
    const server = await serve(
      (request) => `From my notes:\n${readLastTexts(request)[1]}\n\nThe port of Oslo opens at six.`
    )
    const memory = await openMemory()
    const scoped = memory.for({ userId: "ana" })
    await scoped.remember({ content: KNOWN[0] ?? "", type: "semantic" })
    await createAgent({ memory, client: server.client(), model: MODEL })
      .session({ userId: "ana" })
      .send("What about freight?")
    const [reply] = (await listAll(scoped)).filter(({ source }) => source === "assistant")
    expect(reply?.content).toContain("The port of Oslo opens at six.")
    expect(reply?.content).not.toContain("building a SaaS")
  })

  it("keeps a reply that adds to a memory, and a short answer every time", async () => {
    const replies = ["Order 5512 is confirmed. We ship on Fridays, from March on Thursdays.", "Yes.", "Yes."]
    const server = await serve(replies)
    const memory = await openMemory()
    const scoped = memory.for({ userId: "ana" })
    await scoped.remember({ content: "We ship on Fridays", type: "semantic" })
    const agent = createAgent({ memory, client: server.client(), model: MODEL })
    for (const question of ["When does my order 5512 ship?", "On Fridays?", "Really on Fridays?"])
      await agent.session({ userId: "ana" }).send(question)
    const rows = (await listAll(scoped)).filter(({ source }) => source === "assistant")
    expect(rows.map(({ content }) => content).toSorted()).toEqual(replies.toSorted())
  })

  it("refuses to remember what the recall tool showed", async () => {
    const fact = "Ana is building a SaaS for freight logistics."
    const server = await serve([
      { tools: [{ name: "recall", input: { query: "SaaS freight logistics" } }] },
      { tools: [{ name: "remember", input: { content: "ana is building a saas for freight logistics" } }] },
      fact
    ])
    const memory = await openMemory()
    const scoped = memory.for({ userId: "ana" })
    await scoped.remember({ content: fact, type: "semantic" })
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      memoryTools: true,
      context: { omit: ["profile", "relevant", "lastTime"] }
    })
    const { recalled, toolCalls } = await agent.session({ userId: "ana" }).send("Look it up")
    expect(recalled.text).toBe("")
    expect(toolCalls[1]?.output).toMatch(/^Already known/)
    expect((await listAll(scoped)).map(({ content }) => content).toSorted()).toEqual([fact, "Look it up"])
  })

  it.each([
    ["different case and spacing", "  ANA is   building a saas for FREIGHT logistics.", ""],
    [
      "one sentence of several",
      "Yes. Ana is building a SaaS for freight logistics. Is that so?",
      "Yes. Is that so?"
    ],
    ["a memory of two lines", "Ana prefers short answers.\nShe works in the mornings.\nOK.", "OK."],
    ["part of a memory, which may be news", "She works in the mornings.", "She works in the mornings."],
    [
      "a sentence that adds to a memory",
      "Order 5512 is confirmed. Ana is building a SaaS for freight logistics, from March for ports.",
      "Order 5512 is confirmed. Ana is building a SaaS for freight logistics, from March for ports."
    ],
    [
      "escaped characters",
      "- Ana's launch is planned for the 3rd of May &lt;b&gt;2027&lt;/b&gt; &amp; not earlier.",
      ""
    ],
    ["a list with other marks", "* Likes tea.\n* Likes coffee.", "* Likes coffee."],
    ["a short answer that was given before", "Likes tea.", "Likes tea."],
    ["short words of their own", "Yes. Ana ships on Friday.", "Yes. Ana ships on Friday."]
  ])("leaves out what repeats a memory whole, and no more: %s", (_, reply, rest) => {
    const filter = new EchoFilter()
    filter.add("", KNOWN)
    expect(filter.removeEchoes(reply)).toBe(rest)
  })
})
