import { assert, describe, it } from "@effect/vitest"
import type { QdrantOptions } from "@keepsake/backend-qdrant"
import { Effect } from "effect"
import { flipError, openStore } from "./support/openStore.ts"

const ADDRESS = "http://localhost:6333"

const REFUSED: ReadonlyArray<readonly [name: string, options: QdrantOptions, message: RegExp]> = [
  ["no URL", { url: "localhost" }, /url: is not a URL; write it like/u],
  ["another protocol", { url: "grpc://localhost:6334" }, /url: must start with http/u],
  ["a path in the URL", { url: `${ADDRESS}/qdrant` }, /prefix: "\/qdrant"/u],
  ["a query in the URL", { url: `${ADDRESS}/?a=b` }, /must end after host and port/u],
  ["a password in the URL", { url: "http://a:b@localhost:6333" }, /give the key as apiKey/u],
  ["a prefix without its slash", { url: ADDRESS, prefix: "qdrant" }, /prefix: must start with/u],
  ["an invalid collection name", { url: ADDRESS, collection: "a/b" }, /collection: use up to 200 letters/u],
  ["no concurrency", { url: ADDRESS, concurrency: 0 }, /concurrency: must be a whole number/u],
  ["an invalid timeout", { url: ADDRESS, timeoutMs: Number.NaN }, /timeoutMs: must be/u]
]

describe("options are refused without a request:", () => {
  for (const [name, options, message] of REFUSED) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const error = yield* flipError(Effect.scoped(openStore(options)))
        assert.strictEqual(error.reason._tag, "InvalidInput")
        assert.match(error.message, message)
      })
    )
  }
})
