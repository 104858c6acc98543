import { assert, describe, it } from "@effect/vitest"
import { wasRetryable } from "../../src/runtime/wasRetryable.ts"

describe("wasRetryable", () => {
  it("follows the error, not the default", () => {
    for (const otherwise of [true, false]) {
      assert.isTrue(wasRetryable({ isRetryable: true }, otherwise))
      assert.isFalse(wasRetryable({ isRetryable: false }, otherwise))
      assert.isFalse(wasRetryable({ isRetryable: "yes" }, otherwise))
    }
  })

  it("falls back where the error says nothing", () => {
    for (const silent of [new Error("down"), "down", null, undefined, 7]) {
      assert.isTrue(wasRetryable(silent, true))
      assert.isFalse(wasRetryable(silent, false))
    }
  })
})
