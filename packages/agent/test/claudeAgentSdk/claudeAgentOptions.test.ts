import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { MemoryError, Unavailable } from "@keepsake/core"
import { Effect } from "effect"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { claudeAgentOptions, type ClaudeAgentFragment } from "../../src/claudeAgentSdk/index.ts"
import type { AgentEvent } from "../../src/index.ts"
import { type Fault, listAll, openMemory } from "../support/fixtures.ts"

type HookName = keyof ClaudeAgentFragment["hooks"]
type HookInput = Parameters<ClaudeAgentFragment["hooks"]["Stop"][0]["hooks"][0]>[0]

/** Calls a hook as Claude Code does. */
const call = async ({ hooks }: ClaudeAgentFragment, name: HookName, input: Partial<HookInput>) => {
  const hook = hooks[name][0]?.hooks[0]
  if (hook === undefined) throw new Error(`there is no hook ${name}`)
  const { signal } = new AbortController()
  return hook({ session_id: "s1", transcript_path: "/nowhere.jsonl", ...input }, undefined, { signal })
}

/** Sends a prompt and returns the block that the model receives. */
const ask = async (
  options: ClaudeAgentFragment,
  prompt: string,
  input: Partial<HookInput> = {}
): Promise<string> => {
  const output = await call(options, "UserPromptSubmit", { prompt, prompt_id: prompt, ...input })
  return output.hookSpecificOutput?.additionalContext ?? ""
}

const answer = (
  options: ClaudeAgentFragment,
  prompt: string,
  reply: string,
  input: Partial<HookInput> = {}
) => call(options, "Stop", { prompt_id: prompt, last_assistant_message: reply, ...input })

/** On a busy machine, the usual limits leave a prompt without its memories. */
const PATIENCE_MS = 600_000

const open = async (options: { readonly fault?: Fault; readonly promptTimeoutMs?: number } = {}) => {
  const { fault = () => undefined, promptTimeoutMs = PATIENCE_MS } = options
  const memory = await openMemory({ fault })
  const user = memory.for({ userId: "ana" })
  const events: Array<AgentEvent> = []
  const fragment = claudeAgentOptions(user, { promptTimeoutMs, onEvent: (event) => events.push(event) })
  return { memory, user, events, fragment }
}

const listContents = async (user: Awaited<ReturnType<typeof open>>["user"]) =>
  (await listAll(user)).map(({ content, sessionId, source, turn }) => [source, content, sessionId, turn])

const writeTranscript = async (rows: ReadonlyArray<object>): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-transcript-"))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, "transcript.jsonl")
  await writeFile(path, rows.map((row) => JSON.stringify(row)).join("\n"))
  return path
}

describe("the hooks", () => {
  it("give a prompt its memories, and remember the exchange with its place", async () => {
    const { fragment, user } = await open()
    await user.remember("Ana's truck is called Bertha.")
    expect(await ask(fragment, "What is my truck called?")).toContain("Bertha")
    await answer(fragment, "What is my truck called?", "It has a lovely name, and 12 tonnes.")
    expect(await listContents(user)).toEqual([
      ["user", "Ana's truck is called Bertha.", null, null],
      ["user", "What is my truck called?", "s1", 0],
      ["assistant", "It has a lovely name, and 12 tonnes.", "s1", 1]
    ])
  })

  it("store the prompt before it is answered, once, and a later turn after it", async () => {
    const { fragment, user } = await open()
    await ask(fragment, "I move to Lisbon on 3 May.")
    await expect
      .poll(() => listContents(user), { timeout: 60_000 })
      .toEqual([["user", "I move to Lisbon on 3 May.", "s1", 0]])
    await ask(fragment, "The flat has two rooms.")
    await answer(fragment, "The flat has two rooms.", "A good size.")
    expect(await listContents(user)).toEqual([
      ["user", "I move to Lisbon on 3 May.", "s1", 0],
      ["user", "The flat has two rooms.", "s1", 2],
      ["assistant", "A good size.", "s1", 3]
    ])
  })

  it("keep a second reply to one prompt as a statement of its own", async () => {
    const { fragment, user } = await open()
    await ask(fragment, "Run the tests.")
    await answer(fragment, "Run the tests.", "They run in the background.")
    await answer(fragment, "Run the tests.", "All 212 tests passed.")
    expect(await listContents(user)).toEqual([
      ["user", "Run the tests.", "s1", 0],
      ["assistant", "They run in the background.", "s1", 1],
      ["assistant", "All 212 tests passed.", "s1", 1]
    ])
  })

  it("do not store what a reply only repeats, nor what a program or a subagent asks", async () => {
    const { fragment, user } = await open()
    await user.remember("The harbour of Sines opens at six.")
    await ask(fragment, "When does the harbour of Sines open?")
    await answer(fragment, "When does the harbour of Sines open?", "The harbour of Sines opens at six.")
    await ask(fragment, "Task 4 has ended.", { source: "system" })
    expect(await ask(fragment, "Search for the harbour of Sines.", { agent_id: "a1" })).toBe("")
    await answer(fragment, "x", "Found.", { agent_id: "a1" })
    expect((await listContents(user)).map(([, content]) => content)).toEqual([
      "The harbour of Sines opens at six.",
      "When does the harbour of Sines open?"
    ])
  })

  it("keep two sessions apart, and two processes on one", async () => {
    const { fragment, user } = await open()
    const other = claudeAgentOptions(user, { promptTimeoutMs: PATIENCE_MS })
    await Promise.all([
      ask(fragment, "My name is Ana."),
      ask(fragment, "I like tea.", { session_id: "s2" }),
      ask(other, "I ship on Fridays.")
    ])
    await Promise.all([
      answer(fragment, "My name is Ana.", "Hello Ana."),
      answer(fragment, "I like tea.", "Noted: tea.", { session_id: "s2" }),
      answer(other, "I ship on Fridays.", "Fridays it is.")
    ])
    await expect.poll(async () => (await listAll(user)).length, { timeout: 60_000 }).toBe(6)
    const rows = (await listAll(user)).map(({ content, sessionId, turn }) => [sessionId, turn, content])
    expect(new Set(rows.map(([session, turn]) => `${session} ${turn}`)).size).toBe(rows.length)
    expect(rows.filter(([session]) => session === "s2")).toEqual([
      ["s2", 0, "I like tea."],
      ["s2", 1, "Noted: tea."]
    ])
  })
})

describe("the block", () => {
  it("is shown once while it is in the transcript, and again after compaction", async () => {
    const { fragment, user } = await open()
    await user.remember({ content: "Ana's truck is called Bertha.", pinned: true })
    expect(await ask(fragment, "What is my truck called?")).toContain("Bertha")
    expect(await ask(fragment, "Tell me about the weather in Porto.")).toBe("")
    await call(fragment, "PreCompact", {})
    expect(await ask(fragment, "And the weather in Faro?")).toContain("Bertha")
  })

  it("leaves the session out until it was compacted, here or in another process", async () => {
    const { fragment, user } = await open()
    await ask(fragment, "The gate code of the depot is 4711.")
    await answer(fragment, "The gate code of the depot is 4711.", "Noted.")
    const question = "What is the gate code of the depot?"
    expect(await ask(fragment, question)).toBe("")
    await call(fragment, "PreCompact", {})
    expect(await ask(fragment, `${question} Again.`)).toContain("4711")

    const whole = await writeTranscript([{ type: "user", promptId: "p", message: { content: "hello" } }])
    const another = () => claudeAgentOptions(user, { promptTimeoutMs: PATIENCE_MS })
    expect(await ask(another(), question, { transcript_path: whole })).toBe("")
    const compacted = await writeTranscript([{ type: "system", subtype: "compact_boundary" }])
    expect(await ask(another(), question, { transcript_path: compacted })).toContain("4711")
  })
})

describe("compaction and the end of a session", () => {
  const row = (type: string, text: string, more: object = {}) => ({
    type,
    isSidechain: false,
    message: { content: [{ type: "text", text }] },
    ...more
  })

  it.each(["PreCompact", "SessionEnd"] as const)("%s keeps the text of a turn under way", async (name) => {
    const { fragment, user } = await open()
    const prompt = "Why is the order late?"
    await ask(fragment, prompt)
    const path = await writeTranscript([
      row("assistant", "An older answer."),
      row("user", prompt, { promptId: prompt }),
      row("assistant", "Order 5512 waits for customs."),
      row("assistant", "A subagent's text.", { isSidechain: true }),
      { type: "user", message: { content: [{ type: "tool_result", content: "ok" }] } },
      row("assistant", "")
    ])
    await call(fragment, name, { transcript_path: path })
    expect(await listContents(user)).toEqual([
      ["user", prompt, "s1", 0],
      ["assistant", "Order 5512 waits for customs.", "s1", 1]
    ])
  })

  it("does not bring back what was forgotten", async () => {
    const { fragment, user } = await open()
    await ask(fragment, "My password is swordfish.")
    await answer(fragment, "My password is swordfish.", "I should not know that.")
    await user.forgetAll()
    const path = await writeTranscript([
      row("user", "My password is swordfish.", { promptId: "My password is swordfish." }),
      row("assistant", "I should not know that.")
    ])
    await call(fragment, "PreCompact", { transcript_path: path })
    await call(fragment, "SessionEnd", { transcript_path: path })
    expect(await listAll(user)).toEqual([])
  })
})

describe("a memory that fails", () => {
  it("costs a prompt its deadline and no more", async () => {
    const { events, fragment } = await open({
      promptTimeoutMs: 60,
      fault: (method) => (method === "search" || method === "latest" ? Effect.never : undefined)
    })
    expect(await ask(fragment, "What is my truck called?")).toBe("")
    expect(events).toMatchObject([
      {
        userId: "ana",
        sessionId: "s1",
        type: "degraded",
        degradation: {
          stage: "recall",
          reason: "Timeout",
          message: "Answered without memories: memory did not answer within 60 ms"
        }
      }
    ])
  })

  it("does not hold up the end of an answer when it refuses, and gets the exchange when it is back", async () => {
    let isDown = true
    const unavailable = new MemoryError({ reason: new Unavailable({ message: "The store is down." }) })
    const { events, fragment, user } = await open({
      fault: (method) => (isDown && method === "put" ? Effect.fail(unavailable) : undefined)
    })
    await ask(fragment, "I ship on Fridays.")
    await answer(fragment, "I ship on Fridays.", "Fridays it is.")
    // The longest that a hook waits has room for three.
    expect(events.filter(({ type }) => type === "writeRetry").length).toBeLessThan(3)
    isDown = false
    await expect.poll(async () => (await listAll(user)).length, { timeout: 60_000 }).toBe(2)
    expect(events.some(({ type }) => type === "writeRetry")).toBe(true)
  })

  it("ends the hook of a store that hangs", async () => {
    const { fragment } = await open({ fault: (method) => (method === "put" ? Effect.never : undefined) })
    await ask(fragment, "I ship on Fridays.")
    const start = performance.now()
    await answer(fragment, "I ship on Fridays.", "Fridays it is.")
    // An attempt may take 30 seconds.
    expect(performance.now() - start).toBeLessThan(20_000)
  })
})

describe("the tools", () => {
  const connect = async ({ mcpServers }: ClaudeAgentFragment): Promise<Client> => {
    const [ours, theirs] = InMemoryTransport.createLinkedPair()
    const client = new Client({ name: "test", version: "1" })
    await mcpServers.keepsake.instance.connect(theirs)
    await client.connect(ours)
    onTestFinished(() => client.close())
    return client
  }

  it("are always loaded, and serve several queries at once", async () => {
    const { fragment, user } = await open()
    const [first, second] = await Promise.all([connect(fragment), connect(fragment)])
    const { tools } = await first.listTools()
    expect(tools.map(({ name }) => name)).toEqual(["remember", "recall", "forget", "update"])
    expect(tools.every(({ _meta }) => _meta?.["anthropic/alwaysLoad"] === true)).toBe(true)
    await second.callTool({ name: "remember", arguments: { content: "Ana's truck is called Bertha." } })
    const { content } = await first.callTool({ name: "recall", arguments: { query: "truck" } })
    expect(JSON.stringify(content)).toContain("Bertha")
    expect((await listAll(user)).length).toBe(1)
  })

  it("know the prompt in which they are called, unless several are under way", async () => {
    const { fragment, user } = await open()
    const client = await connect(fragment)
    await ask(fragment, "Remember my truck.")
    await client.callTool({ name: "remember", arguments: { content: "The truck is called Bertha." } })
    await ask(fragment, "Remember my boat.", { session_id: "s2" })
    await client.callTool({ name: "remember", arguments: { content: "The boat is called Dora." } })
    const rows = await listAll(user)
    const find = (text: string) => rows.find(({ content }) => content.includes(text))
    expect(find("Bertha")).toMatchObject({ sessionId: "s1", turn: 0, source: "user" })
    expect(find("Dora")).toMatchObject({ sessionId: null, turn: null })
  })
})

it("refuses unknown options and those that cannot work", async () => {
  const { user } = await open()
  expect(() => claudeAgentOptions(user, { promptTimeout: 5 } as object)).toThrow("promptTimeoutMs")
  expect(() => claudeAgentOptions(user, { promptTimeoutMs: 0 })).toThrow("promptTimeoutMs")
  expect(() => claudeAgentOptions(user, { context: { budgetTokens: -1 } })).toThrow("context.budgetTokens")
})
