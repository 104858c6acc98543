import { MemoryError, type PromiseMemory, Unavailable } from "@keepsake/core"
import { describe, expect, it } from "vitest"
import { type AgentOptions, facts, summary, type WritingPolicy } from "../../../src/index.ts"
import type { RecordedRequest, Reply } from "../../../src/testing/index.ts"
import { createAgent, listAll, openMemory, readUserText, serve } from "../../support/fixtures.ts"

const MODEL = "claude-sonnet-5-5"
const SMALL = "claude-haiku-5-5"

interface Scripts {
  /** The chat model's reply. */
  readonly chat?: (request: RecordedRequest) => Reply
  readonly extract?: (exchange: {
    readonly user: string
    readonly assistant: string
  }) => Reply | Promise<Reply>
  readonly decide?: (
    open: ReadonlyArray<{
      readonly statement: number
      readonly content: string
      readonly known: ReadonlyArray<{ readonly known: number; readonly content: string }>
    }>
  ) => Reply
}

const json = (value: unknown): Reply => JSON.stringify(value)

const fact = (content: string, rest: object = {}) => ({
  content,
  type: "semantic",
  by: "user",
  importance: 0.7,
  ...rest
})

/** An agent with a small model that is scripted by the kind of question. */
const openAgent = async (scripts: Scripts, options: Partial<AgentOptions> = {}) => {
  const server = await serve((request) => {
    if (request.body.model !== SMALL) return (scripts.chat ?? (() => "I see."))(request)
    const { content } = request.body.messages[0] ?? { content: "" }
    const input: unknown = JSON.parse(typeof content === "string" ? content : "null")
    const schema = JSON.stringify(request.body.output_config ?? {})
    if (schema.includes('"decisions"'))
      return (scripts.decide ?? (() => json({ decisions: [] })))(input as never)
    return (scripts.extract ?? (() => json({ facts: [] })))(input as never)
  })
  const memory = await openMemory()
  const agent = createAgent({
    memory,
    client: server.client(),
    model: MODEL,
    writing: facts({ model: SMALL }),
    ...options
  })
  const session = agent.session({ userId: "ana" })
  const say = async (text: string) => {
    const [outcome] = await (await session.send(text)).written
    return outcome
  }
  return { server, memory: memory.for({ userId: "ana" }), agent, session, say }
}

const listCurrent = async (memory: PromiseMemory) =>
  (await memory.list({ limit: 1_000 })).rows.map(({ content }) => content).toSorted()

describe("facts", () => {
  it("stores typed statements, and marks the assistant's claims", async () => {
    const { memory, say, server } = await openAgent({
      chat: () => "Oslo's port closes at ten, I believe.",
      extract: () =>
        json({
          facts: [
            fact("Ana ships to Oslo."),
            fact("The port of Oslo closes at ten.", { by: "assistant" }),
            fact("Ana wants prices in euros.", { type: "procedural" })
          ]
        })
    })
    expect(await say("I ship to Oslo, prices in euros please.")).toMatchObject({
      policy: "facts",
      status: "stored",
      notes: [],
      attempts: 1
    })
    const rows = await listAll(memory)
    expect(new Set(rows.map(({ content, source, type }) => `${content} ${source} ${type}`))).toEqual(
      new Set([
        "Ana ships to Oslo. user semantic",
        "The port of Oslo closes at ten. assistant semantic",
        "Ana wants prices in euros. user procedural"
      ])
    )
    const request = server.requests.find(({ body }) => body.model === SMALL)
    expect(request?.body.output_config).toMatchObject({ format: { type: "json_schema" } })
  })

  it("adds, refreshes and supersedes; a superseded fact stays as history and can come back (A, B, A)", async () => {
    const { memory, say } = await openAgent({
      extract: ({ user }) => json({ facts: [fact(user)] }),
      decide: (open) =>
        json({
          decisions: open.map(({ content, known, statement }) => ({
            statement,
            action: content.includes("lives") ? "supersede" : "add",
            known: known.length > 0 ? 0 : null
          }))
        })
    })
    await say("Ana lives in Bergen.")
    const inBergen = (await listAll(memory))[0]?.saidAt
    expect((await say("Ana now lives in Oslo."))?.memories).toMatchObject([{ outcome: "created" }])
    expect(await listCurrent(memory)).toEqual(["Ana now lives in Oslo."])
    expect((await listAll(memory)).find(({ content }) => content === "Ana lives in Bergen.")).toMatchObject({
      supersededBy: expect.any(String) as string
    })
    expect(
      (await memory.recall("Where does Ana live, in Bergen?", { asOf: inBergen, minScore: 0 })).map(
        (match) => match.memory.content
      )
    ).toContain("Ana lives in Bergen.")

    await say("ana now  lives in Oslo")
    expect(await listCurrent(memory)).toEqual(["Ana now lives in Oslo."])

    expect((await say("Ana lives in Bergen."))?.memories).toMatchObject([{ outcome: "reopened" }])
    expect(await listCurrent(memory)).toEqual(["Ana lives in Bergen."])
    expect(await listAll(memory)).toHaveLength(2)
  })

  it("does not let a claim of the assistant overrule what the user stated", async () => {
    let by = "user"
    const { memory, say } = await openAgent({
      extract: ({ user }) => json({ facts: [fact(user, { by })] }),
      decide: (open) =>
        json({ decisions: open.map(({ statement }) => ({ statement, action: "supersede", known: 0 })) })
    })
    await say("Ana lives in Bergen.")
    by = "assistant"
    await say("Ana now lives in Oslo.")
    expect(await listCurrent(memory)).toEqual(["Ana lives in Bergen.", "Ana now lives in Oslo."])
  })

  it.each([
    [
      "cut off in the middle",
      {
        text: `{"facts":[${JSON.stringify(fact("Ana ships to Oslo."))},${JSON.stringify(fact('Ana {ships} "to" [Rome].'))},{"content":"Ana shi`,
        stopReason: "max_tokens" as const
      },
      ["Ana ships to Oslo.", 'Ana {ships} "to" [Rome].']
    ],
    [
      "wrapped in a fence",
      { text: `\`\`\`json\n{"facts":[${JSON.stringify(fact("Ana ships to Oslo."))}]}\n\`\`\`` },
      ["Ana ships to Oslo."]
    ],
    ["not JSON", { text: "Sorry, I cannot do that." }, []],
    ["of another shape", { text: '{"statements":[]}' }, []],
    [
      "with an item that is not a fact",
      { text: JSON.stringify({ facts: [fact("Ana ships to Oslo."), { content: "" }] }) },
      ["Ana ships to Oslo."]
    ],
    ["a refusal", { text: "No.", stopReason: "refusal" as const }, []]
  ])("loses nothing when the answer is %s", async (_, reply, saved) => {
    const { memory, say } = await openAgent({ extract: () => reply })
    const outcome = await say("I ship to Oslo and Rome and more.")
    expect(outcome).toMatchObject({ status: "stored" })
    expect(outcome?.notes.join()).toContain("the text was kept instead")
    expect(await listCurrent(memory)).toEqual(
      [...saved, "I see.", "I ship to Oslo and Rome and more."].toSorted()
    )
  })

  it("adds facts that the model left undecided", async () => {
    const { memory, say } = await openAgent({
      extract: ({ user }) => json({ facts: [fact(user)] }),
      decide: () => ({ text: '{"decisions":[{"stat', stopReason: "max_tokens" })
    })
    await say("Ana lives in Bergen.")
    const outcome = await say("Ana lives near Bergen.")
    expect(outcome?.notes).toEqual(["1 facts were added undecided: the model's answer was incomplete"])
    expect(await listCurrent(memory)).toEqual(["Ana lives in Bergen.", "Ana lives near Bergen."])
  })

  it("asks again when the model is overloaded, and keeps the text when the API refuses the key", async () => {
    let calls = 0
    const busy: Reply = { failure: { status: 529, type: "overloaded_error", message: "busy" } }
    const retried = await openAgent({
      extract: () => (calls++ === 0 ? busy : json({ facts: [fact("Ana ships to Oslo.")] }))
    })
    expect(await retried.say("I ship to Oslo.")).toMatchObject({ status: "stored", attempts: 2, notes: [] })
    expect(await listCurrent(retried.memory)).toEqual(["Ana ships to Oslo."])

    const refused = await openAgent({
      extract: () => ({ failure: { status: 401, type: "authentication_error", message: "no" } })
    })
    expect(await refused.say("I ship to Oslo.")).toMatchObject({
      status: "stored",
      attempts: 1,
      notes: ["the model could not be asked (Refused); the text was kept instead"]
    })
    expect(await listCurrent(refused.memory)).toEqual(["I see.", "I ship to Oslo."])
  })

  it("extracts and writes once when the store fails", async () => {
    let extractionCount = 0
    const { memory, say, session } = await openAgent({
      extract: () => json({ facts: [fact(`Ana ships to port ${++extractionCount}.`), fact("Ana sails.")] })
    })
    const scoped = session.memory as { remember: PromiseMemory["remember"] }
    const original = scoped.remember.bind(scoped)
    let failures = 0
    scoped.remember = async (...args) => {
      const stored = await original(...args)
      if (failures++ === 1)
        throw new MemoryError({ reason: new Unavailable({ message: "The answer was lost." }) })
      return stored
    }
    expect(await say("I ship.")).toMatchObject({ status: "stored", attempts: 2 })
    expect(await listCurrent(memory)).toEqual(["Ana sails.", "Ana ships to port 1."])
  })

  it("shows the extraction the whole reply, without the memory block", async () => {
    const secret = "Ana's warehouse is in Rotterdam, behind the old mill."
    const exchanges: Array<string> = []
    const { memory, say } = await openAgent({
      chat: (request) =>
        `You once told me: ${secret}\nThe tide is at nine. You said ${readUserText(request)}`,
      extract: (exchange) => {
        exchanges.push(JSON.stringify(exchange))
        return json({ facts: [] })
      }
    })
    await memory.remember({ content: secret, type: "semantic" })
    expect(await say("Where is my warehouse?")).toMatchObject({ status: "skipped" })
    expect(exchanges).toHaveLength(1)
    expect(exchanges[0]).toContain("The tide is at nine.")
    expect(exchanges[0]).toContain(secret)
    expect(exchanges[0]).not.toContain("<memory")
  })

  it("runs in the background: close waits for it, send does not", async () => {
    const gate = Promise.withResolvers<void>()
    const server = await serve(async ({ body }) => {
      if (body.model !== SMALL) return "I see."
      await gate.promise
      return json({ facts: [fact("Ana ships to Oslo.")] })
    })
    const client = await openMemory()
    const agent = createAgent({
      memory: client,
      client: server.client(),
      model: MODEL,
      writing: facts({ model: SMALL })
    })
    const { degraded, written } = await agent.session({ userId: "ana" }).send("I ship to Oslo.")
    const memory = client.for({ userId: "ana" })
    // The text stays until its facts are stored.
    expect([degraded, await listCurrent(memory)]).toEqual([[], ["I ship to Oslo."]])
    const closing = agent.close()
    gate.resolve()
    await closing
    expect(await listCurrent(memory)).toEqual(["Ana ships to Oslo."])
    expect(await written).toMatchObject([{ status: "stored" }])
  })
})

describe("other policies", () => {
  it("firstParagraph keeps the reply's first paragraph", async () => {
    const { memory, say } = await openAgent(
      { chat: () => "The short answer.\n\nThe long answer, with details." },
      { writing: "firstParagraph" }
    )
    expect(await say("Question?")).toMatchObject({ policy: "firstParagraph", status: "stored" })
    expect(await listCurrent(memory)).toEqual(["Question?", "The short answer."])
  })

  it("verbatim keeps the reply's first 500 code points", async () => {
    const { memory, say } = await openAgent({ chat: () => "🚢".repeat(600) }, { writing: "verbatim" })
    await say("Ships?")
    const [reply] = (await listAll(memory)).filter(({ source }) => source === "assistant")
    expect(Array.from(reply?.content ?? "")).toHaveLength(500)
    expect(reply?.expiresAt).toBe((reply?.createdAt ?? 0) + 90 * 86_400_000)
  })

  it("none keeps nothing", async () => {
    const { memory, say } = await openAgent({}, { writing: "none" })
    expect(await say("Question?")).toBeUndefined()
    expect(await listAll(memory)).toEqual([])
  })

  it("summary keeps one or two sentences, whatever the small model writes", async () => {
    const { memory, say } = await openAgent(
      { extract: () => "Ana ships crates to Oslo every Friday. ".repeat(500) },
      { writing: summary({ model: SMALL }) }
    )
    expect(await say("Crates")).toMatchObject({
      status: "stored",
      notes: ["the summary was cut at 2000 characters"]
    })
    const [row] = await listAll(memory)
    expect(row?.content.length).toBeLessThanOrEqual(2_000)
    expect(row?.content).toMatch(/Friday\.$/u)
  })

  it("keeps the text until there is something in its place, and not after", async () => {
    let isKept = false
    const { memory, say } = await openAgent({
      extract: async () => {
        isKept = (await listAll(memory)).some(({ content }) => content === "I ship to Oslo")
        return json({ facts: [fact("Ana ships to Oslo.")] })
      }
    })
    expect(await say("I ship to Oslo")).toMatchObject({ status: "stored" })
    expect(isKept).toBe(true)
    expect(await listCurrent(memory)).toEqual(["Ana ships to Oslo."])
  })

  it("summary keeps the small model's sentences, and the text if there are none", async () => {
    const { memory, say } = await openAgent(
      {
        extract: ({ user }) =>
          user === "First" ? "Ana asked first." : { text: "Ana ask", stopReason: "max_tokens" }
      },
      { writing: summary({ model: SMALL }) }
    )
    expect(await say("First")).toMatchObject({ policy: "summary", status: "stored", notes: [] })
    expect(await listAll(memory)).toMatchObject([
      { content: "Ana asked first.", source: "assistant", type: "episodic", turn: 0 }
    ])
    expect((await say("Second"))?.notes[0]).toContain("the text was kept instead")
    expect(await listCurrent(memory)).toEqual(["Ana asked first.", "I see.", "Second"])
  })

  it("accepts custom policies, several at once", async () => {
    const shout: WritingPolicy = {
      name: "shout",
      awaited: true,
      write: async ({ fence, memory, sessionId, signal, turn, user }) => ({
        memories: [
          await memory.remember(
            { content: user.toUpperCase(), key: `shout:${sessionId}:${turn}` },
            { fence },
            { signal }
          )
        ]
      })
    }
    const failing: WritingPolicy = {
      name: "broken",
      awaited: true,
      write: () => Promise.reject(new MemoryError({ reason: new Unavailable({ message: "no" }) }))
    }
    const { memory, session } = await openAgent({}, { writing: [shout, failing] })
    const result = await session.send("quiet words")
    expect(result.degraded).toMatchObject([{ stage: "write" }])
    expect(await listCurrent(memory)).toEqual(["QUIET WORDS"])
  })
})
