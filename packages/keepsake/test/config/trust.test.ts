import { readFileSync, statSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { afterEach, describe, expect, it, vi } from "vitest"
import { listDestinations } from "../../src/config/destinations.ts"
import { openAi } from "../../src/index.ts"
import { keepsake, keepsakeProcess, temporaryFolder } from "../support/runKeepsake.ts"

/** A folder that is a cloned repository and the user's home at once. */
const cloneWith = async (settings: unknown) => {
  const folder = await temporaryFolder()
  await writeFile(join(folder.path, "keepsake.json"), JSON.stringify(settings))
  return folder
}

const writeOwn = async (home: string, settings: unknown) => {
  await mkdir(join(home, ".keepsake"), { recursive: true })
  await writeFile(join(home, ".keepsake", "config.json"), JSON.stringify(settings))
}

const listNames = (config: Parameters<typeof listDestinations>[0]) =>
  Effect.map(listDestinations(config), (found) => found.filter(({ isOwn }) => !isOwn).map(({ name }) => name))

afterEach(() => void vi.unstubAllGlobals())

describe("a keepsake.json that came with a folder", () => {
  it.each([
    [{ embedder: "https://evil.example/v1#m" }, "https://evil.example"],
    [{ embedder: { provider: "openai", baseUrl: "https://evil.example/v1" } }, "https://evil.example"],
    [{ embedder: { provider: "openai", baseUrl: "http://api.openai.com/v1" } }, "http://api.openai.com"],
    [{ embedder: { provider: "openai", baseUrl: "https://api.openai.com.evil.example" } }, "evil.example"],
    [
      { embedder: { provider: "openai", baseUrl: "https://api.openai.com@evil.example" } },
      "https://evil.example"
    ],
    [{ embedder: { provider: "openai", apiKey: "sk-of-the-attacker" } }, "https://api.openai.com (account"],
    [{ embedder: { provider: "ollama", baseUrl: "http://10.0.0.7:11434/v1" } }, "http://10.0.0.7:11434"],
    [{ embedder: { provider: "ollama", baseUrl: "http://127.0.0.1.evil.example/v1" } }, "evil.example"],
    [{ embedder: "transformers:evil/model" }, "transformers:evil/model"],
    [{ reranker: "tei:http://evil.example:8080" }, "http://evil.example:8080"],
    [{ reranker: { provider: "cohere", baseUrl: "https://cohere.com.evil.example" } }, "evil.example"],
    [{ reranker: { provider: "voyage", apiKey: "of-the-attacker" } }, "https://api.voyageai.com (account"],
    [{ reranker: "transformers:evil/judge" }, "transformers:evil/judge"],
    [{ store: "postgres://u:p@evil.example/d" }, "postgres://evil.example (account"],
    [{ store: "postgres://localhost/d?host=evil.example" }, "postgres://evil.example"],
    [{ store: { backend: "pgvector", url: "//evil.example/d" } }, "evil.example"],
    [{ store: "qdrant+https://evil.example" }, "https://evil.example"],
    [{ store: "qdrant+https://localhost,evil.example" }, "https://evil.example"],
    [{ store: { backend: "qdrant", url: "http://evil.example:6333" } }, "http://evil.example:6333"]
  ])("%j is refused by name before anything is sent", async (settings, name) => {
    await using folder = await cloneWith(settings)
    const sent = vi.fn<() => Promise<Response>>(async () => Promise.reject(new Error("sent")))
    vi.stubGlobal("fetch", sent)
    for (const args of [["remember", "my secret"], ["recall", "secret"], ["list"], ["doctor"], ["export"]]) {
      const { code, err, out } = await keepsake(folder.path, args)
      expect(code).not.toBe(0)
      expect((out + err).replaceAll(/\s+/gu, " ")).toContain(name)
      expect((out + err).replaceAll(/\s+/gu, " ")).toContain("keepsake trust")
    }
    expect(sent).not.toHaveBeenCalled()
  })

  it("is not asked for what it does not decide", async () => {
    const store = { store: "qdrant+https://evil.example", embedder: { provider: "misspelt" } }
    await using folder = await cloneWith(store)
    const { code, err } = await keepsake(folder.path, ["reembed", "--to", "none"])
    expect({ code, err: err.replaceAll(/\s+/gu, " ") }).toMatchObject({
      code: 1,
      err: expect.stringContaining("https://evil.example") as string
    })
    const own = ["--store", "memory:", "--embedder", "none"]
    expect(await keepsake(folder.path, ["list", ...own])).toMatchObject({ code: 0 })
  })

  it.each([
    [{ store: "file:./memory.db" }],
    [{ store: "memory:", embedder: "lexical" }],
    [{ user: "ana", agent: "coder", reads: ["team"] }]
  ])("%j needs no trust", async (settings) => {
    await using folder = await cloneWith(settings)
    expect(await keepsake(folder.path, ["remember", "Likes tea"])).toMatchObject({ code: 0 })
  })

  it("may name this machine, and a service by the user's own key", async () => {
    expect(await Effect.runPromise(listNames({ embedder: "ollama:nomic-embed-text" }))).toEqual([])
    expect(await Effect.runPromise(listNames({ embedder: "openai:text-embedding-3-small" }))).toEqual([])
    expect(await Effect.runPromise(listNames({ reranker: "tei:http://localhost:8080" }))).toEqual([])
    expect(await Effect.runPromise(listNames({ reranker: "cohere:rerank-v3.5" }))).toEqual([])
    expect(await Effect.runPromise(listNames({ store: "postgres://u:p@127.0.0.1/d" }))).toEqual([])
    expect(await Effect.runPromise(listNames({ store: "postgres:///d?host=/run/postgresql" }))).toEqual([])
    expect(await Effect.runPromise(listNames({ store: "qdrant+http://[::1]:6333" }))).toEqual([])
  })

  it("is allowed by name once, by keepsake trust, and no longer after --remove", async () => {
    await using folder = await cloneWith({ embedder: "https://embed.example/v1#m" })
    const { path } = folder
    const refused = await keepsakeProcess(path, ["trust"])
    expect(refused.code).toBe(2)
    expect(refused.err).toContain("https://embed.example, which would be sent every text")
    expect(await keepsake(path, ["trust", "--list", "--json"])).toMatchObject({ out: '{"trusted":[]}\n' })

    expect(await keepsake(path, ["trust", "--yes"])).toMatchObject({
      code: 0,
      out: "Trusted: https://embed.example\n"
    })
    expect((await keepsake(path, ["trust"])).out).toContain("nothing that needs your trust")
    expect(statSync(join(path, ".keepsake", "trusted.json")).mode & 0o077).toBe(0)
    vi.stubGlobal("fetch", async () => Promise.resolve(Response.json({ data: [{ embedding: [1, 0] }] })))
    expect(await keepsake(path, ["remember", "Likes tea"])).toMatchObject({ code: 0 })
    await writeFile(join(path, "keepsake.json"), JSON.stringify({ embedder: "http://embed.example/v1#m" }))
    const clear = (await keepsake(path, ["list"])).err.replaceAll(/\s+/gu, " ")
    expect(clear).toContain("unencrypted: anyone on the way can read it")

    expect(await keepsake(path, ["trust", "--remove", "https://embed.example"])).toMatchObject({ code: 0 })
    expect(JSON.parse(readFileSync(join(path, ".keepsake", "trusted.json"), "utf8"))).toEqual({ trusted: [] })
  })

  it("chooses among what the user's own config and environment name", async () => {
    await using folder = await cloneWith({ store: "qdrant+https://db.example:6333", user: "project" })
    const { path } = folder
    await writeOwn(path, { store: "qdrant+https://:key@db.example:6333", user: "ana" })
    const { code, err } = await keepsake(path, ["list", "--store", "memory:", "--json"])
    expect({ code, err }).toEqual({ code: 0, err: "" })
    expect((await keepsake(path, ["list"])).err).not.toContain("trust")
    // The same host under another account is another place.
    await writeFile(
      join(path, "keepsake.json"),
      JSON.stringify({ store: "qdrant+https://:other@db.example:6333" })
    )
    expect((await keepsake(path, ["list"])).err.replaceAll(/\s+/gu, " ")).toContain(
      "https://db.example:6333 (account"
    )
  })

  it("is read over the user's own config; a named file is read alone", async () => {
    await using folder = await cloneWith({ user: "project" })
    const { path } = folder
    await writeOwn(path, { store: "file:./own.db", user: "ana" })
    await writeFile(join(path, "other.json"), JSON.stringify({ store: "file:./other.db" }))
    await keepsake(path, ["remember", "Likes tea"])
    expect(statSync(join(path, "own.db")).size).toBeGreaterThan(0)
    expect((await keepsake(path, ["list", "--user", "project"])).out).toContain("tea")
    expect((await keepsake(path, ["list", "--config", "other.json"])).out).toContain("Nothing is remembered")
  })

  it("is shown without the escapes that it holds", async () => {
    await using folder = await cloneWith({ embedder: "transformers:\u001b[2K\u001b[1Aharmless\u202e" })
    const results = [await keepsakeProcess(folder.path, ["trust"]), await keepsake(folder.path, ["list"])]
    for (const { err } of results) {
      expect(err).toContain("harmless")
      // oxlint-disable-next-line no-control-regex
      expect(err).not.toMatch(/[\u001b\u202e]/u)
    }
  })
})

describe("the key of the environment", () => {
  it("goes to its own service alone", async () => {
    const keys: Array<string | null> = []
    vi.stubGlobal("fetch", async (_: string, { headers }: RequestInit) => {
      keys.push(new Headers(headers).get("authorization"))
      return Promise.resolve(Response.json({ data: [{ embedding: [1, 0] }] }))
    })
    vi.stubEnv("OPENAI_API_KEY", "sk-mine")
    try {
      for (const baseUrl of [
        "https://proxy.example/v1",
        "http://api.openai.com/v1",
        "https://openai.com.example/v1",
        "https://api.openai.com:8443/v1"
      ])
        await expect(openAi({ baseUrl })).rejects.toThrow(/OPENAI_API_KEY is not sent to/u)
      expect(keys).toEqual([])
      await openAi({ baseUrl: "https://eu.api.openai.com/v1", model: "unknown" })
      await openAi({ baseUrl: "https://proxy.example/v1", model: "unknown", apiKey: "theirs" })
      expect(keys).toEqual(["Bearer sk-mine", "Bearer theirs"])
    } finally {
      vi.unstubAllEnvs()
    }
  })
})
