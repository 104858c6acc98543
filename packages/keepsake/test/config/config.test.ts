import { writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import type { HnswOptions } from "@keepsake/backend-hnsw"
import type { PgVectorOptions } from "@keepsake/backend-pgvector"
import type { QdrantOptions } from "@keepsake/backend-qdrant"
import { InMemoryStore, type MemoryClient, MemoryError } from "@keepsake/core"
import { Effect, Redacted } from "effect"
import { describe, expect, it } from "vitest"
import { readSettings } from "../../src/config/readSettings.ts"
import { parseStoreUrl } from "../../src/config/storeUrl/parseStoreUrl.ts"
import type { HnswConfig, KeepsakeConfig, PgVectorConfig, QdrantConfig } from "../../src/index.ts"
import { lexical, openMemory, redactSecrets } from "../../src/index.ts"
import { temporaryFolder } from "../support/runKeepsake.ts"

// The config of a backend must fit the backend's options.
;({}) as Omit<HnswConfig, "backend"> satisfies HnswOptions
void ((config: Omit<PgVectorConfig, "backend">): PgVectorOptions => ({
  ...config,
  url: Redacted.make(config.url),
  readUrl: config.readUrl === undefined ? undefined : Redacted.make(config.readUrl)
}))
type Server = Extract<QdrantOptions, { url: string }>
type Layout = NonNullable<Server["layout"]>
void ((
  key: Exclude<keyof QdrantConfig, "backend">
): keyof Server | keyof Layout | keyof NonNullable<Layout["memory"]> => key)

const refusal = async (config: unknown): Promise<MemoryError> => {
  try {
    await using memory = await openMemory(config as KeepsakeConfig)
    return memory as never
  } catch (error) {
    if (error instanceof MemoryError) return error
    throw error
  }
}

describe("openMemory", () => {
  it.each([
    ["memory:"],
    [{ store: "memory:" }],
    [{ store: { backend: "memory" } }],
    [{ store: InMemoryStore.layer }],
    [{ store: "memory:", embedder: "lexical" }],
    [{ store: "memory:", embedder: { provider: "lexical", dimensions: 128 } }],
    [{ store: "memory:", embedder: lexical() }],
    [{ store: "memory:", embedder: Promise.resolve(lexical()) }],
    [{ store: "memory:", embedder: "none" }]
  ] satisfies ReadonlyArray<readonly [string | KeepsakeConfig]>)("opens %j and recalls", async (config) => {
    await using memory = await openMemory(config)
    const ana = memory.for({ userId: "ana" })
    await ana.remember("I'm building a SaaS for freight logistics")
    const [first] = await ana.recall("freight logistics SaaS", { minScore: 0 })
    expect(first?.memory.content).toContain("freight")
    expect(await memory.for({ userId: "bo" }).recall("freight logistics SaaS", { minScore: 0 })).toEqual([])
  })

  it("refuses a second argument, which a program without types may give", async () => {
    const untyped = openMemory as (...args: ReadonlyArray<unknown>) => Promise<unknown>
    await expect(untyped("memory:", { beforeWrite: () => "dropped" })).rejects.toMatchObject({
      reason: { _tag: "InvalidInput", field: "config" }
    })
    const memory = (await untyped("memory:", undefined)) as MemoryClient
    await memory.close()
  })

  it("puts a hook before everything that is kept", async () => {
    await using memory = await openMemory({
      store: "memory:",
      beforeWrite: (candidate) =>
        candidate.source === "tool" ? "dropped" : { ...candidate, content: redactSecrets(candidate.content) },
      beforeWriteTimeoutMs: 1_000
    })
    const ana = memory.for({ userId: "ana" })
    await ana.remember({ content: "from a tool", source: "tool" })
    await ana.remember(`The token is ghp_${"Ab1".repeat(12)}`)
    const { rows } = await ana.list()
    expect(rows.map(({ content }) => content)).toEqual(["The token is [redacted: token]"])
    const bad = await refusal({ store: "memory:", beforeWrite: "redactSecrets" })
    expect(bad.reason).toMatchObject({ _tag: "InvalidInput", field: "beforeWrite" })
  })

  it("keeps a file's memories for the next process", async () => {
    await using folder = await temporaryFolder()
    const store = `file:${join(folder.path, "new folder", "memory.db")}`
    {
      await using memory = await openMemory(store)
      await memory.for({ userId: "ana" }).remember("Ana likes tea")
    }
    await using again = await openMemory({ store })
    expect((await again.for({ userId: "ana" }).list()).rows.map((row) => row.content)).toEqual([
      "Ana likes tea"
    ])
  })

  it.each([
    ["mem:x", /scheme "mem:"/u],
    ["postgress://localhost/db", /Did you mean "postgres"/u],
    ["http://localhost:6333", /qdrant\+http/u],
    ["./memory.db", /file:\.\/memory\.db/u],
    ["", /file:\.\/memory\.db/u],
    ["file:", /names no file/u],
    ["file:./memory.db?readonly=true", /Did you mean "readOnly"/u],
    ["file:./memory.db?mode=rw", /mode is ro or rwc here; a store that may be written is created/u],
    ["file:./memory.db?mode=memory", /write memory:/u],
    ["qdrant+http://:50%@h", /stray %/u],
    ["file:./memory.db?readOnly=1", /readOnly is true or false/u],
    [{ store: { backend: "hnsw", path: "x", readonly: true } }, /Did you mean "readOnly"/u],
    [{ store: { backend: "qdrant", url: "x", accessCounts: "no" } }, /give true or false/u],
    ["file://relative/x.db", /absolute/u],
    ["qdrant+http://", /complete URL/u],
    ["qdrant+http://a,", /complete URL/u],
    ["qdrant+http://h?colection=x", /Did you mean "collection"/u],
    ["qdrant+http://h?retries=many", /retries.*whole number/u],
    ["qdrant+http://h?readConsistency=most", /readConsistency/u],
    [undefined, /give a URL/u],
    [{}, /store: is missing/u],
    [{ stroe: "memory:" }, /config\.stroe: .*Did you mean "store"/u],
    [{ store: "memory:", embeder: "lexical" }, /Did you mean "embedder"/u],
    [{ store: { backend: "qdrnt", url: "x" } }, /Did you mean "qdrant"/u],
    [{ store: { type: "qdrant", url: "x" } }, /"type" was probably meant to be "backend"/u],
    [{ store: { backend: "pgvector", ulr: "x" } }, /store\.ulr: .*Did you mean "url"/u],
    [{ store: { backend: "pgvector", url: 5 } }, /store\.url: give a text/u],
    [{ store: "memory:", embedder: "opnai:x" }, /Did you mean "openai"/u],
    [{ store: "memory:", embedder: "openai:" }, /names no model/u],
    [{ store: "memory:", embedder: "transformers" }, /which model/u],
    [{ store: "memory:", embedder: "http://localhost:1" }, /#MODEL/u],
    [{ store: "memory:", embedder: { provider: "openai", modle: "x" } }, /Did you mean "model"/u],
    [{ store: "memory:", embedder: { provider: "openai-compatible", model: "x" } }, /embedder\.baseUrl/u],
    [
      { store: "memory:", embedder: { provider: "lexical", dimensions: -1 } },
      /-1 is not a whole number from 1/u
    ],
    [
      { store: "memory:", embedder: { provider: "ollama", calibration: { mean: 0, spred: 1 } } },
      /embedder\.calibration\.spred: .*Did you mean "spread"/u
    ],
    [{ store: "memory:", reranker: "coher:x" }, /Did you mean "cohere"/u],
    [{ store: "memory:", reranker: "cohere:" }, /names nothing after/u],
    [{ store: "memory:", reranker: "tei:8080" }, /Write tei:http/u],
    [{ store: "memory:", reranker: "transformers" }, /which model/u],
    [{ store: "memory:", reranker: { provider: "tei", url: "x" } }, /reranker\.url/u],
    [
      { store: "memory:", reranker: { provider: "cohere", calibration: { bias: 0, weight: 0 } } },
      /reranker\.calibration\.weight: give a number above 0/u
    ],
    [{ store: "memory:", reranker: { provider: "voyage", timeoutMs: 0 } }, /reranker\.timeoutMs/u],
    [{ store: "memory:", reranker: 7 }, /reranker: give/u],
    [{ store: { backend: "constructor" } }, /Known: memory/u],
    [{ store: "memory:", embedder: 7 }, /embedder: give/u]
  ])("refuses %j and says what to do", async (config, message) => {
    const error = await refusal(config)
    expect(error.reason._tag).toBe("InvalidInput")
    expect(error.message).toMatch(message)
  })

  it("never repeats a password in a message", async () => {
    for (const url of [
      "postgres://ana:hunter2@",
      "qdrant+http://:hunter2@",
      "mysql://ana:hunter2@localhost/db"
    ]) {
      expect((await refusal(url)).message).not.toContain("hunter2")
    }
  })

  it("opens a file read-only, and without counts, as its URL or its options say", async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, "memory.db")
    {
      await using memory = await openMemory(`file:${path}?accessCounts=false`)
      expect(memory.admin.mode).toEqual({ readOnly: false, accessCounts: false })
      await memory.for({ userId: "ana" }).remember("Ana likes tea")
    }
    for (const store of [`file:${path}?readOnly=true`, { backend: "hnsw", path, readOnly: true }] as const) {
      await using memory = await openMemory({ store })
      const ana = memory.for({ userId: "ana" })
      expect((await ana.recall("tea", { minScore: 0 })).map((found) => found.memory.content)).toEqual([
        "Ana likes tea"
      ])
      await expect(ana.remember("more")).rejects.toThrow("opened read-only")
    }
  })

  it.each([
    ["file:./what?.db", { backend: "hnsw", path: "./what?.db" }],
    [
      "file:./m.db?accessCounts=false&readOnly=true",
      { backend: "hnsw", path: "./m.db", accessCounts: false, readOnly: true }
    ],
    [
      "postgres://localhost/db?sslmode=require&readOnly=true",
      { backend: "pgvector", url: "postgres://localhost/db?sslmode=require", readOnly: true }
    ],
    [
      `postgres://localhost/db?readUrl=${encodeURIComponent("postgres://standby/db?sslmode=require")}`,
      {
        backend: "pgvector",
        url: "postgres://localhost/db",
        readUrl: "postgres://standby/db?sslmode=require"
      }
    ],
    [
      "postgres://localhost/db?accessCounts=true",
      { backend: "pgvector", url: "postgres://localhost/db", accessCounts: true }
    ],
    [
      "qdrant+http://localhost:6333?readOnly=true",
      { backend: "qdrant", url: "http://localhost:6333", readOnly: true }
    ],
    ["memory:?accessCounts=false", { backend: "memory", accessCounts: false }]
  ])("reads %s", async (url, config) => {
    expect(await Effect.runPromise(parseStoreUrl(url))).toEqual(config)
  })

  it("refuses two embedders of different spaces on one store", async () => {
    await using folder = await temporaryFolder()
    const store = `file:${join(folder.path, "memory.db")}`
    await (await openMemory({ store, embedder: lexical({ dimensions: 128 }) })).close()
    const error = await refusal({ store, embedder: lexical({ dimensions: 256 }) })
    expect(error.reason._tag).toBe("FingerprintMismatch")
    expect(error.message).toContain("keepsake reembed")
  })

  it("names the package that an embedder needs", async () => {
    const error = await refusal({ store: "memory:", embedder: "transformers:Xenova/all-MiniLM-L6-v2" })
    expect(error.message).toContain("npm install @huggingface/transformers")
  })
})

describe("store URLs", () => {
  it.each([
    ["file:~/a.db", { backend: "hnsw", path: `${homedir()}/a.db` }],
    ["file:./~/a.db", { backend: "hnsw", path: "./~/a.db" }],
    ["file:./a.db", { backend: "hnsw", path: "./a.db" }],
    ["file:///tmp/a%20b.db", { backend: "hnsw", path: "/tmp/a b.db" }],
    ["FILE:a.db", { backend: "hnsw", path: "a.db" }],
    ["postgres://u:p@h:5432/d", { backend: "pgvector", url: "postgres://u:p@h:5432/d" }],
    ["qdrant+https://h:6333", { backend: "qdrant", url: "https://h:6333" }],
    ["qdrant+https://h:443", { backend: "qdrant", url: "https://h:443" }],
    ["qdrant+https://:key@h:443/", { backend: "qdrant", url: "https://h:443", apiKey: "key" }],
    ["qdrant+http://h:80", { backend: "qdrant", url: "http://h:80" }],
    ["qdrant+http://[::1]:80", { backend: "qdrant", url: "http://[::1]:80" }],
    ["qdrant+https://h", { backend: "qdrant", url: "https://h" }],
    ["qdrant+http://h:6333/qdrant", { backend: "qdrant", url: "http://h:6333/qdrant" }],
    [
      "qdrant+http://:key@a:6333,b,[::1]:80?collection=memories&replicationFactor=2&readOnly=true",
      {
        backend: "qdrant",
        url: "http://a:6333,http://b,http://[::1]:80",
        apiKey: "key",
        collection: "memories",
        replicationFactor: 2,
        readOnly: true
      }
    ],
    [
      "qdrant+http://h?readConsistency=quorum&writeOrdering=medium&quantization=int8&vectors=cold&shardKeys=12",
      {
        backend: "qdrant",
        url: "http://h",
        readConsistency: "quorum",
        writeOrdering: "medium",
        quantization: "int8",
        vectors: "cold",
        shardKeys: 12
      }
    ],
    ["qdrant+http://:443@h", { backend: "qdrant", url: "http://h", apiKey: "443" }],
    ["file:m.db?mode=ro", { backend: "hnsw", path: "m.db", readOnly: true }],
    ["file:m.db?mode=rwc", { backend: "hnsw", path: "m.db" }],
    ["qdrant+http://:k%2Fey@h:6333", { backend: "qdrant", url: "http://h:6333", apiKey: "k/ey" }]
  ])("%s", async (url, config) => {
    expect(await Effect.runPromise(parseStoreUrl(url))).toEqual(config)
  })
})

describe("settings", () => {
  const read = async (flags: Parameters<typeof readSettings>[0], env: Record<string, string> = {}) =>
    Effect.runPromise(readSettings(flags, env))

  it("takes the time zone of the environment, else the file's, else this machine's", async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, "keepsake.json")
    await writeFile(file, JSON.stringify({ store: "memory:", timeZone: "Asia/Tokyo" }))
    const readZones = async (flags: Parameters<typeof read>[0], env: Record<string, string> = {}) => {
      const { config, timeZone } = await read(flags, env)
      return [config.timeZone, timeZone]
    }
    const machine = new Intl.DateTimeFormat().resolvedOptions().timeZone
    expect(await readZones({ config: file })).toEqual(["Asia/Tokyo", "Asia/Tokyo"])
    expect(await readZones({ config: file }, { KEEPSAKE_TIME_ZONE: "Europe/Paris" })).toEqual([
      "Europe/Paris",
      "Europe/Paris"
    ])
    expect(await readZones({ store: "memory:" }, { HOME: folder.path })).toEqual([machine, undefined])
    await using memory = await openMemory({ store: "memory:", timeZone: "Europe/Paris" })
    expect(memory.for({ userId: "ana" }).timeZone).toBe("Europe/Paris")
    expect((await refusal({ store: "memory:", timeZone: "Mars/Olympus" })).message).toMatch(
      /^timeZone: "Mars\/Olympus" is no time zone/u
    )
  })

  it("prefers flags to the environment, and the environment to the file", async () => {
    await using folder = await temporaryFolder()
    const config = join(folder.path, "keepsake.json")
    await writeFile(
      config,
      JSON.stringify({ store: "file:./in-file.db", user: "from-file", agent: "from-file" })
    )
    const settings = await read(
      { config, user: "from-flag" },
      { KEEPSAKE_USER: "from-env", KEEPSAKE_AGENT: "from-env" }
    )
    expect(settings.config.store).toBe("file:./in-file.db")
    expect(settings.scope).toEqual({ userId: "from-flag", agentId: "from-env" })
  })

  it.each([
    ["{", /not JSON/u],
    ["[]", /not an object/u],
    ['{"stor":"memory:"}', /Did you mean "store"/u],
    ['{"store":"memory:","user":5}', /user: give a text/u]
  ])("refuses the file %s", async (text, message) => {
    await using folder = await temporaryFolder()
    const config = join(folder.path, "keepsake.json")
    await writeFile(config, text)
    await expect(read({ config })).rejects.toThrow(message)
  })

  it("refuses a file that does not exist, and one that is not UTF-8", async () => {
    await using folder = await temporaryFolder()
    await expect(read({ config: join(folder.path, "none.json") })).rejects.toThrow(/does not exist/u)
    const latin1 = join(folder.path, "latin1.json")
    await writeFile(latin1, Buffer.from('{"user":"Jos\xe9"}', "latin1"))
    await expect(read({ config: latin1 })).rejects.toThrow(/not UTF-8/u)
  })
})
