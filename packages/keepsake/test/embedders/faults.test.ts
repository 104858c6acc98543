/** Services that answer as the real ones do when something is wrong. */
import { assert, describe, expect, it } from "vitest"
import { inMemoryData, InMemoryStore } from "@keepsake/core"
import { fromAiSdk, type KeepsakeConfig, ollama, openAiCompatible, openMemory } from "../../src/index.ts"
import { toSpaceName } from "../../src/embedders/prefixes.ts"
import { readPrefixes } from "../../src/embedders/prefixes.ts"
import { type Answer, embed, failWith, service, serveVectors } from "../support/embeddingService.ts"

const always = (answer: Answer): ReadonlyArray<Answer> => Array.from({ length: 500 }, () => answer)

/** Answers as `refusal` where a request is one that `refuses` names. */
const refuse = (
  refuses: (input: ReadonlyArray<string>, body: Readonly<Record<string, unknown>>) => boolean,
  refusal: Answer,
  answer: Answer = serveVectors
): ReadonlyArray<Answer> =>
  always((request, response) =>
    (refuses(request.body.input, request.body) ? refusal : answer)(request, response)
  )

const open = async (baseUrl: string, options: Partial<KeepsakeConfig> = {}) =>
  openMemory({
    store: "memory:",
    embedder: { provider: "openai-compatible", baseUrl, model: "m", dimensions: 3 },
    ...options
  })

const words = (count: number): string => Array.from({ length: count }, (_, i) => `w${i % 10}x`).join(" ")

describe("a service at a closed port", () => {
  it("costs no memory and no answer, and says so", async () => {
    await using memory = await open("http://127.0.0.1:1/v1", { deadlineMs: 20_000 })
    const ana = memory.for({ userId: "ana" })
    await ana.remember("Invoice INV-2291 is paid")
    const before = performance.now()
    const found = await ana.recall("INV-2291")
    expect(performance.now() - before).toBeLessThan(10_000)
    expect(found.map(({ memory: { content } }) => content)).toEqual(["Invoice INV-2291 is paid"])
    expect(found.degraded).toMatchObject([{ reason: "EmbedderFailed" }])
    expect(await ana.stats()).toMatchObject({ total: 1, owed: 1 })
  })

  it("refuses where the application says so", async () => {
    await using memory = await open("http://127.0.0.1:1/v1", { whenEmbedderFails: "refuse" })
    await expect(memory.for({ userId: "ana" }).remember("tea")).rejects.toMatchObject({
      reason: { _tag: "EmbedderFailed" }
    })
    await expect(open("http://127.0.0.1:1/v1", { whenEmbedderFails: "never" as never })).rejects.toThrow(
      /whenEmbedderFails/u
    )
    await expect(open("http://127.0.0.1:1/v1", { deadlineMs: 0 })).rejects.toThrow(/deadlineMs/u)
  })
})

describe("a text that a model cannot embed", () => {
  it.each<[string, Answer]>([
    ["500 with NaN", failWith(500, '{"error":{"message":"unsupported value: NaN"}}')],
    ["an empty body", failWith(500, "")],
    [
      "a zero vector",
      ({ body }, response) =>
        response.end(
          JSON.stringify({
            data: body.input.map((text, index) => ({
              index,
              embedding: text.includes("Eiffel") ? [0, 0, 0] : [text.length, 1, 0]
            }))
          })
        )
    ],
    [
      "null",
      ({ body }, response) =>
        response.end(
          JSON.stringify({
            data: body.input.map((text, index) => ({
              index,
              embedding: text.includes("Eiffel") ? null : [text.length, 1, 0]
            }))
          })
        )
    ],
    [
      "an empty vector",
      ({ body }, response) =>
        response.end(
          JSON.stringify({
            data: body.input.map((text, index) => ({
              index,
              embedding: text.includes("Eiffel") ? [] : [text.length, 1, 0]
            }))
          })
        )
    ]
  ])("costs no other text its vector: %s", async (_, answer) => {
    await using server = await service(
      ...refuse((input) => input.some((text) => text.includes("Eiffel")), answer)
    )
    await using memory = await open(server.baseUrl)
    const ana = memory.for({ userId: "ana" })
    const notes = Array.from({ length: 20 }, (__, i) => `Note ${i} about ${i === 7 ? "Eiffel" : "ships"}`)
    expect((await ana.rememberMany(notes)).every(({ outcome }) => outcome === "created")).toBe(true)
    expect(await ana.stats()).toMatchObject({ total: 20, owed: 0 })
    const found = await ana.recall("notes about ships", { limit: 20, minScore: 0 })
    expect(found.degraded).toBeNull()
    expect(found.filter(({ similarity }) => similarity === null)).toHaveLength(1)
    expect((await ana.recall("Eiffel"))[0]?.memory.content).toBe("Note 7 about Eiffel")
  })
})

describe("limits of a service", () => {
  it.each([
    [32, 413, "batch size 100 > maximum allowed batch size 32"],
    [10, 400, '{"error":{"message":"batch size is invalid, it should not be larger than 10"}}'],
    [64, 422, '{"error":{"message":"inputs must have less than 64 items"}}']
  ])("%i texts a request (%i) are learnt", async (most, status, message) => {
    await using server = await service(...refuse((input) => input.length > most, failWith(status, message)))
    const provider = await openAiCompatible({ baseUrl: server.baseUrl, model: "m", dimensions: 3 })
    const texts = Array.from({ length: 100 }, (_, i) => `text number ${i}`)
    expect(await embed(provider, texts)).toHaveLength(100)
    const before = server.requests.length
    await embed(provider, texts)
    const sizes = server.requests.slice(before).map(({ body }) => body.input.length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(most)
    expect(sizes.reduce((a, b) => a + b)).toBe(100)
  })

  it.each([
    [500, "input is too large to process. increase the physical batch size"],
    [400, "This model's maximum context length is 512 tokens"],
    [413, ""]
  ])("a text beyond the model's is clipped (%i), and later ones at once", async (status, message) => {
    await using server = await service(
      ...refuse((input) => input.some((text) => text.length > 700), failWith(status, message))
    )
    const provider = await openAiCompatible({ baseUrl: server.baseUrl, model: "m", dimensions: 3 })
    expect(await embed(provider, [words(350), "short"])).toHaveLength(2)
    const before = server.requests.length
    await embed(provider, [words(351)])
    expect(server.requests).toHaveLength(before + 1)
    const short = await embed(provider, ["x".repeat(600)])
    expect(short[0]?.[0]).toBe(600)
  })

  it("are learnt of a model of the AI SDK too", async () => {
    const sizes: Array<number> = []
    const model = {
      modelId: "mock",
      maxEmbeddingsPerCall: Number.POSITIVE_INFINITY,
      doEmbed: async ({ values }: { readonly values: ReadonlyArray<string> }) => {
        sizes.push(values.length)
        if (values.length > 10)
          throw Object.assign(new Error("too many"), { statusCode: 400, responseBody: "" })
        return { embeddings: values.map((text) => [text.length, 1, 0]) }
      }
    }
    const provider = await fromAiSdk(model, { dimensions: 3 })
    const texts = Array.from({ length: 100 }, (_, i) => `text number ${i}`)
    expect(await embed(provider, texts)).toHaveLength(100)
    const before = sizes.length
    await embed(provider, texts)
    expect(Math.max(...sizes.slice(before))).toBeLessThanOrEqual(10)
  })

  it("that one bad text seems to show are not learnt", async () => {
    await using server = await service(
      ...refuse((input) => input.some((text) => text.includes("bad")), failWith(422, "no"))
    )
    const provider = await openAiCompatible({ baseUrl: server.baseUrl, model: "m", dimensions: 3 })
    const texts = Array.from({ length: 30 }, (_, i) => (i === 11 ? "a bad one" : `text number ${i}`))
    await expect(embed(provider, texts)).rejects.toThrow(/HTTP 422/u)
    const before = server.requests.length
    await embed(
      provider,
      texts.filter((text) => !text.includes("bad"))
    )
    expect(server.requests).toHaveLength(before + 1)
  })
})

describe("a service that asks to wait", () => {
  it("a day: the call fails at once and says when to come back", async () => {
    await using server = await service(...always(failWith(429, "", { "retry-after": "86400" })))
    await using memory = await open(server.baseUrl, { whenEmbedderFails: "refuse" })
    await expect(memory.for({ userId: "ana" }).recall("tea")).rejects.toMatchObject({
      reason: { _tag: "EmbedderFailed", problem: "rateLimited", retryAfterMs: 86_400_000 },
      message: expect.stringMatching(/86400 seconds/u) as string
    })
    expect(server.requests).toHaveLength(1)
  })

  it("is not asked again where the quota is used up", async () => {
    await using server = await service(
      ...always(failWith(429, '{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}'))
    )
    const provider = await openAiCompatible({ baseUrl: server.baseUrl, model: "m", dimensions: 3 })
    await expect(embed(provider, ["a"])).rejects.toMatchObject({ isRetryable: false, problem: "rateLimited" })
    expect(server.requests).toHaveLength(1)
  })
})

describe("dimensions", () => {
  it("are sent whenever the config gives them", async () => {
    await using server = await service()
    await using memory = await openMemory({
      store: "memory:",
      embedder: { provider: "ollama", baseUrl: server.baseUrl, dimensions: 3 }
    })
    await memory.for({ userId: "ana" }).remember("tea")
    expect(server.requests[0]?.body).toMatchObject({ model: "nomic-embed-text", dimensions: 3 })
  })

  it("are cut here where the service refuses the field", async () => {
    await using server = await service(
      ...refuse((_, body) => "dimensions" in body, failWith(400, "unknown field: dimensions"))
    )
    const provider = await openAiCompatible({ baseUrl: server.baseUrl, model: "m", dimensions: 2 })
    expect((await embed(provider, ["tea"]))[0]).toEqual([3, 1])
    await embed(provider, ["coffee"])
    expect(server.requests.map(({ body }) => "dimensions" in body)).toEqual([true, false, false])
  })
})

describe("prefixes", () => {
  it.each([
    ["nomic-embed-text", "search_document: ", "search_query: "],
    ["nomic-ai/nomic-embed-text-v1.5", "search_document: ", "search_query: "],
    ["intfloat/multilingual-e5-small", "passage: ", "query: "],
    ["intfloat/multilingual-e5-large-instruct", "", ""],
    ["BAAI/bge-small-en-v1.5", "", "Represent this sentence for searching relevant passages: "],
    ["bge-m3", "", ""],
    ["mxbai-embed-large", "", "Represent this sentence for searching relevant passages: "],
    ["text-embedding-3-small", "", ""]
  ])("of %s are known", (model, document, query) => {
    expect(readPrefixes({ model })).toEqual({ document, query })
  })

  it("can be set, and belong to the fingerprint", async () => {
    await using server = await service()
    const options = { baseUrl: server.baseUrl, model: "m", dimensions: 3 }
    const provider = await openAiCompatible({ ...options, documentPrefix: "doc: ", queryPrefix: "q: " })
    await embed(provider, ["tea"])
    await embed(provider, ["tea"], "query")
    expect(server.requests.map(({ body }) => body.input)).toEqual([["doc: tea"], ["q: tea"]])
    expect(provider.model).not.toBe((await openAiCompatible(options)).model)
    expect(toSpaceName("m:latest", { document: "", query: "" })).toBe("m")
  })

  it("stay away from a store that was made without them", async () => {
    await using server = await service()
    const data = inMemoryData()
    const store = InMemoryStore.layerOf(data)
    const plain = {
      provider: "ollama",
      model: "nomic-embed-text",
      baseUrl: server.baseUrl,
      dimensions: 3,
      calibration: { mean: 0, spread: 0.1 }
    } as const
    {
      await using before = await openMemory({
        store,
        embedder: { ...plain, documentPrefix: "", queryPrefix: "" }
      })
      await before.for({ userId: "ana" }).remember("tea")
    }
    await using after = await openMemory({ store, embedder: { ...plain, model: "nomic-embed-text:latest" } })
    await after.for({ userId: "ana" }).remember("coffee")
    expect(server.requests.map(({ body }) => body.input)).toEqual([["tea"], ["coffee"]])
    await expect(openMemory({ store, embedder: { ...plain, model: "other" } })).rejects.toMatchObject({
      reason: { _tag: "FingerprintMismatch" }
    })
    const provider = await ollama({ baseUrl: server.baseUrl })
    assert(provider.model !== "nomic-embed-text")
  })
})

describe("a calibration", () => {
  it("that a store recorded holds where the config gives none, and another is refused", async () => {
    await using server = await service()
    const store = InMemoryStore.layerOf(inMemoryData())
    const embedder = { provider: "ollama", model: "m", baseUrl: server.baseUrl, dimensions: 3 } as const
    const score = async (config: KeepsakeConfig["embedder"]): Promise<number> => {
      await using memory = await openMemory({ store, embedder: config })
      const user = memory.for({ userId: "ana" })
      await user.remember({ content: "green tea", key: "tea" })
      const [best] = await user.recall("a cup of tea")
      return best?.score ?? 0
    }
    const measured = { mean: 0.7, spread: 0.05, strength: 0.9 }
    const recorded = await score({ ...embedder, calibration: measured })
    expect(await score(embedder)).toBeCloseTo(recorded, 6)
    expect(await score({ ...embedder, calibration: measured })).toBeCloseTo(recorded, 6)
    await expect(score({ ...embedder, calibration: { mean: 0.1, spread: 0.1 } })).rejects.toMatchObject({
      reason: { _tag: "FingerprintMismatch" }
    })
  })
})
