import { it as effectIt } from "@effect/vitest"
import type { EmbedderProvider } from "@keepsake/core"
import { MockEmbeddingModelV4 } from "ai/test"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { assert, describe, expect, it, vi } from "vitest"
import { ServiceError } from "../../src/requests/ServiceError.ts"
import { cutByTokens, makeMeter, paced } from "../../src/requests/pace.ts"
import {
  fromAiSdk,
  lexical,
  measureCalibration,
  ollama,
  openAi,
  openAiCompatible,
  openMemory,
  transformers,
  voyage
} from "../../src/index.ts"
import { type Answer, embed, failWith, service, serveVectors, toVector } from "../support/embeddingService.ts"

describe("openAiCompatible", () => {
  it("measures the length once, sends model and key, and keeps the order", async () => {
    await using server = await service()
    const provider = await openAiCompatible({ baseUrl: `${server.baseUrl}/`, model: "m", apiKey: "k" })
    expect(provider.dimensions).toBe(3)
    expect(await embed(provider, ["a", "bbb", "cc"])).toEqual([
      toVector("a"),
      toVector("bbb"),
      toVector("cc")
    ])
    expect(server.requests).toHaveLength(2)
    expect(server.requests[1]).toMatchObject({
      url: "/v1/embeddings",
      authorization: "Bearer k",
      body: { model: "m" }
    })
  })

  it("keeps the parameters of the address at its end", async () => {
    await using server = await service()
    const provider = await openAiCompatible({
      baseUrl: `${server.baseUrl}/deployments/small/?api-version=2026-05-01`,
      model: "m",
      dimensions: 3
    })
    await embed(provider, ["a"])
    expect(server.requests[0]?.url).toBe("/v1/deployments/small/embeddings?api-version=2026-05-01")
  })

  it("sends a key to Azure in Azure's header", async () => {
    const sent: Array<unknown> = []
    vi.stubGlobal("fetch", (url: string, init: { readonly headers: unknown }) => {
      sent.push(url, init.headers)
      return Promise.resolve(Response.json({ data: [{ embedding: [1, 2, 3] }] }))
    })
    const baseUrl = "https://me.openai.azure.com/openai/deployments/small?api-version=2026-05-01"
    await openAiCompatible({ baseUrl, model: "m", apiKey: "k" })
    vi.unstubAllGlobals()
    expect(sent).toEqual([
      "https://me.openai.azure.com/openai/deployments/small/embeddings?api-version=2026-05-01",
      { "content-type": "application/json", "api-key": "k" }
    ])
  })

  it("calls a web page by its name", async () => {
    const page = "<!DOCTYPE html><html><body>Sign in</body></html>"
    await using server = await service(failWith(200, page), failWith(403, page))
    const options = { baseUrl: server.baseUrl, model: "m", dimensions: 3, retries: 0 }
    const provider = await openAiCompatible(options)
    await expect(embed(provider, ["a"])).rejects.toThrow(
      "did not answer with embeddings but with a web page. Check baseUrl."
    )
    await expect(embed(provider, ["a"])).rejects.toThrow("HTTP 403: a web page came. Give an apiKey.")
  })

  it("cuts requests by count (core) and by tokens", async () => {
    await using server = await service()
    await using memory = await openMemory({
      store: "memory:",
      embedder: {
        provider: "openai-compatible",
        baseUrl: server.baseUrl,
        model: "m",
        dimensions: 3,
        calibration: { mean: 0, spread: 0.1 },
        batch: 4,
        batchTokens: 10
      }
    })
    await memory
      .for({ userId: "ana" })
      .rememberMany(["x".repeat(20), "y".repeat(21), "z".repeat(19), "one", "two", "three", "four"])
    const sizes = server.requests.map(({ body }) => body.input.length)
    expect(sizes.reduce((a, b) => a + b)).toBe(7)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4)
    const shared = server.requests.map(({ body }) => body.input).filter((input) => input.length > 1)
    for (const input of shared) {
      expect(input.reduce((sum, text) => sum + Math.ceil(text.length / 4), 0)).toBeLessThanOrEqual(10)
    }
  })

  it("retries after 429 and 503, not after 400", async () => {
    await using server = await service(failWith(429, "", { "retry-after": "0" }), failWith(503, "busy"))
    const provider = await openAiCompatible({ baseUrl: server.baseUrl, model: "m", dimensions: 3 })
    expect(await embed(provider, ["a"])).toEqual([toVector("a")])
    expect(server.requests).toHaveLength(3)

    await using strict = await service(failWith(400, '{"error":{"message":"too long"}}'))
    const other = await openAiCompatible({ baseUrl: strict.baseUrl, model: "m", dimensions: 3 })
    await expect(embed(other, ["a"])).rejects.toThrow(/HTTP 400: too long/u)
    expect(strict.requests).toHaveLength(1)
  })

  it("truncates a text beyond the model's limit", async () => {
    const limited: Answer = (request, response) =>
      request.body.input.some((text) => text.length > 8_000)
        ? failWith(400, '{"error":{"message":"maximum context length is 8192 tokens"}}')(request, response)
        : serveVectors(request, response)
    await using server = await service(...Array.from({ length: 9 }, () => limited))
    const provider = await openAiCompatible({ baseUrl: server.baseUrl, model: "m", dimensions: 3 })
    const short = "a short one beside it"
    const [long, other] = await embed(provider, ["x".repeat(60_000), short])
    expect(long?.[0]).toBe(7_500)
    expect(other?.[0]).toBe(short.length)
    expect(server.requests).toHaveLength(4)
    await using refusing = await service(...Array.from({ length: 20 }, () => failWith(400, "no such model")))
    const wrong = await openAiCompatible({ baseUrl: refusing.baseUrl, model: "m", dimensions: 3 })
    await expect(embed(wrong, ["x".repeat(60_000)])).rejects.toThrow(/HTTP 400: no such model/u)
  })

  it("says what to do about a key, an address and another reply; never repeats the text", async () => {
    const secret = "my secret plan for the weekend"
    const failWithMessage = async (answer: Answer) => {
      await using server = await service(answer)
      const provider = await openAiCompatible({
        baseUrl: server.baseUrl,
        model: "m",
        dimensions: 3,
        retries: 0
      })
      return await embed(provider, [secret]).then(String, (error: Error) => error.message)
    }
    expect(await failWithMessage(failWith(401, ""))).toMatch(/HTTP 401.*apiKey/u)
    expect(await failWithMessage(failWith(404, ""))).toMatch(/baseUrl/u)
    for (const body of ["{}", "<html>"])
      expect(await failWithMessage(failWith(200, body))).toMatch(/did not answer with embeddings/u)
    expect(await failWithMessage(failWith(400, `cannot embed "${secret}"`))).not.toContain("secret")
  })

  it("never repeats a password of its address", async () => {
    const options = { baseUrl: "http://ana:hunter2@127.0.0.1:1/v1", model: "m", dimensions: 3, retries: 0 }
    const error: unknown = await embed(await openAiCompatible(options), ["a"]).catch(
      (cause: unknown) => cause
    )
    expect(String(error)).toContain("127.0.0.1:1/v1/embeddings did not answer")
    expect(String(error)).not.toContain("hunter2")
  })

  it("reports vectors of another length as the embedder's failure, and writes nothing", async () => {
    await using server = await service()
    await using memory = await openMemory({
      store: "memory:",
      embedder: { provider: "openai-compatible", baseUrl: server.baseUrl, model: "m", dimensions: 4 }
    })
    const ana = memory.for({ userId: "ana" })
    await expect(ana.remember("hello")).rejects.toMatchObject({ reason: { _tag: "EmbedderFailed" } })
    expect((await ana.list()).rows).toEqual([])
  })

  it("stops when it is aborted", async () => {
    await using server = await service(() => undefined)
    const provider = await openAiCompatible({ baseUrl: server.baseUrl, model: "m", dimensions: 3 })
    const controller = new AbortController()
    const pending = Promise.resolve(provider.embed(["a"], "document", controller.signal))
    controller.abort()
    await expect(pending).rejects.toThrow(/interrupt|abort/iu)
  })
})

describe("presets", () => {
  it("sends Voyage the purpose, OpenAI the length, and Ollama neither", async () => {
    await using server = await service()
    const { baseUrl } = server
    await embed(await voyage({ baseUrl, apiKey: "k" }), ["a"], "query")
    await embed(await openAi({ baseUrl, apiKey: "k", dimensions: 3 }), ["a"])
    await embed(await ollama({ baseUrl }), ["a"])
    expect(server.requests.map(({ body }) => body)).toEqual([
      { model: "voyage-3.5", input: ["a"], input_type: "query" },
      { model: "text-embedding-3-small", input: ["a"], dimensions: 3 },
      { model: "nomic-embed-text", input: ["search_document: a"] }
    ])
  })

  it("names the variable of a missing key", async () => {
    const apiKey = process.env["VOYAGE_API_KEY"]
    delete process.env["VOYAGE_API_KEY"]
    await expect(voyage()).rejects.toThrow(/VOYAGE_API_KEY/u)
    if (apiKey !== undefined) process.env["VOYAGE_API_KEY"] = apiKey
  })
})

describe("fromAiSdk", () => {
  it("takes any embedding model of the AI SDK", async () => {
    const model = new MockEmbeddingModelV4({
      modelId: "mock",
      maxEmbeddingsPerCall: 2,
      doEmbed: async ({ values }) => ({ embeddings: values.map((text) => [...toVector(text)]), warnings: [] })
    })
    const provider = await fromAiSdk(model)
    expect(provider).toMatchObject({ model: "mock", dimensions: 3, batch: 2 })
    await using memory = await openMemory({ store: "memory:", embedder: fromAiSdk(model) })
    const ana = memory.for({ userId: "ana" })
    await ana.remember("hello there")
    expect((await ana.recall("hello there", { minScore: 0 }))[0]?.explain.parts).toHaveProperty("meaning")
  })

  it("refuses a name, which the AI SDK itself would take", async () => {
    const named = fromAiSdk as unknown as (name: string) => Promise<EmbedderProvider>
    await expect(named("openai/text-embedding-3-small")).rejects.toMatchObject({
      reason: { _tag: "InvalidInput", field: "embedder" }
    })
  })
})

describe("a provider's promise that rejects", () => {
  it("is handled where the store's URL fails first", async () => {
    const unhandled: Array<unknown> = []
    const listener = (cause: unknown) => unhandled.push(cause)
    process.on("unhandledRejection", listener)
    const embedder = () => Promise.reject<EmbedderProvider>(new Error("no key"))
    await expect(openMemory({ store: "files:./m.db", embedder: embedder() })).rejects.toMatchObject({
      reason: { _tag: "InvalidInput", field: "store" }
    })
    await expect(openMemory({ store: "memory:", embedder: embedder() })).rejects.toMatchObject({
      reason: { _tag: "EmbedderFailed" }
    })
    await new Promise((done) => setTimeout(done, 20))
    process.off("unhandledRejection", listener)
    expect(unhandled).toEqual([])
  })
})

describe("lexical", () => {
  const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
    const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
      Array.from(x).reduce((sum, v, i) => sum + v * (y[i] ?? 0), 0)
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
  }

  it("is deterministic, finds other spellings, and has lexical in its name", async () => {
    const provider = lexical()
    expect(provider.model).toContain("lexical")
    const [a, b, c, d] = await embed(provider, [
      "freight logistics",
      "freigth logistic",
      "quarterly revenue",
      "the of and"
    ])
    assert(a && b && c && d)
    expect((await embed(lexical(), ["freight logistics"]))[0]).toEqual(a)
    expect(cosine(a, b)).toBeGreaterThan(0.5)
    expect(Math.abs(cosine(a, c))).toBeLessThan(0.2)
    expect(cosine(d, d)).toBeCloseTo(1)
  })

  it("has a true calibration", async () => {
    const measured = await measureCalibration(lexical())
    const claimed = lexical().calibration
    expect(Math.abs(measured.mean - (claimed?.mean ?? 1))).toBeLessThan(0.03)
    expect(Math.abs(measured.spread - (claimed?.spread ?? 1))).toBeLessThan(0.03)
  })
})

describe("pace", () => {
  it("cuts by tokens, with a long text alone", () => {
    expect(cutByTokens(["a".repeat(8), "b".repeat(8), "c".repeat(400), "d"], 4)).toEqual([
      ["a".repeat(8), "b".repeat(8)],
      ["c".repeat(400)],
      ["d"]
    ])
    expect(cutByTokens([], 4)).toEqual([])
  })

  effectIt.effect("spreads requests over the minute", () =>
    Effect.gen(function* () {
      const meter = makeMeter(60)
      const fiber = yield* Effect.forkChild(Effect.forEach([1, 2, 3], () => meter(1)))
      yield* TestClock.adjust("1999 millis")
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(fiber)
    })
  )

  effectIt.effect("waits as long as the service asks, and retries as often as configured", () =>
    Effect.gen(function* () {
      const count = { calls: 0 }
      const embedOnce = paced(
        async () => {
          count.calls++
          throw new ServiceError("busy", { isRetryable: true, retryAfterMs: 60_000 })
        },
        { retries: 2 }
      )
      const fiber = yield* Effect.forkChild(Effect.flip(embedOnce(["a"], "query")))
      // The request is a real promise, which the test's clock does not move.
      const nextTick = async () => new Promise((resolve) => setImmediate(resolve))
      const waitForCalls = (calls: number) =>
        Effect.promise(async () => {
          while (count.calls < calls) await nextTick()
          // The failure takes a few ticks to reach the schedule, and the schedule the clock.
          for (let i = 0; i < 20; i++) await nextTick()
        })
      yield* waitForCalls(1)
      for (const calls of [2, 3]) {
        // A call before the time that the service named would run here.
        yield* TestClock.adjust("59 seconds")
        assert.strictEqual(count.calls, calls - 1)
        yield* TestClock.adjust("1 seconds")
        yield* waitForCalls(calls)
      }
      yield* Fiber.join(fiber)
      assert.strictEqual(count.calls, 3)
    })
  )
})

// Not a literal in `import()`, as in the source: the package is not a dependency.
const TRANSFORMERS: string = "@huggingface/transformers"
const folder = process.env["KEEPSAKE_TEST_MODEL"]
const installed = await import(TRANSFORMERS).then(
  () => true,
  () => false
)

describe("transformers", () => {
  // Not a dependency (474 MB with its runtime): install it and name a model's folder to run this.
  it.skipIf(folder === undefined || !installed)(
    "embeds with a model from a folder (needs @huggingface/transformers and KEEPSAKE_TEST_MODEL)",
    async () => {
      const files: Array<string> = []
      const provider = await transformers({ model: folder ?? "", onProgress: ({ file }) => files.push(file) })
      expect(provider.dimensions).toBeGreaterThan(0)
      expect(files.length).toBeGreaterThan(0)
      await using memory = await openMemory({ store: "memory:", embedder: provider })
      const ana = memory.for({ userId: "ana" })
      await ana.rememberMany([
        "A kitten was sitting on the mat",
        "Quarterly revenue fell",
        "The ferry leaves at seven"
      ])
      const [first] = await ana.recall("Where is the cat?", { minScore: 0 })
      expect(first?.memory.content).toContain("kitten")
    }
  )
})
