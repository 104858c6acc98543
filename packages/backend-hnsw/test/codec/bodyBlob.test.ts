import { assert, it } from "@effect/vitest"
import { documentTerms, type Terms } from "@keepsake/core/driver"
import { Body, decodeNames, encodeBody, encodeExtra } from "../../src/codec/bodyBlob.ts"
import { makeRid } from "../../src/codec/memoryRow.ts"
import { direction, makeFingerprint } from "../support/rows.ts"

const RID = makeRid(3, 7)
const ROW = { rid: RID, isSummed: true }
const TERM_SETTINGS = makeFingerprint(1)

const toPassage = (content: string) => ({
  start: 0,
  end: content.length,
  vector: null,
  terms: documentTerms(content)
})

/** The norm has the precision of a float. */
const assertTerms = (actual: Terms, expected: Terms): void => {
  assert.deepStrictEqual(actual, { ...expected, norm: Math.fround(expected.norm) })
}

/** Texts that are hard to find the end of in JSON. */
const awkward = ["", "plain", 'quo"ted', "back\\slash\\", '\\"', '","', "null", "Ærøskøbing 🦊", "a\nb\u0000"]

it("decodeNames agrees with decoding all texts", () => {
  for (const content of awkward.slice(1)) {
    for (const speaker of [null, ...awkward]) {
      for (const sessionId of [null, ...awkward]) {
        for (const key of [null, content]) {
          const texts = { content, speaker, sessionId, metadata: { content: speaker }, key }
          const body = new Body(encodeBody(texts, toPassage(content), ROW, 1024), RID)
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
      const passage = { start: 0, end: 1, vector, terms }
      const body = new Body(encodeBody(texts, passage, ROW, pageSize), RID)
      assertTerms(body.terms(TERM_SETTINGS), terms)
      assert.deepStrictEqual(body.vector, vector)
      assert.deepStrictEqual(body.texts, texts)
    }
  }
})

it("the place of a passage, and the row that it belongs to, survive encoding", () => {
  const content = "the ship leaves at noon and the crew eats late"
  const texts = { content, speaker: null, sessionId: "s", metadata: {}, key: "k" }
  const first = { ...toPassage(content.slice(0, 23)), end: 23, vector: direction(1, 8) }
  const body = new Body(encodeBody(texts, first, ROW, 1024), RID)
  assert.deepStrictEqual([body.place, body.extra], [{ start: 0, end: 23 }, null])
  assert.deepStrictEqual([body.texts, body.vector], [texts, first.vector])
  const second = { ...toPassage(content.slice(24)), start: 24, end: content.length, vector: direction(2, 8) }
  const extra = new Body(encodeExtra(second, { number: 1, owner: 70_000_000 % 2 ** 26 }, RID, 1024), RID)
  assert.deepStrictEqual(extra.extra, { number: 1, owner: 70_000_000 % 2 ** 26 })
  assert.deepStrictEqual(extra.vector, second.vector)
  const { terms, ...rest } = extra.passage(TERM_SETTINGS, content.length)
  assertTerms(terms, second.terms)
  assert.deepStrictEqual(rest, { start: 24, end: content.length, vector: second.vector })
  const whole = new Body(encodeBody(texts, toPassage(content), ROW, 1024), RID)
  assert.isNull(whole.place)
})

it("nothing of a longer body is in the next one", () => {
  const encode = (content: string): Uint8Array =>
    encodeBody(
      { content, speaker: null, sessionId: null, metadata: {}, key: null },
      toPassage(content),
      ROW,
      1024
    )
  const fresh = Uint8Array.from(encode("tea"))
  encode("a secret that is long. ".repeat(100))
  assert.deepStrictEqual(Uint8Array.from(encode("tea")), fresh)
})
