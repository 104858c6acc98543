import { createWriteStream, existsSync, readdirSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Memory } from "@keepsake/core"
import { describe, expect, it } from "vitest"
import { openMemory } from "../../src/index.ts"
import { keepsake, keepsakeProcess, type RunResult, temporaryFolder } from "../support/runKeepsake.ts"

const YEAR_MS = 365 * 86_400_000

/** A folder with files in it, and the command line there. */
const withFiles = async (files: Readonly<Record<string, unknown>>) => {
  const folder = await temporaryFolder()
  const write = async (name: string, content: unknown) =>
    writeFile(join(folder.path, name), typeof content === "string" ? content : JSON.stringify(content))
  for (const [name, content] of Object.entries(files)) await write(name, content)
  const run = async (...args: ReadonlyArray<string>): Promise<RunResult> => {
    const result = await keepsake(folder.path, args)
    return { ...result, err: result.err.replaceAll(/\s+/gu, " ") }
  }
  const list = async (user: string, ...more: ReadonlyArray<string>) =>
    JSON.parse((await run("list", "--user", user, "--json", ...more)).out) as ReadonlyArray<Memory>
  return { path: folder.path, run, list, write, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] }
}

/** What mem0's hosted service answers in its TypeScript client. */
const hosted = (id: string, userId: string, memory: string, more: object = {}) => ({
  id,
  memory,
  userId,
  runId: "chat-1",
  hash: "x",
  categories: null,
  metadata: null,
  createdAt: "2026-01-02T03:04:05.678901-07:00",
  updatedAt: "2026-01-02T03:04:06.1-07:00",
  expirationDate: null,
  ...more
})

describe("mem0's hosted export in TypeScript", () => {
  const expirationDate = new Date(Date.now() + YEAR_MS).toISOString().slice(0, 10)
  const rows = [
    hosted("a", "ana", "Has a diagnosis", { expirationDate }),
    hosted("b", "bo", "Likes tea", { agentId: "coder" })
  ]

  it("is refused for two users without a word about scopes, and names them", async () => {
    await using files = await withFiles({ "mem0.json": { results: rows } })
    for (const args of [[], ["--user", "bo"], ["--dry-run"]]) {
      const { code, err } = await files.run("import", "mem0.json", ...args)
      expect(code).toBe(2)
      expect(err).toMatch(/several owners: ana in entry 1, bo in entry 2.*--keep-scopes.*--merge-scopes/u)
    }
    expect(await files.list("bo")).toEqual([])
  })

  it("goes to each user, with expiry, session and day", async () => {
    await using files = await withFiles({ "mem0.json": { results: rows } })
    expect((await files.run("import", "mem0.json", "--keep-scopes")).out).toBe("Imported 2 from mem0.json.\n")
    expect(await files.list("ana")).toMatchObject([
      {
        content: "Has a diagnosis",
        type: "semantic",
        sessionId: "chat-1",
        expiresAt: Date.parse(expirationDate),
        saidAt: Date.parse("2026-01-02T10:04:05.678Z")
      }
    ])
    expect(await files.list("bo")).toEqual([])
    expect(await files.list("bo", "--agent", "coder")).toMatchObject([{ content: "Likes tea" }])
  })

  it("is mixed where that is asked for", async () => {
    await using files = await withFiles({ "mem0.json": { results: rows } })
    expect((await files.run("import", "mem0.json", "--merge-scopes", "--user", "all")).code).toBe(0)
    expect(await files.list("all")).toHaveLength(2)
  })

  it("leaves out what was deleted, and takes procedures as such", async () => {
    const deleted = hosted("d", "ana", "Gone", { event: "DELETE" })
    const procedure = hosted("p", "ana", "Answer in short", { memoryType: "procedural_memory" })
    await using files = await withFiles({ "mem0.json": [deleted, procedure] })
    expect((await files.run("import", "mem0.json", "--user", "ana")).out).toContain("left out: 1.")
    expect(await files.list("ana")).toMatchObject([{ content: "Answer in short", type: "procedural" }])
  })

  it.each([
    [{ deletedAt: "2026-01-01T00:00:00Z" }, "deletedAt"],
    [{ is_deleted: true }, "is_deleted"],
    [{ org_id: "acme" }, "org_id"],
    [{ validUntil: "2026-01-01" }, "validUntil"],
    [{ status: "archived" }, "status"],
    [{ expirationDate: "soon" }, "expirationDate"],
    [{ createdAt: "yesterday" }, "createdAt"],
    [{ owner: "bo" }, "owner"],
    [{ user_id: "bo" }, "userId"],
    [{ userId: "a/b" }, "scope"],
    [{ metadata: "text" }, "metadata"],
    [{ memory: "" }, "memory"],
    [{ memory: " " }, "content"]
  ])("refuses the row by name for %j", async (change, field) => {
    const good = Array.from({ length: 10 }, (_, i) => hosted(`g${i}`, "ana", `Fact ${i}`))
    await using files = await withFiles({ "mem0.json": [...good, hosted("x", "ana", "Odd", change)] })
    const { code, err } = await files.run("import", "mem0.json", "--keep-scopes")
    expect(code).toBe(2)
    expect(err).toContain("entry 11")
    expect(err).toContain(field)
    expect(err).toContain("Nothing was imported")
    expect(await files.list("ana")).toEqual([])
  })
})

describe("OpenMemory's backup", () => {
  const row = (id: string, content: string, more: object = {}) => ({
    id,
    user_id: "9c1d7c4e-0000-4000-8000-000000000001",
    app_id: "9c1d7c4e-0000-4000-8000-000000000002",
    content,
    metadata: { topic: "drinks" },
    state: "active",
    created_at: "2026-01-02T03:04:05+00:00",
    updated_at: "2026-01-02T03:04:05+00:00",
    archived_at: null,
    deleted_at: null,
    category_ids: [],
    ...more
  })
  const backup = {
    user: { id: "9c1d7c4e-0000-4000-8000-000000000001", user_id: "ana", name: null, email: null },
    apps: [{ id: "9c1d7c4e-0000-4000-8000-000000000002", owner_id: "x", name: "cursor", is_active: true }],
    categories: [],
    memories: [
      row("1", "Likes tea"),
      row("2", "Was deleted", { state: "deleted", deleted_at: "2026-02-01T00:00:00+00:00" }),
      row("3", "Is archived", { state: "archived" }),
      row("4", "Is paused", { state: "paused" }),
      row("5", "Was deleted too", { deleted_at: "2026-02-01T00:00:00+00:00" })
    ],
    status_history: [],
    access_controls: [],
    export_meta: { version: "1" }
  }

  it("keeps the user and the app, and what was deleted stays so", async () => {
    await using files = await withFiles({ "memories.json": JSON.stringify(backup, null, 2) })
    expect((await files.run("import", "memories.json", "--keep-scopes")).out).toContain(
      "Deleted, archived or paused there, left out: 4."
    )
    expect(await files.list("ana", "--agent", "cursor")).toMatchObject([
      { content: "Likes tea", key: "openmemory:1", metadata: { topic: "drinks" } }
    ])
  })

  it("is read as lines too", async () => {
    const lines = [
      {
        id: "1",
        content: "Likes tea",
        metadata: {},
        created_at: null,
        updated_at: null,
        state: "active",
        app: "cursor",
        categories: ["x"]
      },
      {
        id: "2",
        content: "Gone",
        metadata: {},
        created_at: null,
        updated_at: null,
        state: "deleted",
        app: null,
        categories: []
      }
    ]
    await using files = await withFiles({
      "memories.jsonl": lines.map((line) => JSON.stringify(line)).join("\n")
    })
    expect((await files.run("import", "memories.jsonl", "--user", "ana")).code).toBe(0)
    expect((await files.list("ana")).map(({ content }) => content)).toEqual(["Likes tea"])
  })

  it("refuses a state that it does not know, and a packed file by what it is", async () => {
    await using files = await withFiles({
      "memories.json": { ...backup, memories: [row("1", "Odd", { state: "locked" })] },
      "export.zip": "PK\u0003\u0004zip"
    })
    expect((await files.run("import", "memories.json")).err).toMatch(/entry 1 has the state "locked"/u)
    expect((await files.run("import", "export.zip")).err).toMatch(/zip archive; unpack it/u)
  })
})

describe("one bad row", () => {
  it("of 1,000 refuses the file by its name: a user id that cannot be one", async () => {
    const rows = Array.from({ length: 1_000 }, (_, i) =>
      hosted(String(i), i === 899 ? "../x" : "ana", `Fact ${i}`)
    )
    await using files = await withFiles({ "mem0.json": rows })
    const { code, err } = await files.run("import", "mem0.json", "--keep-scopes")
    expect(code).toBe(2)
    expect(err).toMatch(/entry 900: scope/u)
    expect(await files.list("ana", "--all")).toEqual([])
  })
})

describe("a row that is imported again", () => {
  const key = { id: "a", user_id: "ana" }
  const oslo = { ...key, memory: "Lives in Oslo", created_at: "2026-01-01T00:00:00Z" }
  const bergen = {
    ...key,
    memory: "Lives in Bergen",
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-03-01T00:00:00Z"
  }
  const tromso = {
    ...key,
    memory: "Lives in Tromsø",
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-05-01T00:00:00Z"
  }

  it("with a newer date and other text supersedes the old one; older ones change nothing", async () => {
    await using files = await withFiles({ "1.json": [oslo], "2.json": [bergen], "3.json": [tromso] })
    const counts = async (file: string) =>
      JSON.parse((await files.run("import", file, "--user", "ana", "--json")).out) as Record<string, number>
    expect(await counts("1.json")).toMatchObject({ created: 1 })
    expect(await counts("1.json")).toMatchObject({ created: 0, known: 1 })
    expect(await counts("3.json")).toMatchObject({ superseded: 1, conflicting: 0 })
    expect(await counts("3.json")).toMatchObject({ superseded: 0, known: 1 })
    expect(await counts("2.json")).toMatchObject({ superseded: 0, conflicting: 1 })
    expect(await counts("1.json")).toMatchObject({ known: 1 })
    expect((await files.list("ana")).map(({ content }) => content)).toEqual(["Lives in Tromsø"])
    const history = await files.list("ana", "--closed")
    expect(history.map(({ content, validity }) => [content, validity.at(-1)?.to])).toEqual([
      ["Lives in Oslo", Date.UTC(2026, 4, 1)],
      ["Lives in Tromsø", null]
    ])
  })

  it("in one file is settled in the file's order", async () => {
    await using files = await withFiles({ "all.json": [oslo, bergen, tromso, tromso] })
    expect(JSON.parse((await files.run("import", "all.json", "--user", "ana", "--json")).out)).toMatchObject({
      created: 1,
      superseded: 2,
      known: 1
    })
    expect((await files.list("ana")).map(({ content }) => content)).toEqual(["Lives in Tromsø"])
  })

  it("supersedes in Keepsake's own export too", async () => {
    await using files = await withFiles({})
    const say = async (store: string, text: string, at: string) =>
      files.run("remember", text, "--key", "home", "--said-at", at, "--store", store)
    await say("file:./a.db", "Lives in Oslo", "2026-01-01T00:00:00Z")
    await say("file:./b.db", "Lives in Bergen", "2026-02-01T00:00:00Z")
    await files.run("export", "--out", "b.jsonl", "--store", "file:./b.db")
    for (const expected of [{ superseded: 1 }, { superseded: 0, known: 1 }]) {
      const { out } = await files.run("import", "b.jsonl", "--store", "file:./a.db", "--json")
      expect(JSON.parse(out)).toMatchObject(expected)
    }
    expect((await files.list("me", "--store", "file:./a.db")).map(({ content }) => content)).toEqual([
      "Lives in Bergen"
    ])
  })
})

describe("--dry-run", () => {
  it("shows for whom what would be done, and changes nothing", async () => {
    await using files = await withFiles({
      "mem0.json": [
        hosted("a", "ana", "Likes tea"),
        hosted("b", "bo", "Likes mate"),
        hosted("c", "bo", "Gone", { event: "DELETE" })
      ]
    })
    const plan = await files.run("import", "mem0.json", "--keep-scopes", "--dry-run")
    expect(plan.out).toBe(
      "mem0, 3 rows. Nothing was changed.\nFor ana: would create 1.\nFor bo: would create 1.\n" +
        "For me: would create 0. Deleted, archived or paused there, left out: 1.\n"
    )
    expect(await files.list("ana")).toEqual([])
    await files.run("import", "mem0.json", "--keep-scopes")
    const again = await files.run("import", "mem0.json", "--keep-scopes", "--dry-run", "--json")
    expect(JSON.parse(again.out)).toMatchObject({
      dryRun: true,
      format: "mem0",
      rows: 3,
      created: 0,
      known: 2,
      inactive: 1
    })
  })
})

describe("Markdown and text", () => {
  const RULES = `---
name: x
---
# Project

<!-- for editors
- no rule -->
## Testing

- Run \`pnpm test\` before each commit.
  Never skip it.
- Fix flaky tests:
  - find the cause
  - no retries

Before a release, do:

1. update the changelog
2. tag it

### Style
Write plain English.
In short sentences.

\`\`\`sh
# not a heading
pnpm format
\`\`\`

---
## Later
* Ask first.
`

  it.each(["CLAUDE.md", "AGENTS.md"])("%s gives pinned procedures, one for each rule", async (name) => {
    await using files = await withFiles({ [name]: RULES })
    expect((await files.run("import", name)).out).toBe(`Imported 5 from ${name}.\n`)
    const rows = await files.list("me")
    expect(new Set(rows.map(({ content }) => content))).toEqual(
      new Set([
        "Testing: Run `pnpm test` before each commit.\nNever skip it.",
        "Testing: Fix flaky tests:\n- find the cause\n- no retries",
        "Testing: Before a release, do:\n- update the changelog\n- tag it",
        "Testing / Style: Write plain English.\nIn short sentences.\n```sh\n# not a heading\npnpm format\n```",
        "Later: Ask first."
      ])
    )
    for (const row of rows)
      expect(row).toMatchObject({ type: "procedural", pinned: true, metadata: { file: name } })
    expect((await files.run("import", name)).out).toContain("Known already, unchanged: 5")
  })

  it("other Markdown and text give facts", async () => {
    await using files = await withFiles({
      "notes.md": "# Ana\n\n- Likes tea\n- Lives in Oslo\n",
      "notes.txt": "First line\nof one note.\n\n\nAnother note.\n",
      notes: "Bo likes mate.\n"
    })
    await files.run("import", "notes.md")
    await files.run("import", "notes.txt")
    expect((await files.run("import", "notes")).err).toMatch(/not JSON.*--text markdown/u)
    expect((await files.run("import", "notes", "--text", "text")).code).toBe(0)
    const rows = await files.list("me")
    expect(new Set(rows.map(({ content }) => content))).toEqual(
      new Set(["Likes tea", "Lives in Oslo", "First line\nof one note.", "Another note.", "Bo likes mate."])
    )
    for (const row of rows) expect(row).toMatchObject({ type: "semantic", pinned: false })
  })
})

describe("JSON without memories", () => {
  it.each(['{"hello":1}', '{\n  "hello": {}\n}', '{"results":{}}', '"text"', "7", "[7]"])(
    "%s is said to be that, and not to be truncated",
    async (text) => {
      await using files = await withFiles({ "x.json": text })
      const { code, err } = await files.run("import", "x.json")
      expect(code).toBe(2)
      expect(err).toMatch(/JSON without memories|is not an object/u)
      expect(err).not.toMatch(/truncated|cut short/u)
    }
  )
})

describe("an import of many", () => {
  it("goes through standard input, and leaves no file of it behind", async () => {
    await using files = await withFiles({})
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("keepsake-import-"))
    const input = Array.from({ length: 1_000 }, (_, i) => JSON.stringify({ content: `Fact ${i}` })).join("\n")
    expect(await keepsakeProcess(files.path, ["import", "-"], { input })).toMatchObject({
      code: 0,
      out: "Imported 1000 from standard input.\n"
    })
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("keepsake-import-"))).toEqual(before)
  })

  it("keeps links between its batches", async () => {
    await using files = await withFiles({})
    {
      await using memory = await openMemory(`file:${join(files.path, "a.db")}`)
      const ana = memory.for({ userId: "ana" })
      const olds = await ana.rememberMany(Array.from({ length: 300 }, (_, i) => `Old ${i}`))
      await ana.rememberMany(Array.from({ length: 300 }, (_, i) => `Between ${i}`))
      for (const [i, { id }] of olds.entries()) if (id !== null) await ana.supersede(id, `New ${i}`)
    }
    await files.run("export", "--user", "ana", "--store", "file:./a.db", "--out", "a.jsonl")
    expect((await files.run("import", "a.jsonl", "--user", "bo")).code).toBe(0)
    const rows = await files.list("bo", "--closed", "--all")
    const contentById = new Map(rows.map(({ content, id }) => [id, content]))
    const closed = rows.filter(({ supersededBy }) => supersededBy !== null)
    expect(closed).toHaveLength(300)
    for (const { content, supersededBy } of closed)
      expect(contentById.get(supersededBy ?? "")).toBe(content.replace("Old", "New"))
  })

  it.runIf(process.env["KEEPSAKE_LARGE"] === "1")(
    "streams a file of more than 512 MB",
    async () => {
      await using files = await withFiles({})
      const path = join(files.path, "large.jsonl")
      const out = createWriteStream(path)
      const metadata = { filler: "x".repeat(16_000) }
      for (let i = 0; i < 34_000; i++) {
        const line = `${JSON.stringify({ content: `Fact ${i}`, metadata })}\n`
        if (!out.write(line)) await new Promise<void>((resolve) => void out.once("drain", () => resolve()))
      }
      await new Promise<void>((resolve) => void out.end(() => resolve()))
      expect(existsSync(path)).toBe(true)
      const result = await keepsakeProcess(files.path, [
        "import",
        "large.jsonl",
        "--store",
        "memory:",
        "--dry-run"
      ])
      expect(result).toMatchObject({ code: 0, out: expect.stringContaining("would create 34000") as string })
    },
    600_000
  )
})
