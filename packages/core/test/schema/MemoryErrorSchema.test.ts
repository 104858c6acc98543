import {
  EmbedderFailed,
  fingerprint,
  FingerprintMismatch,
  InvalidInput,
  MemoryError,
  NotFound,
  Unavailable,
  WriteRefused
} from "@keepsake/core"
import { MemoryErrorSchema } from "@keepsake/core/schema"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"

const encode = Schema.encodeSync(MemoryErrorSchema)
const decode = Schema.decodeUnknownSync(MemoryErrorSchema)

const message = "what to do next"

describe("MemoryErrorSchema", () => {
  it.each([
    new InvalidInput({ message, field: "content" }),
    new NotFound({ message }),
    new Unavailable({ message, retryAfterMs: 20 }),
    new FingerprintMismatch({ message, stored: "a", given: "b", fingerprint: fingerprint(null) }),
    new EmbedderFailed({ message, isRetryable: true, problem: "rateLimited" }),
    new WriteRefused({ message, isRetryable: false, problem: "timeout" })
  ])("brings $_tag back from JSON", (reason) => {
    const error = decode(JSON.parse(JSON.stringify(encode(new MemoryError({ reason })))))
    expect(error).toBeInstanceOf(MemoryError)
    expect(error.reason).toBeInstanceOf(reason.constructor)
    expect(error.isRetryable).toBe(reason.isRetryable)
    expect({ ...error.reason, message: error.message }).toStrictEqual({ ...reason, message })
  })

  it("passes a cause on as what it says", () => {
    const reason = new Unavailable({ message, cause: new TypeError("closed") })
    expect(decode(encode(new MemoryError({ reason }))).cause).toMatchObject({ message: "closed" })
  })

  it("refuses what is no error of a memory", () => {
    for (const reason of [{ _tag: "Teapot", message }, { _tag: "InvalidInput", message }, null])
      expect(() => decode({ _tag: "MemoryError", reason })).toThrow(/reason/u)
  })
})
