import { BetaLocalFilesystemMemoryTool } from "@anthropic-ai/sdk/tools/memory/node"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import type { PromiseMemory } from "@keepsake/core"
import { nativeMemoryTool } from "../../../src/index.ts"
import { createAgent, listAll, openMemory, serve } from "../../support/fixtures.ts"

type Command = { readonly command: string; readonly [field: string]: unknown }
type Run = (command: Command) => Promise<string>

/** Runs a command of the tool, which answers in text. */
const openTool = (files: PromiseMemory): Run => {
  const tool = nativeMemoryTool(files)
  return async (command) => {
    const answer = await tool.run(command)
    if (typeof answer !== "string") throw new Error("the tool answered in blocks")
    return answer
  }
}

const openOurs = async (): Promise<Run> => {
  return openTool((await openMemory()).files({ userId: "ana" }))
}

/** The SDK's own tool over real files, with which ours is compared. */
const openTheirs = async (): Promise<Run> => {
  const folder = await mkdtemp(join(tmpdir(), "keepsake-files-"))
  onTestFinished(() => rm(folder, { recursive: true }))
  const tool = await BetaLocalFilesystemMemoryTool.init(folder)
  const handlers = tool as unknown as { readonly [command: string]: (command: Command) => Promise<string> }
  return async (command) => {
    const handler = handlers[command.command]
    if (handler === undefined) throw new Error(`${command.command} not implemented`)
    return await handler.call(tool, command)
  }
}

/** The answer or the error, without the sizes of folders, which depend on the disk. */
const readAnswer = async (run: Run, command: Command): Promise<string> => {
  const answer = await run(command).then(
    (text) => text,
    (error: unknown) => `Error: ${(error as Error).message}`
  )
  return command.command === "view"
    ? answer
        .replace(/^[\d.]+[BKMG]\t(.*\/)$/gm, "SIZE\t$1")
        .replace(/(node_modules:\n)[\d.]+[BKMG]\t/, "$1SIZE\t")
    : answer
}

const create = (path: string, text: string): Command => ({ command: "create", path, file_text: text })
const view = (path: string, range?: ReadonlyArray<number>): Command => ({
  command: "view",
  path,
  ...(range === undefined ? {} : { view_range: range })
})
const replace = (path: string, old: string, next: string): Command => ({
  command: "str_replace",
  path,
  old_str: old,
  new_str: next
})
const insert = (path: string, line: number, text: string): Command => ({
  command: "insert",
  path,
  insert_line: line,
  insert_text: text
})
const remove = (path: string): Command => ({ command: "delete", path })
const rename = (from: string, to: string): Command => ({ command: "rename", old_path: from, new_path: to })

const PROGRAM: ReadonlyArray<Command> = [
  view("/memories"),
  create("/memories/notes.txt", "first\nsecond\nthird\n"),
  create("/memories/notes.txt", "again"),
  view("/memories/notes.txt"),
  view("/memories/notes.txt", [2, 3]),
  view("/memories/notes.txt", [2, -1]),
  view("/memories/notes.txt", [3, 2]),
  view("/memories/notes.txt", [0, 1]),
  view("/memories/notes.txt", [9, 12]),
  view("/memories/missing.txt"),
  create("/memories/empty.txt", ""),
  view("/memories/empty.txt"),
  create("/memories/blank.txt", "  \n\n"),
  view("/memories/blank.txt"),
  replace("/memories/notes.txt", "second", "2nd $& $1"),
  view("/memories/notes.txt"),
  replace("/memories/notes.txt", "nowhere", "x"),
  replace("/memories/notes.txt", "i", "x"),
  replace("/memories/missing.txt", "a", "b"),
  replace("/memories", "a", "b"),
  insert("/memories/notes.txt", 0, "zeroth\n"),
  insert("/memories/notes.txt", 2, "between"),
  insert("/memories/notes.txt", 6, "last"),
  insert("/memories/notes.txt", 99, "too far"),
  insert("/memories/notes.txt", -1, "too near"),
  insert("/memories/missing.txt", 0, "x"),
  view("/memories/notes.txt"),
  create("/memories/projects/freight/plan.md", "# Plan\n" + "x".repeat(1500)),
  create("/memories/projects/freight/deep/er/still.md", "deep"),
  create("/memories/projects/b.md", "b"),
  create("/memories/projects/.hidden", "h"),
  create("/memories/node_modules/x.js", "x"),
  create("/memories/projects/Zoo ünï.md", "ü"),
  view("/memories"),
  view("/memories/projects"),
  view("/memories/projects/freight"),
  replace("/memories/projects", "a", "b"),
  create("/memories/projects", "over a folder"),
  create("/memories", "over the root"),
  rename("/memories/projects/b.md", "/memories/archive/2026/b.md"),
  view("/memories/archive"),
  rename("/memories/archive/2026/b.md", "/memories/notes.txt"),
  rename("/memories/missing", "/memories/elsewhere"),
  rename("/memories/projects/freight", "/memories/cargo"),
  view("/memories/cargo"),
  view("/memories/projects/freight"),
  rename("/memories", "/memories/inside"),
  remove("/memories/archive/2026/b.md"),
  view("/memories/archive"),
  remove("/memories/archive"),
  view("/memories/archive"),
  remove("/memories/archive"),
  remove("/memories"),
  remove("/memories/cargo"),
  view("/memories"),
  create("/memories/notes2/../notes3.txt", "dotted"),
  view("/memories/./notes3.txt"),
  view("/memories//notes3.txt"),
  create("/memories/cargo/plan.md", "created again"),
  view("/memories/cargo/plan.md"),
  view("/etc/passwd"),
  view("/memories/../../etc/passwd"),
  create("/memories/../escape.txt", "x"),
  create("/memories/a/../../escape.txt", "x"),
  remove("/memories/../memories2"),
  rename("/memories/notes.txt", "/memories/../../out.txt"),
  rename("/memories/notes.txt", "/tmp/out.txt"),
  view("memories/notes.txt"),
  view("..")
]

describe("Anthropic's memory tool over a store", () => {
  it("answers like the SDK's own file tool", async () => {
    const [store, disk] = [await openOurs(), await openTheirs()]
    for (const command of PROGRAM) {
      expect([command, await readAnswer(store, command)]).toEqual([command, await readAnswer(disk, command)])
    }
  })

  it.each([
    "/memoriesother/x",
    "/memories/%2e%2e/%2e%2e/etc",
    "/memories/..\\..\\x",
    "/memories/a/../../b",
    "/memories/nul\u0000byte",
    `/memories/${"x".repeat(500)}`,
    undefined,
    7
  ])("keeps the path %j inside", async (path) => {
    const run = await openOurs()
    const answer = await readAnswer(run, { command: "create", path, file_text: "x" })
    // Encoded dots and backslashes are ordinary names: there is no file system to fool.
    const isName = typeof path === "string" && (path.includes("%2e") || path.includes("\\"))
    expect(answer.startsWith("Error:")).toBe(!isName)
    expect(await readAnswer(run, view("/memories"))).not.toContain("etc/passwd")
  })

  it("replaces text over several lines, which the SDK's does not", async () => {
    const run = await openOurs()
    await run(create("/memories/a.txt", "one\ntwo\nthree\ntwo\nthree"))
    await expect(run(replace("/memories/a.txt", "two\nthree", "x"))).rejects.toThrow("in lines: 2, 4")
    await run(replace("/memories/a.txt", "one\ntwo", "ONE\nTWO"))
    expect(await run(view("/memories/a.txt"))).toContain("TWO")
  })

  it("names what is missing in a create", async () => {
    const run = await openOurs()
    await expect(run({ command: "create", path: "/memories/a.md" })).rejects.toThrow("file_text")
    expect(await run(view("/memories"))).not.toContain("a.md")
  })

  it("reads only what it renames or deletes", async () => {
    const memory = (await openMemory()).files({ userId: "ana" })
    const run = openTool(memory)
    for (let i = 0; i < 30; i++) await run(create(`/memories/other/${i}.md`, "other"))
    for (let i = 0; i < 5; i++) await run(create(`/memories/old/deep/${i}.md`, `text ${i}`))
    let readCount = 0
    const original = memory.list.bind(memory)
    Object.assign(memory, {
      list: async (...args: Parameters<typeof original>) => {
        const page = await original(...args)
        readCount += page.rows.length
        return page
      }
    })
    await run({ command: "rename", old_path: "/memories/old", new_path: "/memories/new" })
    // What is renamed, to write it and to remove it, and the folders above.
    expect(readCount).toBeLessThan(3 * 8)
    readCount = 0
    await run({ command: "delete", path: "/memories/new" })
    expect(readCount).toBeLessThan(10)
    expect(await run(view("/memories"))).not.toContain("new")
    expect(await run(view("/memories/other"))).toContain("29.md")
  })

  it("loses no edit of several concurrent ones", async () => {
    const memory = await openMemory()
    const tools = [1, 2, 3].map(() => openTool(memory.files({ userId: "ana" })))
    await tools[0]?.(create("/memories/list.txt", "start"))
    await Promise.all(tools.map((tool, i) => tool(insert("/memories/list.txt", 1, `line ${i}`))))
    const text = await tools[0]?.(view("/memories/list.txt"))
    for (const i of [0, 1, 2]) expect(text).toContain(`line ${i}`)
    const creations = await Promise.allSettled(
      tools.map((tool, i) => tool(create("/memories/one.txt", `by ${i}`)))
    )
    expect(creations.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
    // Replaced versions are gone.
    expect(
      (await listAll(memory.files({ userId: "ana" }))).filter(
        ({ metadata }) => metadata.path === "/memories/list.txt"
      )
    ).toHaveLength(1)
  })

  it("keeps users apart, stays out of recall, and is gone after forgetAll", async () => {
    const server = await serve(({ body }) => {
      const isAnswered = JSON.stringify(body.messages.at(-1)).includes("tool_result")
      return isAnswered
        ? "Noted."
        : { tools: [{ name: "memory", input: create("/memories/secret.md", "The code is 4711.") }] }
    })
    const memory = await openMemory()
    const agent = createAgent({
      memory,
      client: server.client(),
      model: "claude-sonnet-5-5",
      memoryFiles: true,
      writing: "none"
    })
    await agent.session({ userId: "ana" }).send("Note the code")
    expect(server.requests[0]?.body.tools).toMatchObject([{ type: "memory_20250818", name: "memory" }])
    const scoped = memory.for({ userId: "ana" })
    expect(await scoped.recall("What is the code 4711?", { minScore: 0 })).toEqual([])
    expect((await scoped.stats()).total).toBe(0)
    const bob = openTool(memory.files({ userId: "bob" }))
    expect(await bob(view("/memories"))).not.toContain("secret.md")
    await scoped.forgetAll()
    expect(await listAll(memory.files({ userId: "ana" }))).toEqual([])
  })
})
