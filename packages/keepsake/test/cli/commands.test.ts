import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, statSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { messagesServer } from "@keepsake/agent/testing"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { startCluster, startQdrant } from "../../../backend-qdrant/test/server/QdrantServer.ts"
import { readSettings, type SettingFlags } from "../../src/config/readSettings.ts"
import { width } from "../../src/cli/output/text.ts"
import { isNodeTooOld } from "../../src/nodeVersion.ts"
import { cleanEnv, keepsake, keepsakeProcess, MAIN, temporaryFolder } from "../support/runKeepsake.ts"

const COMMANDS = [
  "init",
  "chat",
  "remember",
  "recall",
  "context",
  "list",
  "get",
  "update",
  "supersede",
  "forget",
  "stats",
  "export",
  "import",
  "copy",
  "reembed",
  "promote",
  "doctor",
  "backup",
  "repair",
  "trust",
  "mcp"
]

/** The arguments of each example in a help text. */
const parseExamples = (help: string): ReadonlyArray<ReadonlyArray<string>> =>
  help
    .slice(help.indexOf("EXAMPLES"))
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("keepsake "))
    .map((line) =>
      Array.from(
        line.slice("keepsake ".length).matchAll(/'([^']*)'|"([^"]*)"|(\S+)/gu),
        ([, single, double, bare]) => single ?? double ?? bare ?? ""
      )
    )

describe("help", () => {
  it.each([[], ...COMMANDS.map((name) => [name])])(
    "%s fits 80 columns and gives an example",
    async (...path) => {
      await using folder = await temporaryFolder()
      const { code, out } = await keepsake(folder.path, [...path, "--help"])
      expect(code).toBe(0)
      for (const line of out.split("\n")) expect(width(line)).toBeLessThanOrEqual(80)
      expect(path.length === 0 || parseExamples(out).length > 0).toBe(true)
    }
  )
})

describe("the examples of each --help", () => {
  it.each(["init", "remember", "recall", "context", "list", "stats", "forget", "doctor", "reembed"])(
    "%s",
    async (name) => {
      await using folder = await temporaryFolder()
      const { path } = folder
      await keepsake(path, ["remember", "Ana is building a freight SaaS", "--session", "monday"])
      const { out } = await keepsake(path, [name, "--help"])
      const examples = parseExamples(out).filter((args) => args.join(" ") !== "init")
      expect(examples.length).toBeGreaterThan(name === "init" ? 0 : 1)
      for (const args of examples) {
        const result = await keepsake(path, args)
        expect({ args, code: result.code, err: result.err }).toMatchObject({ code: 0 })
        expect(result.out).not.toBe("")
      }
    }
  )

  it.each(["get", "update", "supersede"])("%s, each of a memory of its own", async (name) => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const { out } = await keepsake(path, [name, "--help"])
    const examples = parseExamples(out)
    expect(examples.length).toBeGreaterThan(1)
    for (const [i, args] of examples.entries()) {
      const made = await keepsake(path, ["remember", `Ana lives in Oslo ${i}`, "--json"])
      const { id } = JSON.parse(made.out) as { readonly id: string }
      const store = ["--store", `file:./${i}.db`]
      await keepsake(path, ["remember", `Ana lives in Oslo ${i}`, ...store])
      const run = [...args.map((argument) => (argument === "1a2b3c4d" ? id.slice(0, 8) : argument)), ...store]
      expect(await keepsake(path, run)).toMatchObject({ code: 0, err: "" })
    }
  })

  it("export, import, copy, backup and repair", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    await keepsake(path, ["remember", "Ana is building a freight SaaS", "--store", "file:./memory.db"])
    await keepsake(path, ["remember", "Ana is building a freight SaaS"])
    await writeFile(
      join(path, "mem0.json"),
      JSON.stringify({ results: [{ id: "1", memory: "Likes tea", user_id: "bo" }] })
    )
    await writeFile(join(path, "CLAUDE.md"), "- Answer in short\n")
    await using server = await startQdrant()
    for (const name of ["export", "import", "copy", "backup", "repair"]) {
      const { out } = await keepsake(path, [name, "--help"])
      for (const args of parseExamples(out)) {
        // There is no shell to redirect, and the server has another port.
        const redirect = args.indexOf(">")
        const run = (redirect < 0 ? args : args.slice(0, redirect)).map((argument) =>
          argument.replace("http://localhost:6333", server.url)
        )
        const result = await keepsake(path, run)
        expect({ run, code: result.code, err: result.err }).toMatchObject({ code: 0 })
      }
    }
    expect((await keepsake(path, ["list", "--user", "bo"])).out).toContain("Likes tea")
  })
})

describe("a store in Qdrant", () => {
  it("is copied to another collection of its server, and erased once its name was typed", async () => {
    await using folder = await temporaryFolder()
    await using server = await startQdrant()
    const store = `qdrant+${server.url}?collection=notes`
    const { path } = folder
    await keepsake(path, ["remember", "Ana is building a freight SaaS", "--store", store])
    const target = `qdrant+${server.url}?collection=copied`
    expect(await keepsake(path, ["copy", "--from", store, "--to", target])).toMatchObject({ code: 0 })
    const { out } = await keepsake(path, ["list", "--store", target])
    expect(out).toContain("freight")
    const before = server.data.collections.get("notes")
    const refused = await keepsakeProcess(path, ["doctor", "--erase", "--store", store], { input: "note\n" })
    expect(refused.code).not.toBe(0)
    expect(server.data.collections.get("notes")).toBe(before)
    const erased = await keepsakeProcess(path, ["doctor", "--erase", "--store", store], { input: "notes\n" })
    expect(erased).toMatchObject({ code: 0 })
    expect(server.data.collections.has("notes")).toBe(false)
    expect((await keepsake(path, ["list", "--store", store])).out).toContain("freight")
  })
})

describe("a store on a Qdrant cluster", () => {
  it("gives a heavy user a shard key", async () => {
    await using folder = await temporaryFolder()
    await using cluster = await startCluster(2)
    const { path } = folder
    const at = ["--store", `qdrant+${cluster.url.replaceAll(",http://", ",")}?shardKeys=2`]
    await keepsake(path, ["remember", "Ana is building a freight SaaS", "--user", "team:blue", ...at])
    const { out: help } = await keepsake(path, ["promote", "--help"])
    for (const args of parseExamples(help)) {
      const { code, err, out } = await keepsake(path, [...args, ...at])
      expect({ code, err }).toMatchObject({ code: 0 })
      expect(out).toMatch(/team:blue with agent default have shard key\s+scope-[0-9a-f]{32}/u)
    }
    expect(cluster.data.collections.get("keepsake")?.shards.at(-1)).toMatchObject({ points: { size: 1 } })
    expect((await keepsake(path, ["list", "--user", "team:blue", ...at])).out).toContain("freight")
    expect((await keepsake(path, ["promote", "--nodes", "a", ...at])).err).toContain("such as 1,2")
    const { code, err } = await keepsake(path, ["promote", "--store", "file:./memory.db"])
    expect(code).toBe(1)
    expect(err).toContain("other stores have no shards")
  })
})

describe("the examples of commands about a folder", () => {
  it("trust", async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, "keepsake.json"), '{"store":"file:./memory.db"}')
    const { out } = await keepsake(folder.path, ["trust", "--help"])
    for (const args of parseExamples(out))
      expect(await keepsake(folder.path, args)).toMatchObject({ code: 0, err: "" })
  })
})

describe("the examples of commands that run until they are ended", () => {
  it("chat", async () => {
    await using folder = await temporaryFolder()
    await using server = await messagesServer(() => "Understood.")
    const env = { ANTHROPIC_BASE_URL: server.url, ANTHROPIC_API_KEY: "test" }
    const { out } = await keepsake(folder.path, ["chat", "--help"])
    const examples = parseExamples(out)
    expect(examples).toHaveLength(2)
    for (const args of examples) {
      const redirect = args.indexOf("<")
      const result = await keepsakeProcess(folder.path, redirect < 0 ? args : args.slice(0, redirect), {
        input: "I like tea\nand I build ships\n",
        env
      })
      expect({ args, ...result }).toMatchObject({ code: 0, out: "Understood.\nUnderstood.\n" })
    }
    expect((await keepsake(folder.path, ["list", "--user", "ana"])).out).toContain("ships")
  })

  const hello = {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-03-26", capabilities: {}, clientInfo: { name: "t", version: "1" } }
  }

  it("mcp", async () => {
    await using folder = await temporaryFolder()
    const { out } = await keepsake(folder.path, ["mcp", "--help"])
    const examples = parseExamples(out)
    expect(examples.map((args) => args.includes("--http"))).toEqual([false, true])
    const [stdio = [], http = []] = examples

    const result = await keepsakeProcess(folder.path, stdio, { input: `${JSON.stringify(hello)}\n` })
    expect(result).toMatchObject({ code: 0, out: expect.stringContaining('"name":"keepsake"') as string })

    // The port of the example may be taken.
    const child = spawn(
      process.execPath,
      [MAIN, ...http.map((argument) => (argument === "7337" ? "0" : argument))],
      {
        cwd: folder.path,
        env: cleanEnv(folder.path)
      }
    )
    const ended = new Promise((resolve) => child.once("close", resolve))
    const [output] = (await once(child.stderr, "data")) as [Buffer]
    const url = /http:\S+\/mcp/u.exec(output.toString())?.[0] ?? ""
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" }
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(hello) })
    expect(await response.text()).toContain('"name":"keepsake"')
    child.kill("SIGINT")
    expect(await ended).toBe(130)
  })

  it("runs the examples of every command", () => {
    const memory = ["remember", "recall", "context", "list", "get", "update", "supersede", "forget", "stats"]
    const run = [...memory, "init", "doctor", "reembed", "export", "import", "copy"]
    const operate = ["backup", "repair", "promote"]
    expect([...run, ...operate, "trust", "chat", "mcp"].sort()).toEqual(COMMANDS.toSorted())
  })
})

describe("commands", () => {
  it("takes a value of metadata that only looks like a number as text", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const meta = ["--meta", "code=007", "--meta", "floor=-0.5", "--meta", "minus=-", "--meta", "big=1e3"]
    await keepsake(path, ["remember", "The code", ...meta])
    const { out } = await keepsake(path, ["list", "--meta", "code=007", "--json"])
    expect(JSON.parse(out)).toMatchObject([
      { metadata: { code: "007", floor: -0.5, minus: "-", big: "1e3" } }
    ])
  })

  it("remember, recall, list and forget agree, for people and for programs", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const json = async (...args: ReadonlyArray<string>) =>
      JSON.parse((await keepsake(path, [...args, "--json"])).out) as never
    const first: { id: string; outcome: string } = await json(
      "remember",
      "Ana is building a freight SaaS",
      "--type",
      "semantic",
      "--meta",
      "team=blue",
      "--pin"
    )
    expect(first.outcome).toBe("created")
    await keepsakeProcess(path, ["remember", "-", "--source", "assistant"], {
      input: "Line one\nline two \u001b[31mred 日本語"
    })
    const rows: ReadonlyArray<{ id: string; metadata: unknown }> = await json("list", "--meta", "team=blue")
    expect(rows).toMatchObject([{ id: first.id, metadata: { team: "blue" }, pinned: true }])
    const where = '{"metadata":{"team":{"in":["blue","red"]}},"not":{"pinned":false}}'
    expect(await json("list", "--where", where)).toEqual(rows)
    expect(await json("list", "--where", where, "--type", "episodic")).toEqual([])
    const deep = '{"not":{"not":{"not":{"not":{"pinned":true}}}}}'
    expect(await json("list", "--where", deep, "--type", "semantic")).toEqual(rows)
    expect(await json("recall", "freight SaaS", "--where", '{"pinned":false}', "--threshold", "0.1")).toEqual(
      {
        recollections: [],
        degraded: null
      }
    )
    expect((await keepsake(path, ["forget", "--where", where, "--dry-run"])).out).toContain("1 memory")
    const shown = (await keepsake(path, ["list"])).out
    expect(shown).not.toContain("\u001b")
    for (const line of shown.split("\n")) expect(width(line)).toBeLessThanOrEqual(80)

    const recalled = await keepsake(path, ["recall", "freight SaaS", "--threshold", "0", "--explain"])
    expect(recalled.out).toMatch(/SCORE[\s\S]*freight[\s\S]*logit/u)
    const {
      recollections
    }: {
      recollections: ReadonlyArray<{
        score: number
        explain: { logit: number; parts: Record<string, number> }
      }>
    } = await json("recall", "freight SaaS", "--threshold", "0")
    const [best] = recollections
    expect(Object.values(best?.explain.parts ?? {}).reduce((a, b) => a + b, 0)).toBeCloseTo(
      best?.explain.logit ?? Number.NaN,
      6
    )

    expect((await keepsake(path, ["forget", first.id.slice(0, 8), "--dry-run"])).out).toContain(
      "Would remove 1 memory"
    )
    expect((await keepsake(path, ["forget", first.id.slice(0, 8)])).out).toContain("Removed 1 memory")
    expect((await keepsake(path, ["list", "--user", "someone else"])).out).toContain("Nothing is remembered")
  })

  it("an empty id, such as from an unset variable, forgets nothing", async () => {
    await using folder = await temporaryFolder()
    await keepsake(folder.path, ["remember", "Ana likes tea"])
    expect(await keepsake(folder.path, ["forget", ""])).toMatchObject({ code: 2, out: "" })
    expect((await keepsake(folder.path, ["list"])).out).toContain("tea")
  })

  it("asks before a whole scope is removed; without a terminal it needs --yes", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    await keepsake(path, ["remember", "Ana likes tea"])
    const refused = await keepsake(path, ["forget", "--all"])
    expect(refused.code).toBe(2)
    expect(refused.err).toContain("--yes")
    expect((await keepsake(path, ["forget", "--everywhere"])).code).toBe(2)
    expect((await keepsake(path, ["list"])).out).toContain("tea")
    expect((await keepsake(path, ["forget", "--everywhere", "--yes"])).out).toContain("Removed 1 memory")
  })

  it.each([
    [["recal", "x"], 2, /Did you mean[\s\S]*recall/u],
    [["recall", "x", "--limt", "5"], 2, /Did you mean[\s\S]*--limit/u],
    [["recall", "x", "--store", "mem:"], 2, /file:\.\/memory\.db/u],
    [["remember", "  "], 2, /nothing to remember/u],
    [["remember", "x", "--importance", "7"], 2, /importance/u],
    [["remember", "x", "--user", "a/b"], 2, /scope/u],
    [["forget"], 2, /give one of/u],
    [["forget", "--where", "{}"], 2, /empty filter/u],
    [["list", "--where", "{"], 2, /where: is not JSON/u],
    [["list", "--where", '{"typ":"semantic"}'], 2, /where\.typ[\s\S]*Did you mean "type"/u],
    [["forget", ""], 2, /not the beginning of an id/u],
    [["forget", "ab"], 2, /not the beginning of an id/u],
    [["forget", "%"], 2, /not the beginning of an id/u],
    [["remember", "x", "--said-at", "1800-01-01T00:00:00Z"], 2, /1970/u],
    [["remember", "x", "--said-at", "2026-01-31"], 2, /said-at.*write 2026-01-31T00:00:00Z/su],
    [["recall", "x", "--as-of", "2026-01-31T12:00"], 2, /as-of.*write 2026-01-31T12:00Z for UTC/su],
    [["list", "--since", "yesterday"], 2, /since.*ISO text with a zone/su],
    [["forget", "abcd"], 1, /No memory has an id that begins/u],
    [["import", "none.jsonl"], 2, /does not exist/u],
    [["recall", "x", "--store", "postgres://u:p@127.0.0.1:1/d"], 1, /./u],
    [["copy", "--from", "memory:", "--to", "memory:"], 2, /name another/u],
    [["chat"], 2, /--model/u],
    [["list", "--limit", "0"], 2, /limit/u],
    [["list", "--store", "C:\\Users\\me\\memory.db"], 2, /file:C:\\Users\\me\\memory\.db/u],
    [["mcp", "--http", "--port", "99999"], 2, /port/u],
    [["export", "--out", "."], 2, /is a folder/u],
    [["export", "--out", "none/x.jsonl"], 2, /folder none does not exist/u]
  ])("%j ends with %i and says why", async (args, code, message) => {
    await using folder = await temporaryFolder()
    const result = await keepsake(folder.path, args)
    expect({ code: result.code, out: result.err }).toMatchObject({ code })
    expect(result.err.replaceAll("\n", " ")).toMatch(message)
    expect(result.err).not.toMatch(/^\s+at .*:\d+/mu)
  })

  it("reports failures as JSON to programs", async () => {
    await using folder = await temporaryFolder()
    const result = await keepsake(folder.path, ["list", "--store", "mem:", "--json"])
    expect(JSON.parse(result.err)).toMatchObject({ error: { reason: "InvalidInput" } })
  })
})

describe("shared scopes", () => {
  it("are recalled by --reads, KEEPSAKE_READS and the file, and say where a memory comes from", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    await keepsake(path, ["remember", "Freight leaves on Friday", "--user", "team:blue"])
    await keepsake(path, ["remember", "Freight is paid in advance", "--user", "all", "--agent", "handbook"])
    await keepsake(path, ["remember", "Freight is dull"])
    const alone = await keepsake(path, ["recall", "freight"])
    expect(alone.out).not.toMatch(/from |Friday/u)
    const both = await keepsake(path, ["recall", "freight", "--reads", "team:blue, handbook/all"])
    expect(both.out).toContain("(from team:blue) Freight leaves")
    expect(both.out).toContain("(from handbook/all) Freight is paid")
    expect(both.out).toContain("Freight is dull")
    const found = JSON.parse(
      (await keepsake(path, ["recall", "freight", "--reads", "team:blue", "--json"])).out
    ) as {
      readonly recollections: ReadonlyArray<{
        readonly memory: { readonly scope: { readonly userId: string } }
      }>
    }
    expect(found.recollections.map(({ memory }) => memory.scope.userId).sort()).toEqual(["me", "team:blue"])
    await writeFile(
      join(path, "keepsake.json"),
      '{"reads":["team:blue",{"agentId":"handbook","userId":"all"}]}'
    )
    expect((await keepsake(path, ["recall", "freight"])).out).toContain("from handbook/all")
    expect((await keepsake(path, ["list"])).out).not.toContain("Friday")
    for (const reads of ["me", "team,team", "a/b/c", ""]) {
      const { code, err } = await keepsake(path, ["recall", "freight", "--reads", reads])
      expect(code).not.toBe(0)
      expect(err).toContain("reads[")
    }
    await writeFile(join(path, "keepsake.json"), '{"reads":"team:blue"}')
    expect((await keepsake(path, ["recall", "freight"])).err).toContain("reads: give a list")
  })

  it("are read from the environment, which the flag overrides", async () => {
    const env = { KEEPSAKE_READS: "team,handbook/all", KEEPSAKE_STORE: "memory:" }
    const read = (flags: SettingFlags) => Effect.runPromise(readSettings(flags, env))
    expect((await read({})).reads).toEqual(["team", { agentId: "handbook", userId: "all" }])
    expect((await read({ reads: "other" })).reads).toEqual(["other"])
  })
})

describe("output", () => {
  const fill = async (path: string) => {
    const lines = Array.from({ length: 600 }, (_, i) =>
      JSON.stringify({ content: `${i} ${"words ".repeat(40)}` })
    )
    await writeFile(join(path, "s.jsonl"), lines.join("\n"))
    expect(await keepsake(path, ["import", "s.jsonl"])).toMatchObject({ code: 0 })
  }

  it.each([["export"], ["list", "--all"], ["list", "--all", "--json"]])(
    "%s %s ends quietly when its reader closes the pipe",
    async (...args) => {
      await using folder = await temporaryFolder()
      await fill(folder.path)
      const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder.path, env: cleanEnv(folder.path) })
      const ended = new Promise((resolve) => child.once("close", resolve))
      child.stdout.once("data", () => child.stdout.destroy())
      expect(await text(child.stderr)).toBe("")
      // 0 if everything was written before the pipe closed.
      expect([0, 141]).toContain(await ended)
    }
  )

  it.skipIf(process.platform === "win32")(
    "goes to a named pipe and does not replace it with a file",
    async () => {
      await using folder = await temporaryFolder()
      const pipe = join(folder.path, "pipe")
      execFileSync("mkfifo", [pipe])
      await keepsake(folder.path, ["remember", "Ana likes tea"])
      const read = readFile(pipe, "utf8")
      expect(await keepsakeProcess(folder.path, ["export", "--out", pipe])).toMatchObject({ code: 0 })
      expect(await read).toContain("Ana likes tea")
      expect(statSync(pipe).isFIFO()).toBe(true)
    }
  )

  it("replaces an existing export only when the new one is complete", async () => {
    await using folder = await temporaryFolder()
    await keepsake(folder.path, ["remember", "Ana likes tea"])
    const out = join(folder.path, "all.jsonl")
    await writeFile(out, "before")
    expect(await keepsake(folder.path, ["export", "--out", out])).toMatchObject({ code: 0 })
    expect(await readFile(out, "utf8")).toContain("Ana likes tea")
    expect(readdirSync(folder.path)).not.toContain("all.jsonl.partial")
    expect(statSync(out).mode & 0o077).toBe(0)
  })
})

describe("a Node that is too old", () => {
  it.each([
    ["18.20.0", true],
    ["20.20.2", true],
    ["22.18.9", true],
    ["22.19.0", false],
    ["24.0.0", false],
    ["26.1.0", false]
  ])("%s: %s", (version, tooOld) => {
    expect(isNodeTooOld(version)).toBe(tooOld)
  })
})

describe("chat", () => {
  it("remembers from one conversation to the next", async () => {
    await using folder = await temporaryFolder()
    await using server = await messagesServer(({ body }) =>
      JSON.stringify(body.messages).includes("freight") ? "Something with freight." : "I do not know."
    )
    const env = { ANTHROPIC_BASE_URL: server.url, ANTHROPIC_API_KEY: "test", KEEPSAKE_MODEL: "claude-test" }
    const first = await keepsakeProcess(folder.path, ["chat"], {
      input: "I'm building a SaaS for freight logistics\n",
      env
    })
    expect(first).toMatchObject({ code: 0 })
    const second = await keepsakeProcess(folder.path, ["chat"], {
      input: "What was my project again?\n",
      env
    })
    expect(second.out).toContain("Something with freight.")
    expect((await keepsake(folder.path, ["list"])).out).toContain("freight")
  })

  it("fails if its last message was not answered", async () => {
    await using folder = await temporaryFolder()
    const result = await keepsakeProcess(folder.path, ["chat", "--model", "claude-test"], {
      input: "hello\n",
      env: { ANTHROPIC_BASE_URL: "http://127.0.0.1:1", ANTHROPIC_API_KEY: "test" }
    })
    expect(result.code).toBe(1)
    expect(result.err).toContain("cannot be reached")
  })
})
