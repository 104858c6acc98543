import { assert, describe, it } from "@effect/vitest"
import { Embedder, type EmbedderProvider, StoreFingerprint } from "@keepsake/core"
import { Effect, Fiber } from "effect"

/** Counts what it is asked, and answers with the text's length and its first letter. */
const provider = (over: Partial<EmbedderProvider> = {}) => {
  const calls: Array<ReadonlyArray<string>> = []
  const embed: EmbedderProvider["embed"] = (texts) => {
    calls.push(texts)
    return texts.map((text) => [text.length, text.codePointAt(0) ?? 0, 1])
  }
  return { calls, provider: { model: "lengths", dimensions: 3, embed, ...over } }
}

const embed = (texts: ReadonlyArray<string>, purpose: "document" | "query" = "document") =>
  Effect.flatMap(Embedder, (embedder) => embedder.embed(texts, purpose))

const failure = (over: Partial<EmbedderProvider>) =>
  Effect.map(
    Effect.flip(Effect.provide(embed(["a"]), Embedder.layer(provider(over).provider))),
    ({ reason }) => reason
  )

describe("Embedder", () => {
  it.effect("gives unit vectors in the order asked, each text embedded once", () => {
    const { calls, provider: lengths } = provider({ batch: 2 })
    return Effect.gen(function* () {
      const vectors = yield* embed(["bb", "a", "bb", "ccc"])
      assert.strictEqual(vectors.length, 4)
      assert.deepStrictEqual(vectors[0], vectors[2])
      for (const vector of vectors) assert.approximately(Math.hypot(...(vector ?? [])), 1, 1e-6)
      assert.deepStrictEqual(calls, [["bb", "a"], ["ccc"]])
      yield* embed(["a", "dd"])
      assert.deepStrictEqual(calls.at(-1), ["dd"])
      yield* embed(["a"], "query")
      assert.deepStrictEqual(calls.at(-1), ["a"])
    }).pipe(Effect.provide(Embedder.layer(lengths)))
  })

  it.effect("forgets the least recently used vector first", () => {
    const { calls, provider: lengths } = provider()
    return Effect.gen(function* () {
      yield* embed(["a", "b"])
      yield* embed(["a"])
      yield* embed(["c"])
      yield* embed(["a"])
      assert.strictEqual(calls.length, 2)
      yield* embed(["b"])
      assert.deepStrictEqual(calls.at(-1), ["b"])
    }).pipe(Effect.provide(Embedder.layer(lengths, { cache: 2 })))
  })

  it.effect("asks once for a question that several ask at the same moment, and again after a failure", () => {
    const asked: Array<ReadonlyArray<string>> = []
    let isDown = true
    const slow = provider({
      embed: async (texts) => {
        asked.push(texts)
        await Promise.resolve()
        if (isDown) throw new Error("down")
        return texts.map((text) => [text.length, 1, 1])
      }
    }).provider
    return Effect.gen(function* () {
      const askThrice = Effect.all(
        ["a", "a", "b"].map((text) => Effect.result(embed([text], "query"))),
        { concurrency: "unbounded" }
      )
      const failed = yield* askThrice
      assert.deepStrictEqual(
        failed.map(({ _tag }) => _tag),
        ["Failure", "Failure", "Failure"]
      )
      assert.deepStrictEqual(asked, [["a"], ["b"]])
      isDown = false
      const [first, second] = yield* askThrice
      assert.deepStrictEqual(first, second)
      assert.deepStrictEqual(asked.slice(2), [["a"], ["b"]])
    }).pipe(Effect.provide(Embedder.layer(slow)))
  })

  it.effect("embeds a question for those who wait when the first who asked was interrupted", () => {
    let calls = 0
    const stuckOnce = provider({
      embed: async (texts) => {
        calls += 1
        if (calls === 1) await new Promise(() => {})
        return texts.map((text) => [text.length, 1, 1])
      }
    }).provider
    return Effect.gen(function* () {
      const first = yield* Effect.forkChild(embed(["a"], "query"), { startImmediately: true })
      const second = yield* Effect.forkChild(embed(["a"], "query"), { startImmediately: true })
      yield* Fiber.interrupt(first)
      assert.lengthOf(yield* Fiber.join(second), 1)
      assert.strictEqual(calls, 2)
    }).pipe(Effect.provide(Embedder.layer(stuckOnce)))
  })

  it.effect("names the store's fingerprint", () =>
    Effect.gen(function* () {
      assert.deepInclude((yield* StoreFingerprint).embedding, { model: "lengths", dimensions: 3 })
    }).pipe(Effect.provide(Embedder.layer(provider().provider)))
  )

  it.effect("refuses a vector of another space, and says whether a retry can help", () =>
    Effect.gen(function* () {
      const bad: ReadonlyArray<readonly [Partial<EmbedderProvider>, RegExp, boolean]> = [
        [{ embed: () => [[1, 2]] }, /2 dimensions instead of 3/u, false],
        [{ embed: () => [[0, 0, 0]] }, /zero/u, false],
        [{ embed: () => [[1, Number.NaN, 0]] }, /not finite/u, false],
        [{ embed: () => [] }, /0 vectors for 1 texts/u, false],
        [{ embed: () => Promise.reject(new Error("socket hang up")) }, /socket hang up/u, true],
        [
          { embed: () => Promise.reject(Object.assign(new Error("bad key"), { isRetryable: false })) },
          /bad key/u,
          false
        ]
      ]
      for (const [over, message, isRetryable] of bad) {
        const reason = yield* failure(over)
        assert.strictEqual(reason._tag, "EmbedderFailed")
        assert.match(reason.message, message)
        assert.strictEqual(reason.isRetryable, isRetryable)
      }
      assert.strictEqual((yield* failure({ dimensions: 0 }))._tag, "InvalidInput")
      assert.strictEqual((yield* failure({ model: " " }))._tag, "InvalidInput")
    })
  )

  it.effect("names the problem, as far as the provider or the vectors show it", () =>
    Effect.gen(function* () {
      const rejects = (fields: object) => ({
        embed: () => Promise.reject(Object.assign(new Error("down"), fields))
      })
      const cases: ReadonlyArray<readonly [Partial<EmbedderProvider>, string | undefined]> = [
        [rejects({ problem: "unauthorized" }), "unauthorized"],
        [rejects({ problem: "tired" }), undefined],
        [rejects({}), undefined],
        [{ embed: () => [[1, 2]] }, "wrongDimensions"],
        [{ embed: () => [[0, 0, 0]] }, undefined]
      ]
      for (const [over, problem] of cases) {
        const reason = yield* failure(over)
        assert.strictEqual(reason._tag === "EmbedderFailed" ? reason.problem : "no", problem)
      }
    })
  )
})
