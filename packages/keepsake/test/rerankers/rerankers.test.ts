/** Rerankers that a config names, against services that answer as the real ones do. */
import { Effect } from "effect"
import { afterEach, describe, expect, it, vi } from "vitest"
import type { RerankerConfig } from "../../src/config/RerankerConfig.ts"
import { type KeepsakeConfig, openMemory, type RerankerProvider } from "../../src/index.ts"
import { resolveReranker } from "../../src/rerankers/resolveReranker.ts"
import { failWith } from "../support/embeddingService.ts"
import { FORMS, rerankingService } from "../support/rerankingService.ts"

const provide = async (config: RerankerConfig): Promise<RerankerProvider> =>
  Effect.runPromise(resolveReranker(config))

const rerank = async (provider: RerankerProvider, texts: ReadonlyArray<string>) =>
  provider.rerank({ query: "Who?", texts, signal: new AbortController().signal, deadline: null })

afterEach(() => void vi.unstubAllEnvs())

describe("a service that reranks", () => {
  it.each([
    [
      "cohere",
      { model: "rerank-v3.5", query: "Who?", documents: ["a", "zz", "z"], top_n: 3 },
      [0, 0.5, 0.25],
      undefined
    ],
    [
      "voyage",
      { model: "rerank-2.5", query: "Who?", documents: ["a", "zz", "z"], top_k: 3 },
      [0, 0.5, 0.25],
      undefined
    ],
    [
      "tei",
      { query: "Who?", texts: ["a", "zz", "z"], raw_scores: true, truncate: true },
      [-8, 0, -4],
      { bias: -2, weight: 0.5 }
    ]
  ] as const)("in the form of %s", async (provider, body, scores, calibration) => {
    await using http = await rerankingService(FORMS[provider])
    const reranker = await provide({ provider, baseUrl: http.baseUrl, apiKey: "secret" })
    expect(await rerank(reranker, ["a", "zz", "z"])).toEqual(scores)
    expect(http.requests).toMatchObject([{ url: "/v1/rerank", authorization: "Bearer secret", body }])
    expect(reranker.calibration).toEqual(calibration)
  })

  it("that takes fewer texts at once gets them in parts", async () => {
    const refusal = failWith(
      422,
      '{"error":"batch size 50 > maximum allowed batch size 32","error_type":"Validation"}'
    )
    await using http = await rerankingService(FORMS.tei, refusal)
    const texts = Array.from({ length: 50 }, (_, i) => "z".repeat(i))
    const reranker = await provide({ provider: "tei", baseUrl: http.baseUrl })
    expect(await rerank(reranker, texts)).toEqual(texts.map((_, i) => 4 * i - 8))
    expect(http.requests).toHaveLength(3)
  })

  it.each([
    [
      "gives an error",
      failWith(400, '{"message":"model not found; key secret"}'),
      /HTTP 400.*model not found; key …/u
    ],
    ["repeats a text", failWith(400, '{"message":"cannot judge: my own words"}'), /^HTTP 400\.$/u],
    ["refuses the key", failWith(401, "{}"), /HTTP 401.*Check the apiKey/u],
    ["is a web page", failWith(200, "<!doctype html>"), /did not answer with scores but with a web page/u],
    ["answers in another form", failWith(200, '{"data":[]}'), /did not answer with scores/u],
    ["leaves a text out", failWith(200, '{"results":[]}'), /did not give each text a score/u],
    [
      "gives null for a score",
      failWith(200, '{"results":[{"index":0,"relevance_score":null}]}'),
      /did not answer with scores/u
    ]
  ])("that %s is described without key and texts", async (_, answer, message) => {
    await using http = await rerankingService(answer)
    const reranker = await provide({ provider: "cohere", baseUrl: http.baseUrl, apiKey: "secret" })
    await expect(rerank(reranker, ["my own words"])).rejects.toThrow(message)
  })

  it("without its key or address is refused when the memory is opened", async () => {
    vi.stubEnv("COHERE_API_KEY", "")
    vi.stubEnv("VOYAGE_API_KEY", "")
    const open = async (reranker: KeepsakeConfig["reranker"]) => openMemory({ store: "memory:", reranker })
    await expect(open("cohere")).rejects.toMatchObject({
      reason: { _tag: "RerankerFailed", problem: "apiKeyMissing", isRetryable: false }
    })
    await expect(open("voyage:rerank-2.5")).rejects.toThrow(/Set VOYAGE_API_KEY/u)
    await expect(open({ provider: "tei" })).rejects.toThrow(/reranker\.baseUrl: is missing/u)
    await expect(open("transformers:Xenova/x")).rejects.toThrow(/npm install @huggingface\/transformers/u)
  })

  it("gets the key of the environment at its own address alone", async () => {
    vi.stubEnv("COHERE_API_KEY", "of-the-environment")
    await using http = await rerankingService(FORMS.cohere)
    await rerank(await provide({ provider: "cohere", baseUrl: http.baseUrl }), ["a"])
    expect(http.requests[0]?.authorization).toBeUndefined()
  })
})

const TEXTS = ["Cleo drinks tea", "The tea is zzzz cold", "Ana sells tea"]

const open = async (config: Partial<KeepsakeConfig>) => {
  const memory = await openMemory({ store: "memory:", embedder: "none", ...config })
  const ana = memory.for({ userId: "ana" })
  await ana.rememberMany(TEXTS)
  return { ana, [Symbol.asyncDispose]: async () => memory.close() }
}

describe("openMemory with a reranker", () => {
  it("recalls what a service finds relevant first", async () => {
    await using http = await rerankingService(FORMS.tei)
    await using memory = await open({ reranker: `tei:${http.baseUrl}` })
    const found = await memory.ana.recall("Who drinks tea?", { minScore: 0 })
    expect(found[0]?.memory.content).toBe(TEXTS[1])
    expect(found[0]?.explain.parts["rerank"]).toBeGreaterThan(0)
    expect(found.degraded).toBeNull()
    expect(http.requests).toMatchObject([{ body: { query: "Who drinks tea?" } }])
  })

  it("takes a provider of the application", async () => {
    const rerank: RerankerProvider["rerank"] = ({ texts }) =>
      texts.map((text) => Number(text.includes("zzzz")))
    await using memory = await open({ reranker: { model: "own", rerank } })
    expect((await memory.ana.recall("tea"))[0]?.memory.content).toBe(TEXTS[1])
  })

  it("answers without one that fails, and says so without its secrets", async () => {
    await using http = await rerankingService(failWith(401, '{"message":"bad key hunter2"}'))
    await using plain = await open({})
    const without = await plain.ana.recall("Who drinks tea?")
    await using memory = await open({
      reranker: { provider: "cohere", baseUrl: http.baseUrl, apiKey: "hunter2" }
    })
    const found = await memory.ana.recall("Who drinks tea?")
    expect(found.map(({ memory: { content } }) => content)).toEqual(
      without.map(({ memory: { content } }) => content)
    )
    expect(found.degraded).toMatchObject([{ reason: "RerankerFailed" }])
    expect(found.degraded?.[0]?.message).toMatch(/Answered without the reranker: .*HTTP 401/u)
    expect(found.degraded?.[0]?.message).not.toContain("hunter2")
  })

  it("waits for one no longer than it says", async () => {
    await using http = await rerankingService(() => undefined)
    await using memory = await open({
      reranker: { provider: "tei", baseUrl: http.baseUrl, timeoutMs: 20 }
    })
    const found = await memory.ana.recall("Who drinks tea?")
    expect(found.length).toBeGreaterThan(0)
    expect(found.degraded?.[0]?.message).toContain("did not answer within 20 ms")
  })
})
