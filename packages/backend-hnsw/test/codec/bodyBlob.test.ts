import { assert, it } from "@effect/vitest"
import { documentTerms } from "@keepsake/core/driver"
import { Body, encodeBody, decodeNames } from "../../src/codec/bodyBlob.ts"
import { direction } from "../support/rows.ts"

/** Texts that are hard to find the end of in JSON. */
const awkward = ["", "plain", 'quo"ted', "back\\slash\\", '\\"', '","', "null", "Ærøskøbing 🦊", "a\nb\u0000"]

it("decodeNames agrees with decoding all texts", () => {
  for (const content of awkward.slice(1)) {
    for (const speaker of [null, ...awkward]) {
      for (const sessionId of [null, ...awkward]) {
        for (const key of [null, content]) {
          const texts = { content, speaker, sessionId, metadata: { content: speaker }, key }
          const body = new Body(encodeBody(texts, documentTerms(content), null, 1024))
          assert.deepStrictEqual(decodeNames(body.namesKey), { speaker, sessionId })
          assert.deepStrictEqual(body.texts, texts)
        }
      }
    }
  }
})

it("terms, vector and texts survive encoding", () => {
  const terms = documentTerms("the quick brown fox jumps over the lazy dog")
  for (const pageSize of [1024, 2048]) {
    // Lengths around the end of a page, then far beyond.
    for (let dimensions = 1; dimensions < 2_000; dimensions += dimensions < 600 ? 1 : 97) {
      const vector = direction(7, dimensions)
      const texts = { content: "x", speaker: null, sessionId: null, metadata: {}, key: null }
      const body = new Body(encodeBody(texts, terms, vector, pageSize))
      assert.deepStrictEqual(body.terms, terms)
      assert.deepStrictEqual(body.vector, vector)
      assert.deepStrictEqual(body.texts, texts)
    }
  }
})
