import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync, statSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { Memory } from "@keepsake/core"
import { describe, expect, it } from "vitest"
import { progressLine } from "../../src/cli/output/progress.ts"
import { cleanStyled, hasColours, styled } from "../../src/cli/output/style.ts"
import { textTable, width, wrap } from "../../src/cli/output/text.ts"
import { readArguments } from "../../src/cli/input/readArguments.ts"
import { cleanEnv, keepsake, keepsakeProcess, MAIN, temporaryFolder } from "../support/runKeepsake.ts"

const openFolder = async () => {
  const folder = await temporaryFolder()
  const run = async (...args: ReadonlyArray<string>) => keepsake(folder.path, args)
  const json = async <A>(...args: ReadonlyArray<string>) =>
    JSON.parse((await run(...args, "--json")).out) as A
  return { path: folder.path, run, json, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] }
}

const LONG = Array.from({ length: 60 }, (_, i) => `word${i}`).join(" ")

describe("texts", () => {
  it("are shown whole in a pipe, a memory to a line", async () => {
    await using folder = await openFolder()
    await folder.run("remember", LONG)
    for (const args of [["list"], ["recall", "word7 word8 word9", "--threshold", "0"]]) {
      const { out } = await folder.run(...args)
      expect(out).toContain(LONG)
      expect(out.trimEnd().split("\n")).toHaveLength(2)
    }
  })

  it.each([40, 60, 80, 132])("fit a terminal of %i columns, whole", (total) => {
    const table = textTable(
      {
        columns: [{ title: "ID" }, { title: "SAID" }, { title: "TYPE" }],
        textTitle: "MEMORY",
        rows: [
          {
            cells: ["1a2b3c4d", "11 months ago", "procedural"],
            text: `${LONG} ${"x".repeat(200)} 日本語日本語`
          }
        ]
      },
      total
    )
    const lines = cleanStyled(table, false, (part) => part).split("\n")
    for (const line of lines) expect(width(line)).toBeLessThanOrEqual(total)
    const joined = lines.join(" ").replaceAll(/\s+/gu, "")
    expect(joined).toContain(LONG.replaceAll(" ", ""))
    expect(joined).toContain(`${"x".repeat(200)}日本語日本語`)
  })

  it("wrap in time that grows with their length", () => {
    const started = performance.now()
    wrap(`${"x".repeat(100_000)} ${"y ".repeat(50_000)}`, 80)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it("that begin with a dash are kept, and a word with one dash is refused", async () => {
    await using folder = await openFolder()
    expect((await folder.run("remember", "-what a day", "--pin")).code).toBe(0)
    expect((await folder.run("remember", "--pin", "-- quoted -- text")).code).toBe(0)
    expect((await folder.run("remember", "--speaker", "-Ana K", "Likes tea")).code).toBe(0)
    expect((await folder.run("remember", "--json", "--", "--help")).code).toBe(0)
    const refused = await folder.run("remember", "-what")
    expect(refused).toMatchObject({ code: 2, out: "" })
    expect(refused.err.replaceAll(/\s+/gu, " ")).toContain("after --")
    const rows = await folder.json<ReadonlyArray<Memory>>("list")
    expect(rows.map(({ content, pinned, speaker }) => [content, pinned, speaker])).toEqual(
      expect.arrayContaining([
        ["-what a day", true, null],
        ["-- quoted -- text", true, null],
        ["Likes tea", false, "-Ana K"],
        ["--help", false, null]
      ])
    )
    expect(rows).toHaveLength(4)
  })

  it.each([
    [
      ["recall", "x", "-h"],
      ["recall", "x", "-h"]
    ],
    [
      ["update", "1a2b", "--importance", "-5"],
      ["update", "1a2b", "--importance", "-5"]
    ],
    [
      ["remember", "x", "--meta=a=b c"],
      ["remember", "x", "--meta=a=b c"]
    ],
    [
      ["supersede", "1a2b", "- new text"],
      ["supersede", "1a2b", "--", "- new text"]
    ],
    [
      ["remember", "-"],
      ["remember", "-"]
    ]
  ])("leave the arguments %j to the parser as %j", (args, expected) => {
    expect(readArguments(args)).toMatchObject({ success: expected })
  })
})

describe("--meta", () => {
  it("keeps what would be another number as text", async () => {
    await using folder = await openFolder()
    const meta = [
      "12345678901234567890",
      "1.10",
      "01234",
      "1e3",
      "-0",
      "0.1",
      "-5",
      "7",
      "NaN",
      "true",
      "null"
    ]
    const { code } = await folder.run(
      "remember",
      "The code",
      ...meta.flatMap((value, i) => ["--meta", `k${i}=${value}`])
    )
    expect(code).toBe(0)
    const [row] = await folder.json<ReadonlyArray<Memory>>("list")
    expect(Object.values(row?.metadata ?? {})).toEqual([
      "12345678901234567890",
      "1.10",
      "01234",
      "1e3",
      "-0",
      0.1,
      -5,
      7,
      "NaN",
      true,
      null
    ])
    expect(await folder.json("list", "--meta", "k0=12345678901234567890")).toHaveLength(1)
  })
})

describe("get, update, supersede, context and stats", () => {
  it("work on the beginning of an id, for people and for programs", async () => {
    await using folder = await openFolder()
    const { id } = await folder.json<{ readonly id: string }>(
      "remember",
      "Ana lives in Oslo",
      "--type",
      "semantic"
    )
    const start = id.slice(0, 8)
    const shown = await folder.run("get", start)
    expect(shown.out).toContain(id)
    expect(shown.out.trimEnd().endsWith("\nAna lives in Oslo")).toBe(true)
    expect(await folder.json("get", id)).toMatchObject({ id, content: "Ana lives in Oslo" })

    await folder.run("update", start, "--pin", "--importance", "0.9", "--ttl-days", "5", "--meta", "a=1")
    expect(await folder.json("get", start)).toMatchObject({
      pinned: true,
      importance: 0.9,
      metadata: { a: 1 }
    })
    expect(await folder.json("update", start, "--no-pin", "--forever")).toMatchObject({
      pinned: false,
      expiresAt: null
    })
    expect((await folder.run("update", start, "--forever", "--ttl-days", "3")).code).toBe(2)

    const replaced = await folder.json<{ readonly id: string }>("supersede", start, "Ana lives in Bergen")
    expect(replaced).toMatchObject({ outcome: "created", supersededId: id, closed: true })
    expect(await folder.json("get", replaced.id)).toMatchObject({ type: "semantic" })
    expect((await folder.run("get", start)).out).toContain(`replaced by  ${replaced.id}`)
    expect((await folder.run("context", "Where does Ana live?")).out).toMatch(
      /^<memory[\s\S]*Bergen[\s\S]*<\/memory>\n$/u
    )
    expect(await folder.json("context", "Where does Ana live?", "--budget", "200")).toMatchObject({
      dropped: 0
    })
    expect(await folder.json("stats")).toMatchObject({ total: 1, kept: 2 })
    expect((await folder.run("stats")).out).toContain("1 memory: ")
    const missing = "00000000-0000-5000-8000-000000000000"
    for (const args of [
      ["get", missing],
      ["update", missing, "--pin"],
      ["supersede", missing, "x"]
    ])
      expect((await folder.run(...args)).code).toBe(1)
  })

  it("take over what a repetition gives", async () => {
    await using folder = await openFolder()
    await folder.run("remember", "Likes tea")
    await folder.run("remember", "Likes tea", "--importance", "1", "--pin", "--meta", "a=1")
    await folder.run("remember", "Likes tea")
    expect(await folder.json("list")).toMatchObject([{ importance: 1, pinned: true, metadata: { a: 1 } }])
  })
})

describe("list --newest", () => {
  it("begins with what was said last", async () => {
    await using folder = await openFolder()
    for (const day of ["02", "03", "01"])
      await folder.run("remember", `Day ${day}`, "--said-at", `2026-01-${day}T00:00:00Z`)
    const rows = await folder.json<ReadonlyArray<Memory>>("list", "--newest", "--limit", "2")
    expect(rows.map(({ content }) => content)).toEqual(["Day 03", "Day 02"])
  })
})

describe("recall --json", () => {
  it("says what is missing", async () => {
    await using folder = await openFolder()
    await folder.run("remember", "Likes tea")
    expect(await folder.json("recall", "tea")).toMatchObject({
      recollections: [{ memory: { content: "Likes tea" } }],
      degraded: null
    })
  })
})

describe("wrong usage", () => {
  it.each([["recal"], ["recall", "x", "--limt", "5"], ["remember"], ["list", "--limit", "x"], ["get"]])(
    "%j is said in some lines on standard error, with where the help is",
    async (...args) => {
      await using folder = await openFolder()
      const { code, err, out } = await folder.run(...args)
      expect({ code, out }).toEqual({ code: 2, out: "" })
      expect(err.trimEnd().split("\n").length).toBeLessThanOrEqual(4)
      expect(err).toMatch(/^keepsake: [\s\S]*\nSee keepsake.* --help\n$/u)
      const asJson = await folder.run(...args, "--json")
      expect(JSON.parse(asJson.err)).toMatchObject({ error: { reason: "InvalidInput" } })
    }
  )

  it("and exit codes stand in the help", async () => {
    await using folder = await openFolder()
    for (const args of [["--help"], ["recall", "--help"]])
      expect((await folder.run(...args)).out).toMatch(/EXIT CODES\s+0 done, 1 failed, 2 wrong usage/u)
  })
})

describe("keepsake init", () => {
  it("writes the user's own config and tries it", async () => {
    await using folder = await openFolder()
    const refused = await keepsakeProcess(folder.path, ["init"])
    expect(refused).toMatchObject({ code: 2 })
    expect(refused.err).toContain("--yes")
    const { code, err, out } = await folder.run("init", "--yes", "--embedder", "lexical", "--user", "ana")
    expect({ code, out }).toMatchObject({
      code: 0,
      out: expect.stringContaining("Nothing is wrong.") as string
    })
    const path = join(folder.path, ".keepsake", "config.json")
    expect(err).toContain("config.json")
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      store: `file:${folder.path}/.keepsake/memory.db`,
      embedder: "lexical",
      user: "ana"
    })
    expect(statSync(path).mode & 0o077).toBe(0)
    await folder.run("remember", "Likes tea")
    expect(await folder.json("list", "--user", "ana")).toHaveLength(1)
    expect((await folder.run("init", "--yes")).err).toMatch(/exists\s+already/u)
  })

  it("writes nothing that cannot be read, and says where what was written does not work", async () => {
    await using folder = await openFolder()
    expect((await folder.run("init", "--yes", "--store", "mem:")).code).toBe(2)
    expect(existsSync(join(folder.path, ".keepsake"))).toBe(false)
    const broken = await folder.run("init", "--yes", "--store", "postgres://ana:Pl4nted@127.0.0.1:1/d")
    expect(broken.code).toBe(3)
    expect(broken.out + broken.err).not.toContain("Pl4nted")
  })
})

describe("doctor", () => {
  it("run three times at once raises no false alarm", async () => {
    await using folder = await openFolder()
    await folder.run("remember", "Likes tea")
    const results = await Promise.all(
      Array.from({ length: 3 }, async () => keepsakeProcess(folder.path, ["doctor", "--json"]))
    )
    for (const { code, out } of results) {
      expect(code).toBe(0)
      expect(
        (JSON.parse(out) as ReadonlyArray<{ status: string }>).filter(({ status }) => status === "fault")
      ).toEqual([])
    }
    expect((await folder.run("export", "--everyone")).out).not.toContain("canary")
  })
})

describe("a damaged memory", () => {
  it("is named by the doctor, and taken out and listed by repair, after which the rest serves", async () => {
    await using folder = await temporaryFolder()
    const store = ["--store", "file:./memory.db"]
    const run = (...args: ReadonlyArray<string>) => keepsake(folder.path, [...args, ...store])
    await run("remember", "Ana likes tea")
    await run("remember", "Ana likes harbours")
    const db = new DatabaseSync(join(folder.path, "memory.db"))
    db.exec("UPDATE memory SET said_at = said_at + 1 WHERE rid = (SELECT min(rid) FROM memory)")
    db.close()
    const { code, out } = await run("doctor", "--json")
    expect(code).toBe(3)
    const findings = JSON.parse(out) as ReadonlyArray<{ readonly check: string; readonly detail: string }>
    expect(findings.find(({ check }) => check === "memories")?.detail).toMatch(
      /1 memory of \S+ damaged: row \d+ \([0-9a-f-]+\) of default\/me/u
    )
    expect((await run("backup", "--out", "before.db")).code).toBe(0)
    const repaired = JSON.parse((await run("repair", "--json")).out) as {
      readonly lost: ReadonlyArray<string>
    }
    expect(repaired.lost).toHaveLength(1)
    expect((await run("doctor")).code).toBe(0)
    expect((await run("list")).out).toContain("Ana likes harbours")
  })
})

describe("export --json", () => {
  it("tells a program what was written", async () => {
    await using folder = await openFolder()
    await folder.run("remember", "Likes tea")
    expect(await folder.json("export", "--out", "a.jsonl")).toEqual({ exported: 1, file: "a.jsonl" })
  })
})

describe("progress", () => {
  it("has rate and time left, within the terminal", () => {
    expect(progressLine("Copying", 1_200, 5_000, 2_000, 79)).toBe(
      "Copying [######..................] 24% 1200/5000 600/s 6 s left"
    )
    expect(progressLine("Copying", 3, 1_000, 60_000, 79)).toContain("0.1/s 6 h left")
    expect(progressLine("Exporting", 1_200, null, 2_000, 79)).toBe("Exporting 1200 600/s")
    for (const done of [0, 1, 4_999, 5_000])
      expect(progressLine("Embedding", done, 5_000, 5_000, 39).length).toBeLessThanOrEqual(39)
  })

  it("is silent where there is no terminal", async () => {
    await using folder = await openFolder()
    const lines = Array.from({ length: 3_000 }, (_, i) => JSON.stringify({ content: `Fact ${i}` }))
    await writeFile(join(folder.path, "x.jsonl"), lines.join("\n"))
    for (const args of [
      ["import", "x.jsonl"],
      ["copy", "--from", `file:${folder.path}/.keepsake/memory.db`, "--to", "file:./b.db"],
      ["reembed", "--to", "lexical"]
    ])
      expect(await folder.run(...args)).toMatchObject({ code: 0, err: "" })
  })
})

describe("Ctrl-C", () => {
  it("leaves an import that goes on when it is run again, and says so", async () => {
    await using folder = await openFolder()
    const lines = Array.from({ length: 8_000 }, (_, i) => JSON.stringify({ content: `Fact ${i} of ${LONG}` }))
    await writeFile(join(folder.path, "x.jsonl"), lines.join("\n"))
    const child = spawn(process.execPath, [MAIN, "import", "x.jsonl"], {
      cwd: folder.path,
      env: cleanEnv(folder.path)
    })
    let err = ""
    child.stderr.on("data", (part: Buffer) => (err += part.toString()))
    const exited = once(child, "close")
    const store = join(folder.path, ".keepsake", "memory.db-wal")
    while (child.exitCode === null && (!existsSync(store) || statSync(store).size < 200_000))
      await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill("SIGINT")
    expect(await exited).toEqual([130, null])
    expect(err).toContain("run the same command again to continue")
    const { total } = await folder.json<{ readonly total: number }>("stats")
    expect(total).toBeGreaterThan(0)
    const counts = await folder.json<{ created: number; known: number }>("import", "x.jsonl")
    expect(counts.known).toBe(total)
    expect(counts.created + counts.known).toBe(8_000)
  })
})

describe("colours", () => {
  it("are for terminals, and not where NO_COLOR is set", () => {
    expect(hasColours({ isTTY: true }, {})).toBe(true)
    expect(hasColours({ isTTY: true }, { NO_COLOR: "" })).toBe(true)
    expect(hasColours({ isTTY: true }, { NO_COLOR: "1" })).toBe(false)
    expect(hasColours({ isTTY: true }, { TERM: "dumb" })).toBe(false)
    expect(hasColours({}, {})).toBe(false)
    const text = `${styled("red", "FAULT")} \u001b[8mhidden\u001b[0m`
    const clean = (part: string) => part.replaceAll("\u001b", "")
    expect(cleanStyled(text, true, clean)).toBe("\u001b[31mFAULT\u001b[0m [8mhidden\u001b[0m")
    expect(cleanStyled(text, false, clean)).toBe("FAULT [8mhidden")
  })
})
