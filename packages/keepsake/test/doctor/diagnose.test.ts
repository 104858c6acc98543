import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { doctorReport } from "../../src/cli/output/doctorReport.ts"
import { width } from "../../src/cli/output/text.ts"
import { diagnose } from "../../src/doctor/diagnose.ts"
import { checkClock, checkNode } from "../../src/doctor/environment.ts"
import { openMemory } from "../../src/index.ts"
import { keepsake, temporaryFolder } from "../support/runKeepsake.ts"

type SettingFlags = Parameters<typeof diagnose>[0]

const look = async (flags: SettingFlags, env: Record<string, string> = {}) =>
  Effect.runPromise(diagnose(flags, env))

const server = async (status: number, body: string) => {
  const http = createServer((_, response) => {
    response.writeHead(status)
    response.end(body)
  })
  http.listen(0, "127.0.0.1")
  await once(http, "listening")
  const { port } = http.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    [Symbol.asyncDispose]: async () => new Promise<void>((resolve) => http.close(() => resolve()))
  }
}

/** An embedding service whose vectors follow from the lengths of the texts. */
const embeddingServer = async () => {
  const http = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk) => (body += chunk))
    request.on("end", () => {
      const { input } = JSON.parse(body) as { readonly input: ReadonlyArray<string> }
      const data = input.map((text, index) => ({ index, embedding: [text.length, 20, -text.length] }))
      response.writeHead(200, { "content-type": "application/json" })
      response.end(JSON.stringify({ data }))
    })
  })
  http.listen(0, "127.0.0.1")
  await once(http, "listening")
  http.unref()
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1`
}

interface Fault {
  readonly name: string
  readonly flags: (folder: string) => Promise<SettingFlags> | SettingFlags
  readonly env?: Record<string, string>
  readonly check: string
  readonly detail: RegExp
  readonly fix: RegExp
}

const file = (folder: string, name = "memory.db") => join(folder, name)

const FAULTS: ReadonlyArray<Fault> = [
  {
    name: "another model behind the name",
    flags: async (folder) => {
      const store = `file:${file(folder, "exchanged.db")}`
      {
        const embedder = { model: "m", dimensions: 3, embed: () => [[1, 2, 3]] }
        await using memory = await openMemory({ store, embedder })
        await memory.for({ userId: "ana" }).remember("Ana likes tea")
      }
      const embedder = {
        provider: "openai-compatible",
        baseUrl: await embeddingServer(),
        model: "m",
        dimensions: 3
      }
      await writeFile(file(folder, "exchanged.json"), JSON.stringify({ store, embedder }))
      return { config: file(folder, "exchanged.json") }
    },
    check: "model",
    detail: /m gives another vector than the store has/u,
    fix: /keepsake reembed --to none/u
  },
  {
    name: "a misspelt variable",
    flags: (folder) => ({ store: `file:${file(folder)}` }),
    env: { KEEPSAKE_STOER: "x" },
    check: "variables",
    detail: /KEEPSAKE_STOER/u,
    fix: /KEEPSAKE_STORE/u
  },
  {
    name: "a config file that is not JSON",
    flags: async (folder) => {
      await writeFile(file(folder, "keepsake.json"), "{")
      return { config: file(folder, "keepsake.json") }
    },
    check: "config",
    detail: /not JSON/u,
    fix: /Correct it/u
  },
  {
    name: "a misspelt key in the config file",
    flags: async (folder) => {
      await writeFile(file(folder, "keepsake.json"), '{"stroe":"memory:"}')
      return { config: file(folder, "keepsake.json") }
    },
    check: "config",
    detail: /Did you mean "store"/u,
    fix: /Correct it/u
  },
  {
    name: "an unknown scheme",
    flags: () => ({ store: "postgress://x" }),
    check: "config",
    detail: /Did you mean "postgres"/u,
    fix: /Correct/u
  },
  {
    name: "an unknown embedder",
    flags: () => ({ store: "memory:", embedder: "opnai" }),
    check: "config",
    detail: /"openai"/u,
    fix: /Correct/u
  },
  {
    name: "a bad user",
    flags: () => ({ store: "memory:", user: "../ana" }),
    check: "user",
    detail: /slashes/u,
    fix: /--user/u
  },
  {
    name: "an embedder that is not running",
    flags: () => ({ store: "memory:", embedder: "http://127.0.0.1:1/v1#m" }),
    check: "embedder",
    detail: /fetch failed/u,
    fix: /Start the service/u
  },
  {
    name: "an embedder without its API key",
    flags: () => ({ store: "memory:", embedder: "voyage:voyage-3.5" }),
    check: "embedder",
    detail: /Set VOYAGE_API_KEY/u,
    fix: /Export the key/u
  },
  {
    name: "a local model without its package",
    flags: () => ({ store: "memory:", embedder: "transformers:Xenova/x" }),
    check: "embedder",
    detail: /npm install/u,
    fix: /Install/u
  },
  {
    name: "a folder where the file should be",
    flags: async (folder) => {
      await mkdir(file(folder))
      return { store: `file:${file(folder)}` }
    },
    check: "store",
    detail: /memory\.db/u,
    fix: /./u
  },
  {
    name: "a file that is not a database",
    flags: async (folder) => {
      await writeFile(file(folder), "this is a letter to my aunt ".repeat(400))
      return { store: `file:${file(folder)}` }
    },
    check: "store",
    detail: /memory\.db/u,
    fix: /Move the file away/u
  },
  {
    name: "a store filled by another embedder",
    flags: async (folder) => {
      await (await openMemory({ store: `file:${file(folder)}`, embedder: "none" })).close()
      return { store: `file:${file(folder)}`, embedder: "lexical" }
    },
    check: "store",
    detail: /no embedder.*lexical/su,
    fix: /keepsake reembed/u
  },
  {
    name: "PostgreSQL that is not running",
    flags: () => ({ store: "postgres://u:hunter2@127.0.0.1:1/d" }),
    check: "store",
    detail: /./u,
    fix: /Start PostgreSQL/u
  },
  {
    name: "Qdrant that is not running",
    flags: () => ({ store: "qdrant+http://127.0.0.1:1" }),
    check: "store",
    detail: /./u,
    fix: /Start Qdrant/u
  },
  {
    name: "a file that others can read",
    flags: async (folder) => {
      await (await openMemory(`file:${file(folder)}`)).close()
      await chmod(file(folder), 0o644)
      return { store: `file:${file(folder)}` }
    },
    check: "permissions",
    detail: /other accounts/u,
    fix: /chmod 600/u
  },
  {
    name: "a memory from the future",
    flags: async (folder) => {
      const memory = await openMemory(`file:${file(folder)}`)
      await memory
        .for({ userId: "ana" })
        .remember({ content: "hello", saidAt: Date.now() + 86_400_000 * 400 })
      await memory.close()
      return { store: `file:${file(folder)}` }
    },
    check: "dates",
    detail: /in the future/u,
    fix: /clock/u
  }
]

describe("doctor", () => {
  it.each(FAULTS)("names $name and its fix", async ({ check, detail, env, fix, flags }) => {
    await using folder = await temporaryFolder()
    const findings = await look(await flags(folder.path), env)
    expect(findings.filter(({ status }) => status !== "ok")).toContainEqual({
      check,
      status: expect.stringMatching(/^(?:fault|warning)$/u) as string,
      detail: expect.stringMatching(detail) as string,
      fix: expect.stringMatching(fix) as string
    })
    expect(JSON.stringify(findings)).not.toContain("hunter2")
    // A path is never wrapped.
    const lines = doctorReport(findings, 80).replaceAll(folder.path, "").split("\n")
    expect(lines.filter((line) => width(line) > 80)).toEqual([])
  })

  const shortVectors = { data: Array.from({ length: 20 }, () => ({ embedding: [1, 2] })) }

  it.each([
    ["refuses the key", 401, "", /API key/u],
    ["knows no such address", 404, "", /Correct baseUrl/u],
    ["limits the rate", 429, "", /requestsPerMinute/u],
    ["is a web page", 200, "<html>", /Correct baseUrl/u],
    ["has shorter vectors", 200, JSON.stringify(shortVectors), /Correct dimensions/u],
    ["fails in another way", 400, "", /Correct embedder/u]
  ])("gives the fix for an embedder that %s", async (_, status, body, fix) => {
    await using http = await server(status, body)
    await using folder = await temporaryFolder()
    const config = file(folder.path, "keepsake.json")
    const service = { provider: "openai-compatible", baseUrl: http.url, model: "m" }
    const embedder = { ...service, dimensions: 3, retries: 0 }
    await writeFile(config, JSON.stringify({ store: "memory:", embedder }))
    expect((await look({ config })).find(({ check }) => check === "embedder")).toMatchObject({
      status: "fault",
      fix: expect.stringMatching(fix) as string
    })
  })

  const judged = (answer: number, other: number) =>
    JSON.stringify([
      { index: 1, score: other },
      { index: 0, score: answer }
    ])

  it.each([
    [
      "judges well",
      200,
      judged(5, -9),
      "ok",
      /127\.0\.0\.1.* gives an answer 0\.62, another text 0\.00/u,
      /^$/u
    ],
    ["knows no difference", 200, judged(0, 0), "warning", /0\.12, another text 0\.12/u, /trained to rerank/u],
    ["refuses the key", 401, "", "fault", /HTTP 401/u, /API key/u],
    ["knows no such address", 404, "", "fault", /HTTP 404/u, /without \/rerank/u],
    ["fails in another way", 400, "", "fault", /HTTP 400/u, /Correct reranker/u]
  ] as const)("names a reranker that %s", async (_, code, body, status, detail, fix) => {
    await using http = await server(code, body)
    await using folder = await temporaryFolder()
    const config = file(folder.path, "keepsake.json")
    const reranker = { provider: "tei", baseUrl: http.url, apiKey: "hunter2" }
    await writeFile(config, JSON.stringify({ store: "memory:", embedder: "none", reranker }))
    expect((await look({ config })).find(({ check }) => check === "reranker")).toEqual({
      check: "reranker",
      status,
      detail: expect.stringMatching(detail) as string,
      fix: expect.stringMatching(fix) as string
    })
  })

  it("names an old Node and a clock that is wrong", () => {
    expect(checkNode("20.11.0")).toMatchObject({
      status: "fault",
      fix: expect.stringContaining("Install Node") as string
    })
    expect(checkNode("22.19.0").status).toBe("ok")
    expect(checkNode("24.0.0").status).toBe("ok")
    expect(checkClock(0)).toMatchObject({ status: "fault", fix: expect.stringContaining("clock") as string })
  })

  it("finds nothing wrong with a good store, leaves no trace, and sets the exit code", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    await keepsake(path, ["remember", "Ana likes tea", "--store", "file:./memory.db"])
    await chmod(join(path, "memory.db"), 0o600)
    const healthy = await keepsake(path, ["doctor", "--store", "file:./memory.db"])
    expect(healthy).toMatchObject({ code: 0 })
    expect(healthy.out).toContain("Nothing is wrong.")
    for (const line of healthy.out.split("\n")) expect(line.length).toBeLessThanOrEqual(80)
    const again = await keepsake(path, ["doctor", "--store", "file:./memory.db", "--json"])
    expect(again.out).toContain("1 memory in 1 scope")
    const mismatched = await keepsake(path, [
      "doctor",
      "--store",
      "file:./memory.db",
      "--embedder",
      "lexical",
      "--json"
    ])
    expect(mismatched.code).toBe(3)
    expect(JSON.parse(mismatched.out)).toContainEqual(
      expect.objectContaining({ check: "store", status: "fault" })
    )
  })

  it("writes nothing to a store that it opens read-only", async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    await keepsake(path, ["remember", "Ana likes tea", "--store", "file:./memory.db"])
    const before = [await readdir(path), await readFile(file(path))]
    const { out } = await keepsake(path, ["doctor", "--store", "file:./memory.db?readOnly=true"])
    expect(out).toContain("is intact")
    expect([await readdir(path), await readFile(file(path))]).toEqual(before)
  })

  it("says what --erase is for", async () => {
    await using folder = await temporaryFolder()
    const result = await keepsake(folder.path, ["doctor", "--erase"])
    expect(result.code).toBe(1)
    expect(result.err).toContain("PostgreSQL")
  })
})
