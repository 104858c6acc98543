import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, describe, expect, it, vi } from "vitest"
import { keepsake, temporaryFolder } from "../support/runKeepsake.ts"

afterEach(() => void vi.unstubAllGlobals())

const STORES = [
  "postgres://ana:Pl4nted@Pl4nted@127.0.0.1:1/d",
  "postgres://ana:Pl4nted/Pl4nted@127.0.0.1:1/d",
  "postgres://127.0.0.1:1/d?user=ana&password=Pl4nted",
  "qdrant+http://:Pl4nted@127.0.0.1:1",
  "qdrant+http://127.0.0.1:1?api_key=Pl4nted",
  "psotgres://ana:Pl4nted@127.0.0.1/d",
  "http://ana:Pl4nted@127.0.0.1/d"
]

const EMBEDDERS = [
  "http://ana:Pl4nted@127.0.0.1:1/v1#m",
  "http://127.0.0.1:1/v1?api_key=Pl4nted#m",
  "http://ana:Pl4@sec0nd@127.0.0.1:1/v1#m",
  "http://ana:Pl4nted@127.0.0.1:1/v1"
]

/** Every command that ends by itself, with a store and an embedder. */
const commands = (store: string, embedder: string): ReadonlyArray<ReadonlyArray<string>> => {
  const open = ["--store", store, "--embedder", embedder]
  return [
    ["remember", "Likes tea", ...open],
    ["recall", "tea", ...open],
    ["list", ...open],
    ["forget", "--all", "--yes", ...open],
    ["export", ...open],
    ["import", "statements.jsonl", ...open],
    ["copy", "--from", store, "--to", "memory:"],
    ["copy", "--from", "memory:", "--to", store, "--to-embedder", embedder],
    ["reembed", "--to", embedder, "--store", store],
    ["doctor", ...open],
    ["mcp", ...open],
    ["chat", "--model", "m", ...open]
  ]
}

describe("secrets of an address", () => {
  it.each(STORES)("%s is printed by no command", async (store) => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, "statements.jsonl"), '{"content":"Likes tea"}')
    for (const args of commands(store, "none")) {
      const { code, err, out } = await keepsake(folder.path, args)
      expect({ args, code }).not.toMatchObject({ code: 0 })
      expect(out + err).not.toContain("Pl4")
    }
    for (const args of [["doctor"], ["list"]]) {
      const { err, out } = await keepsake(folder.path, [...args, "--store", store, "--json"])
      expect(out + err).not.toContain("Pl4")
    }
  })

  it.each(EMBEDDERS)("%s is printed by no command", async (embedder) => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, "statements.jsonl"), '{"content":"Likes tea"}')
    vi.stubGlobal("fetch", async (url: string) =>
      Promise.resolve(new Response(`no ${url} here`, { status: 404 }))
    )
    await keepsake(folder.path, ["remember", "Likes tea", "--store", "file:./memory.db"])
    for (const args of commands("file:./memory.db", embedder)) {
      const { err, out } = await keepsake(folder.path, args)
      expect(out + err).not.toMatch(/Pl4|sec0nd/u)
    }
    await writeFile(
      join(folder.path, "keepsake.json"),
      JSON.stringify({ embedder: embedder.replace("127.0.0.1", "e.example") })
    )
    for (const args of [["doctor"], ["list", "--json"], ["trust", "--yes"], ["trust", "--list"]]) {
      const { err, out } = await keepsake(folder.path, args)
      expect(out + err).not.toMatch(/Pl4|sec0nd/u)
      expect(out + err).toMatch(/e\.example|127\.0\.0\.1|#MODEL|nothing/iu)
    }
  })

  it("is not quoted from a config that is not JSON", async () => {
    await using folder = await temporaryFolder()
    await writeFile(
      join(folder.path, "keepsake.json"),
      '{"store": "postgres://ana:Pl4nted@db.example/d" oops'
    )
    const { code, err } = await keepsake(folder.path, ["list"])
    expect(code).toBe(2)
    expect(err).toContain("is not JSON")
    expect(err).not.toContain("Pl4nted")
  })
})

describe("foreign text", () => {
  const ESCAPES = "\u001b]0;title\u0007\u001b[2J\u009b2J\u202edesrever\r\u001b[1Aover"
  // oxlint-disable-next-line no-control-regex
  const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/u

  it("steers the terminal by no command, as a table, as JSON or as an export", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const statement = {
      content: `Likes tea ${ESCAPES}`,
      speaker: `Ana ${ESCAPES}`,
      sessionId: `s ${ESCAPES}`,
      metadata: { [`key ${ESCAPES}`]: ESCAPES }
    }
    await writeFile(join(path, "planted.jsonl"), JSON.stringify(statement))
    await writeFile(join(path, "bad.jsonl"), JSON.stringify({ ...statement, [`x${ESCAPES}`]: 1 }))
    await writeFile(join(path, "config.json"), JSON.stringify({ [`x${ESCAPES}`]: 1 }))
    const runs = [
      ["import", "planted.jsonl"],
      ["import", "bad.jsonl"],
      ["list", "--config", "config.json"],
      ["doctor", "--config", "config.json"],
      ["list"],
      ["list", "--json"],
      ["recall", "tea"],
      ["recall", "tea", "--explain", "--threshold", "0"],
      ["recall", "tea", "--json"],
      ["export"],
      ["forget", ESCAPES],
      ["doctor", "--user", `a${ESCAPES}`]
    ]
    for (const args of runs) {
      const { err, out } = await keepsake(path, args)
      expect(out + err).not.toBe("")
      expect({ args, text: out + err }).not.toMatchObject({ text: expect.stringMatching(STEERING) as string })
    }
    const [memory] = JSON.parse((await keepsake(path, ["list", "--json"])).out) as ReadonlyArray<object>
    expect(memory).toMatchObject({ ...statement, content: statement.content })
  })
})
