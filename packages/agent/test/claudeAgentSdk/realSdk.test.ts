/**
 * The real Claude Agent SDK and its process, answered by the scripted server. Runs with `pnpm test:claude-agent-sdk`,
 * which installs the SDK outside the workspace and names its folder.
 */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { pathToFileURL, fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Effect } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { claudeAgentOptions, type ClaudeAgentFragment } from "../../src/claudeAgentSdk/index.ts"
import type { RecordedRequest, Respond } from "../../src/testing/index.ts"
import { listAll, openMemory, serve } from "../support/fixtures.ts"

const FOLDER = process.env["KEEPSAKE_CLAUDE_AGENT_SDK"]
const MODEL = "claude-sonnet-5-5"

/** The part of a message that the tests read. */
interface SdkMessage {
  readonly type: string
  readonly subtype?: string
  readonly session_id?: string
  readonly result?: string
}

interface Sdk {
  readonly query: (request: {
    prompt: string
    options: ClaudeAgentFragment & { readonly [name: string]: unknown }
  }) => AsyncIterable<SdkMessage>
}

const loadSdk = async (): Promise<Sdk> =>
  (await import(
    pathToFileURL(join(FOLDER ?? "", "node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs")).href
  )) as Sdk

interface Asked {
  readonly text: string
  readonly sessionId: string
}

/** A scripted model, and a function that asks it through the SDK in a home of its own. */
const openSdk = async (script: Respond | ReadonlyArray<string>) => {
  const server = await serve(script)
  const home = await mkdtemp(join(tmpdir(), "keepsake-claude-"))
  onTestFinished(() => rm(home, { recursive: true, maxRetries: 5 }))
  const { query } = await loadSdk()
  const env = {
    PATH: process.env["PATH"],
    HOME: home,
    CLAUDE_CONFIG_DIR: join(home, "config"),
    ANTHROPIC_BASE_URL: server.url,
    ANTHROPIC_API_KEY: "local",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1"
  }
  const ask = async (fragment: ClaudeAgentFragment, prompt: string, resume?: string): Promise<Asked> => {
    const options = { ...fragment, model: MODEL, cwd: home, env, settingSources: [], tools: [], resume }
    let asked: Asked | undefined
    for await (const message of query({ prompt, options }))
      if (message.type === "result")
        asked = { text: message.result ?? "", sessionId: message.session_id ?? "" }
    if (asked === undefined) throw new Error("the SDK returned no result")
    return asked
  }
  return { server, ask }
}

const openUser = async (fault?: Parameters<typeof openMemory>[0]) => {
  const memory = await openMemory(fault)
  return memory.for({ userId: "ana" })
}

const toJson = ({ body }: RecordedRequest | undefined = {} as RecordedRequest): string =>
  JSON.stringify(body.messages)

const listTools = ({ body }: RecordedRequest) =>
  (body.tools ?? []).flatMap((tool) =>
    "name" in tool && tool.name.startsWith("mcp__keepsake__")
      ? [[tool.name.slice("mcp__keepsake__".length), "defer_loading" in tool && tool.defer_loading]]
      : []
  )

describe.skipIf(FOLDER === undefined)("the Claude Agent SDK", () => {
  it("shows memories, has the tools in its first prompt, and remembers what was said", async () => {
    const { ask, server } = await openSdk([
      "Noted: Bertha.",
      "It is called Bertha, as ever.",
      "Bertha again."
    ])
    const user = await openUser()
    const fragment = claudeAgentOptions(user)
    const first = await ask(fragment, "My truck is called Bertha.")
    expect(first.text).toBe("Noted: Bertha.")
    // The answer is in the store when the result is there.
    expect((await listAll(user)).map(({ content, sessionId, turn }) => [content, sessionId, turn])).toEqual([
      ["My truck is called Bertha.", first.sessionId, 0],
      ["Noted: Bertha.", first.sessionId, 1]
    ])
    expect(Object.fromEntries(listTools(server.requests[0] as RecordedRequest))).toEqual({
      remember: false,
      recall: false,
      forget: false,
      update: false
    })
    await ask(fragment, "What is my truck called?")
    expect(toJson(server.requests[1])).toContain("<memory today=")
    expect(toJson(server.requests[1])).toContain("My truck is called Bertha.")
    // The session goes on in another process of the SDK, and its own words are not recalled into it.
    await ask(claudeAgentOptions(user), "And what is it called now?", first.sessionId)
    const rows = await listAll(user)
    expect(rows.find(({ content }) => content.includes("now"))).toMatchObject({
      sessionId: first.sessionId,
      turn: 2
    })
    expect(server.refusals).toEqual([])
  })

  it("runs the tools without asking, in the place of the prompt", async () => {
    const input = { content: "Ana ships on Fridays." }
    const { ask, server } = await openSdk((request) =>
      toJson(request).includes("tool_result")
        ? "I keep that in mind."
        : { tools: [{ name: "mcp__keepsake__remember", input }] }
    )
    const user = await openUser()
    const { sessionId, text } = await ask(claudeAgentOptions(user), "Keep in mind when I ship.")
    expect(text).toBe("I keep that in mind.")
    expect(toJson(server.requests[1])).toContain("Remembered as")
    const rows = await listAll(user)
    expect(rows.find(({ content }) => content === input.content)).toMatchObject({ sessionId, turn: 0 })
    expect(rows).toHaveLength(3)
  })

  it("shows a session what was compacted out of it", async () => {
    const { ask, server } = await openSdk((request) =>
      toJson(request).includes("CRITICAL: Respond with TEXT ONLY")
        ? "<summary>Some talk.</summary>"
        : "Noted."
    )
    const user = await openUser()
    const fragment = claudeAgentOptions(user)
    const { sessionId } = await ask(fragment, "The gate code of the depot is 4711.")
    await ask(fragment, "/compact", sessionId)
    await ask(fragment, "What is the gate code of the depot?", sessionId)
    expect(toJson(server.requests.at(-1))).toContain("4711")
    const afterwards = server.requests.length
    await ask(claudeAgentOptions(user), "Tell me the gate code of the depot once more.", sessionId)
    expect(toJson(server.requests[afterwards])).toContain("4711")
  })

  it("answers two queries at once from one fragment", async () => {
    const { ask, server } = await openSdk(() => "Noted.")
    const user = await openUser()
    const fragment = claudeAgentOptions(user)
    await Promise.all([ask(fragment, "I like tea."), ask(fragment, "I like jazz.")])
    for (const request of server.requests) expect(listTools(request)).toHaveLength(4)
    expect((await listAll(user)).filter(({ source }) => source === "user")).toHaveLength(2)
  })

  it("answers without a memory that hangs", async () => {
    const { ask } = await openSdk(["Hello.", "Hello."])
    const working = claudeAgentOptions(await openUser())
    const time = async (fragment: ClaudeAgentFragment): Promise<number> => {
      const start = performance.now()
      expect((await ask(fragment, "Hello")).text).toBe("Hello.")
      return performance.now() - start
    }
    const bareMs = await time(working)
    const hanging = claudeAgentOptions(await openUser({ fault: () => Effect.never }))
    // 500 ms for the prompt and 1,500 ms for the end of the answer.
    expect((await time(hanging)) - bareMs).toBeLessThan(5_000)
  })

  it("accepts the fragment by its types", async () => {
    const file = join(FOLDER ?? "", "types.ts")
    const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
    await writeFile(
      file,
      `import { query, type Options } from "@anthropic-ai/claude-agent-sdk"
import { claudeAgentOptions } from ${JSON.stringify(relative(FOLDER ?? "", at("../../src/claudeAgentSdk/index.ts")))}
declare const memory: Parameters<typeof claudeAgentOptions>[0]
const fragment: Options = claudeAgentOptions(memory)
query({ prompt: "Hello", options: { ...fragment, model: "${MODEL}" } })
query({ prompt: "Hello", options: { ...claudeAgentOptions(memory), maxTurns: 2 } })
// @ts-expect-error: the SDK's types are there.
const wrong: Options = { ...fragment, hooks: { Stop: 5 } }
void wrong
`
    )
    const config = {
      extends: at("../../../../tsconfig.base.json"),
      compilerOptions: {
        composite: false,
        declaration: false,
        declarationMap: false,
        incremental: false,
        noEmit: true,
        skipLibCheck: true,
        types: ["node"],
        typeRoots: [at("../../../../node_modules/@types")],
        // One copy of the MCP SDK, as in a project that installs both.
        paths: { "@modelcontextprotocol/sdk/*": ["./node_modules/@modelcontextprotocol/sdk/dist/esm/*"] }
      },
      files: ["types.ts"]
    }
    await writeFile(join(FOLDER ?? "", "tsconfig.json"), JSON.stringify(config))
    const tsc = at("../../../../node_modules/typescript/bin/tsc")
    const checked = promisify(execFile)(process.execPath, [tsc, "-p", FOLDER ?? ""])
    expect(await checked.catch(({ stdout }: { stdout: string }) => stdout)).toMatchObject({ stdout: "" })
  })
})
