import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Memory } from "@keepsake/core"
import { Effect } from "effect"
import { assert, describe, expect, it } from "vitest"
import type { ImportItem } from "../../src/interchange/formats/Format.ts"
import { openImportFile } from "../../src/interchange/importFile.ts"
import { readImport } from "../../src/interchange/readImport.ts"
import { openMemory } from "../../src/index.ts"
import { keepsake, keepsakeProcess, temporaryFolder } from "../support/runKeepsake.ts"

/** The rows of a file with this text. */
const read = async (text: string, partial = false) => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, "file"), text)
  const openFile = Effect.map(openImportFile(join(folder.path, "file")), (file) => ({
    ...file,
    name: "file"
  }))
  const content = await readImport(await Effect.runPromise(Effect.scoped(openFile)), { partial })
  const items: Array<ImportItem> = []
  for await (const { item } of content.rows()) items.push(item)
  return items
}

const exportAna = async (path: string): Promise<string> => {
  await using memory = await openMemory(`file:${join(path, "memory.db")}`)
  const ana = memory.for({ userId: "ana" })
  const { id } = await ana.remember({
    content: "Ana lives in Graz",
    type: "semantic",
    metadata: { a: [1, null] }
  })
  assert.isNotNull(id)
  await ana.supersede(id, "Ana lives in Linz")
  await ana.rememberMany([
    { content: "naïve café 日本 👩‍👩‍👧", sessionId: "s" },
    { content: "gone in a day", ttlDays: 1 }
  ])
  const { out } = await keepsake(path, ["export", "--store", "file:./memory.db", "--user", "ana"])
  return out
}

/** What `import --json` counts where there is nothing. */
const NONE = { created: 0, known: 0, superseded: 0, conflicting: 0, expired: 0, inactive: 0, dropped: 0 }

describe("export and import", () => {
  it("restores every memory with its history; a second import changes nothing", async () => {
    await using folder = await temporaryFolder()
    const text = await exportAna(folder.path)
    const before = (await read(text)).flatMap((item) => (item._tag === "Memory" ? [item.memory] : []))
    expect(before).toHaveLength(4)
    await using memory = await openMemory("memory:")
    const ana = memory.for({ userId: "ana" })
    expect(await ana.import(before)).toMatchObject({ created: 4, known: 0 })
    expect(await ana.import(before)).toMatchObject({ created: 0, known: 4 })
    const after: Array<Memory> = []
    for await (const row of ana.export()) after.push(row)
    const byId = (rows: ReadonlyArray<Memory>) => rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    expect(byId(after)).toEqual(byId(before))
  })

  it("leaves out memories that have expired since, and counts them", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const day = 86_400_000
    const text = (await exportAna(path)).replace(/"expiresAt":\d+/u, `"expiresAt":${Date.now() - day}`)
    await writeFile(join(path, "old.jsonl"), text)
    const counts = await keepsake(path, ["import", "old.jsonl", "--json"])
    expect(JSON.parse(counts.out)).toEqual({
      ...NONE,
      created: 3,
      expired: 1
    })
    expect((await keepsake(path, ["import", "old.jsonl"])).out).toBe(
      "Imported 0 from old.jsonl. Known already, unchanged: 3. Expired, left out: 1.\n"
    )
    const statements = [
      { content: "a", expiresAt: Date.now() - day },
      { content: "b", expiresAt: new Date(Date.now() - day).toISOString() },
      { content: "c", expiresAt: "2999-01-01T00:00:00Z" },
      { content: "d" }
    ]
    await writeFile(join(path, "plain.json"), JSON.stringify(statements))
    const plain = await keepsake(path, ["import", "plain.json", "--json"])
    expect(JSON.parse(plain.out)).toEqual({ ...NONE, created: 2, known: 0, conflicting: 0, expired: 2 })
  })

  it("counts memories that differ from the stored ones under the same key", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const change = async (file: string, text: string) => {
      await writeFile(join(path, file), text)
      return JSON.parse((await keepsake(path, ["import", file, "--json"])).out) as unknown
    }
    await change("first.jsonl", '{"content":"Lives in Porto","key":"home"}\n')
    const moved = { ...NONE, created: 0, known: 0, conflicting: 1, expired: 0 }
    expect(await change("second.jsonl", '{"content":"Lives in Braga","key":"home"}\n')).toEqual(moved)
    const { out } = await keepsake(path, ["export"])
    expect(await change("third.jsonl", out.replace("Porto", "Braga"))).toEqual(moved)
    expect((await keepsake(path, ["list"])).out).toContain("Porto")
  })

  it("refuses an export truncated anywhere, and imports its complete lines with --partial", async () => {
    await using folder = await temporaryFolder()
    const text = await exportAna(folder.path)
    // Every tenth length, and each of the last thirty, up to the newline of the closing line.
    const lengths = Array.from({ length: text.length - 1 }, (_, i) => i + 1).filter(
      (i) => i % 10 === 0 || i > text.length - 30
    )
    for (const length of lengths.filter((i) => i < text.trimEnd().length)) {
      await expect(read(text.slice(0, length)), `truncated at ${length}`).rejects.toThrow(
        /Nothing was imported|is empty/u
      )
    }
    expect((await read(text.slice(0, text.length - 60), true)).length).toBeGreaterThan(0)
  })

  it("refuses a closing line with another count, a later version, and a line that is not a memory", async () => {
    await using folder = await temporaryFolder()
    const text = await exportAna(folder.path)
    const lines = text.trimEnd().split("\n")
    await expect(read([...lines.slice(0, 2), ...lines.slice(3)].join("\n"))).rejects.toThrow(/truncated/u)
    await expect(read(text.replace('"version":1', '"version":2'))).rejects.toThrow(/version 2/u)
    await expect(read(lines.with(1, '{"id":"x"}').join("\n"))).rejects.toThrow(/line 2 is not a memory/u)
    await expect(read(lines.with(1, "{oops").join("\n"))).rejects.toThrow(/line 2 is damaged/u)
  })

  it("refuses a file that is not UTF-8, is empty or is not JSON, and writes nothing", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    await writeFile(join(path, "latin1.jsonl"), Buffer.from('{"content":"caf\xe9"}\n', "latin1"))
    const result = await keepsake(path, ["import", "latin1.jsonl"])
    expect(result).toMatchObject({ code: 2 })
    expect(result.err).toContain("UTF-8")
    expect(
      (await keepsakeProcess(path, ["import", "-"], { input: new Uint8Array([0xff, 0xfe, 0x7b]) })).err
    ).toContain("UTF-8")
    expect((await keepsake(path, ["list"])).out).toContain("Nothing is remembered")
    await expect(read("")).rejects.toThrow(/is empty/u)
    await expect(read("hello")).rejects.toThrow(/not JSON/u)
    await expect(read('{"content":"a"}\n{"content":')).rejects.toThrow(/line 2 is not JSON/u)
    await expect(read('[{"no":"content"}]')).rejects.toThrow(/entry 1 has neither/u)
  })

  it("names the bad field of a changed row, in the command and in the API", async () => {
    await using folder = await temporaryFolder()
    const lines = (await exportAna(folder.path)).trimEnd().split("\n")
    const row = JSON.parse(lines[1] ?? "") as Memory
    const cases: ReadonlyArray<readonly [object, string, RegExp]> = [
      [{ sesionId: "s" }, "sesionId", /is not known here\. Did you mean "sessionId"\?/u],
      [{ content: "" }, "content", /is empty/u],
      [{ importance: 2 }, "importance", /2 is not between 0 and 1/u],
      [{ turn: undefined }, "turn", /is missing/u],
      [{ validity: [{ from: 1, to: null, note: "x" }] }, "validity", /give intervals/u],
      [{ scope: { ...row.scope, tenant: "t" } }, "scope.tenant", /is not known here/u]
    ]
    for (const [change, field, message] of cases) {
      const bad = { ...row, ...change }
      await writeFile(join(folder.path, "bad.jsonl"), lines.with(1, JSON.stringify(bad)).join("\n"))
      const result = await keepsake(folder.path, ["import", "bad.jsonl", "--user", "bob"])
      const output = result.err.replaceAll(/\s+/gu, " ")
      expect(result.code).toBe(2)
      expect(output).toContain(`line 2 is not a memory: ${field}`)
      expect(output).toMatch(message)

      await using memory = await openMemory(`file:${join(folder.path, "memory.db")}`)
      const bob = memory.for({ userId: "bob" })
      const error: unknown = await bob.import([bad as Memory]).catch((cause: unknown) => cause)
      expect(error).toMatchObject({ reason: { _tag: "InvalidInput", field: `memories[0].${field}` } })
      expect(String(error)).toMatch(message)
      expect((await bob.stats()).kept).toBe(0)
    }
  })

  it("names the line of a bad statement, and imports nothing", async () => {
    await using folder = await temporaryFolder()
    const lines = Array.from({ length: 700 }, (_, i) => JSON.stringify({ content: `number ${i}` }))
    await writeFile(
      join(folder.path, "bad.jsonl"),
      lines.with(600, '{"content":"x","tpye":"semantic"}').join("\n")
    )
    const result = await keepsake(folder.path, ["import", "bad.jsonl"])
    expect(result.code).toBe(2)
    expect(result.err.replaceAll("\n", " ")).toMatch(
      /line 601: tpye.*Did you mean "type"\?.*Nothing was imported/u
    )
    expect((await keepsake(folder.path, ["list"])).out).toContain("Nothing is remembered")
  })

  it("reads statements after a byte order mark and with CRLF", async () => {
    expect(await read('\ufeff{"content":"a"}\r\n{"content":"b","type":"semantic"}\r\n')).toMatchObject([
      { statement: { content: "a" } },
      { statement: { content: "b", type: "semantic" } }
    ])
  })

  it("reads mem0's export, each fact with its user, date, session and speaker", async () => {
    const row = {
      id: "0f6c",
      memory: "Likes tea",
      hash: "x",
      metadata: { topic: "drinks" },
      score: 0.3,
      created_at: "2025-01-02T03:04:05.000Z",
      updated_at: null,
      user_id: "ana",
      run_id: "s1"
    }
    const expected = {
      userId: "ana",
      agentId: null,
      statement: {
        content: "Likes tea",
        type: "semantic",
        sessionId: "s1",
        metadata: { topic: "drinks" },
        saidAt: Date.UTC(2025, 0, 2, 3, 4, 5),
        key: "mem0:0f6c"
      }
    }
    for (const text of [
      JSON.stringify({ results: [row] }),
      JSON.stringify([row]),
      JSON.stringify({ results: [row] }, null, 2),
      JSON.stringify(row)
    ]) {
      expect(await read(text)).toMatchObject([expected])
    }
  })

  it("reads Kronvex's export, whose session becomes the user", async () => {
    const row = {
      id: "m1",
      agent_id: "support",
      session_id: "ana",
      content: "Prefers mail",
      memory_type: "procedural",
      pinned: true,
      created_at: "2025-01-02T03:04:05Z",
      expires_at: null,
      access_count: 3
    }
    expect(await read(JSON.stringify({ agent_id: "support", memories: [row] }))).toMatchObject([
      {
        userId: "ana",
        agentId: "support",
        statement: { content: "Prefers mail", type: "procedural", pinned: true, key: "kronvex:m1" }
      }
    ])
  })
})
