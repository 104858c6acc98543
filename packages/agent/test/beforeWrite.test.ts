import {
  AgentMemory,
  type BeforeWrite,
  InMemoryStore,
  type MemoryClient,
  MemoryError,
  promiseClient,
  redactSecrets,
  redactSecretsIn,
  StoreFingerprint
} from "@keepsake/core"
import { Layer } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { memoryTools, nativeMemoryTool } from "../src/index.ts"
import { createAgent, listAll, serve } from "./support/fixtures.ts"

const SECRET = `ghp_${"Ab1".repeat(12)}`
const MARK = "[redacted: token]"
const MODEL = "claude-sonnet-5-5"

const redact: BeforeWrite = (candidate) => ({
  ...candidate,
  content: redactSecrets(candidate.content),
  metadata: redactSecretsIn(candidate.metadata)
})
const drop: BeforeWrite = () => "dropped"
const refuse: BeforeWrite = () => ({ refused: "no tokens here" })

const openWith = async (beforeWrite: BeforeWrite): Promise<MemoryClient> => {
  const client = await promiseClient(
    AgentMemory.layer({ purgeEvery: false, beforeWrite }).pipe(
      Layer.provideMerge(InMemoryStore.layer),
      Layer.provideMerge(StoreFingerprint.wordsOnly)
    )
  )
  onTestFinished(() => client.close())
  return client
}

const openTools = async (beforeWrite: BeforeWrite) => {
  const user = (await openWith(beforeWrite)).for({ userId: "ana" })
  const call = async (name: string, input: object): Promise<string> =>
    (await memoryTools(user)
      .find((tool) => tool.name === name)
      ?.execute(input)) ?? ""
  return { user, call }
}

const openFiles = async (beforeWrite: BeforeWrite) => {
  const files = (await openWith(beforeWrite)).files({ userId: "ana" })
  const tool = nativeMemoryTool(files)
  const run = async (command: object): Promise<string> => {
    try {
      return JSON.stringify(await tool.run(command as never))
    } catch (error) {
      return `Error: ${(error as Error).message}`
    }
  }
  return { files, run }
}

const create = (path: string, text: string) => ({ command: "create", path, file_text: text })

describe("beforeWrite, under an agent", () => {
  it("redacts what the policies write, and leaves the reply to the user as it is", async () => {
    const memory = await openWith(redact)
    const server = await serve([`Noted: ${SECRET}`])
    const agent = createAgent({ memory, client: server.client(), model: MODEL })
    const { degraded, text, written } = await agent.session({ userId: "ana" }).send(`My token is ${SECRET}`)
    expect(text).toBe(`Noted: ${SECRET}`)
    expect(degraded).toEqual([])
    expect((await written).map(({ status }) => status)).toEqual(["stored"])
    const rows = await listAll(memory.for({ userId: "ana" }))
    expect(rows.map(({ content }) => content).toSorted()).toEqual([`My token is ${MARK}`, `Noted: ${MARK}`])
  })

  it("reports a dropped exchange as skipped, and a refused one as failed, once", async () => {
    for (const [hook, status, attempts] of [
      [drop, "skipped", 1],
      [refuse, "failed", 1]
    ] as const) {
      const memory = await openWith(hook)
      const server = await serve(["Fine."])
      const agent = createAgent({ memory, client: server.client(), model: MODEL })
      const { degraded, written } = await agent.session({ userId: "ana" }).send("Hello there")
      const [outcome] = await written
      expect(outcome).toMatchObject({ status, attempts })
      expect(degraded.map(({ reason }) => reason)).toEqual(status === "failed" ? ["WriteRefused"] : [])
      expect(await listAll(memory.for({ userId: "ana" }))).toEqual([])
      await agent.close()
    }
  })

  it("tries a hook that failed again", async () => {
    let calls = 0
    const memory = await openWith((candidate) => {
      if (candidate.door === "rememberExchange" && ++calls === 1) throw new Error("away")
      return candidate
    })
    const server = await serve(["Fine."])
    const agent = createAgent({ memory, client: server.client(), model: MODEL })
    const { written } = await agent.session({ userId: "ana" }).send("Hello there")
    expect(await written).toMatchObject([{ status: "stored", attempts: 2 }])
  })

  it("tells the model that its statement was redacted, dropped or refused", async () => {
    const redacting = await openTools(redact)
    expect(await redacting.call("remember", { content: `The token is ${SECRET}` })).toMatch(
      /^Remembered as /u
    )
    const [row] = await listAll(redacting.user)
    expect(row?.content).toBe(`The token is ${MARK}`)
    const update = { id: row?.id, content: `Now it is ${SECRET}` }
    expect(await redacting.call("update", update)).toMatch(/^Updated; it is now /u)
    expect(JSON.stringify(await listAll(redacting.user))).not.toContain(SECRET)

    const dropping = await openTools((candidate) => (candidate.door === "remember" ? candidate : "dropped"))
    await dropping.call("remember", { content: "Ana likes tea" })
    const [tea] = await listAll(dropping.user)
    expect(await dropping.call("update", { id: tea?.id, content: "Ana likes mate" })).toMatch(/^Not kept/u)
    expect(await (await openTools(drop)).call("remember", { content: "x" })).toMatch(/^Not kept/u)

    const memory = await openWith(refuse)
    const server = await serve([
      { tools: [{ id: "toolu_a", name: "remember", input: { content: "Ana likes tea" } }] },
      "Then not."
    ])
    const agent = createAgent({
      memory,
      client: server.client(),
      model: MODEL,
      memoryTools: true,
      writing: "none"
    })
    const { toolCalls } = await agent.session({ userId: "ana" }).send("Keep that")
    expect(toolCalls[0]?.output).toContain("no tokens here")
  })

  it("redacts the agent's files, and keeps their names", async () => {
    const { files, run } = await openFiles(redact)
    expect(await run(create("/memories/notes/a.md", `It is ${SECRET}\nline two`))).toMatch(/^"File created/u)
    expect(await run({ command: "view", path: "/memories/notes/a.md" })).toContain(`It is ${MARK}`)
    const edit = { command: "str_replace", path: "/memories/notes/a.md", old_str: "two", new_str: SECRET }
    expect(await run(edit)).toMatch(/^"The memory file has been edited/u)
    expect(await run({ command: "view", path: "/memories/notes/a.md" })).toContain(`line ${MARK}`)
    expect(JSON.stringify(await listAll(files))).not.toContain(SECRET)
  })

  it("does not say that a file was written when it was dropped or refused", async () => {
    const dropping = await openFiles((candidate) =>
      candidate.door === "rememberMany" ? candidate : "dropped"
    )
    expect(await dropping.run(create("/memories/a.md", "text"))).toMatch(/was not written/u)
    const editing = await openFiles((candidate) => (candidate.door === "supersede" ? "dropped" : candidate))
    await editing.run(create("/memories/a.md", "one"))
    const insert = { command: "insert", path: "/memories/a.md", insert_line: 0, insert_text: "zero" }
    expect(await editing.run(insert)).toMatch(/was not written/u)
    expect(await editing.run({ command: "view", path: "/memories/a.md" })).toContain("one")
    const refusing = await openFiles(refuse)
    expect(await refusing.run(create("/memories/a.md", "text"))).toContain("no tokens here")
    for (const { files } of [dropping, refusing]) expect(await listAll(files)).toEqual([])
  })

  it("does not claim a file whose name was redacted", async () => {
    const { files, run } = await openFiles(redact)
    const answer = await run(create(`/memories/${SECRET}.md`, "text"))
    expect(answer).toMatch(/^Error: /u)
    expect(answer).not.toMatch(/already exists/u)
    expect(await listAll(files)).toEqual([])
  })

  it("leaves the reason to a caller of the tools", async () => {
    const { call } = await openTools(refuse)
    await expect(call("remember", { content: "x" })).rejects.toBeInstanceOf(MemoryError)
  })
})
