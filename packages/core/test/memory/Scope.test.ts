import { assert, describe, it } from "@effect/vitest"
import { filesScope, isScope, sameScope, SCOPE_PART_MAX, scopeKey } from "@keepsake/core/driver"
import { ScopeSchema } from "@keepsake/core/schema"
import { Schema } from "effect"
import { SAME_CASES } from "../support/sameCases.ts"

const decodes = Schema.is(ScopeSchema)

const good = [
  "u",
  "user 42",
  "user@example.com",
  "auth0|5f7c",
  "urn:user:42",
  "東京",
  "👩‍🚀",
  "a.b",
  "...",
  "'; DROP TABLE memories; --",
  "%_*?",
  "x".repeat(SCOPE_PART_MAX)
]

const bad: Readonly<Record<string, unknown>> = {
  empty: "",
  "too long": "x".repeat(SCOPE_PART_MAX + 1),
  "a slash": "a/b",
  "a backslash": "a\\b",
  "this folder": ".",
  "the folder above": "..",
  "a way up": "../../etc/passwd",
  NUL: "a\u0000b",
  "a line end": "a\nb",
  escape: "\u001b[2J",
  delete: "a\u007f",
  "a C1 control": "a\u0085b",
  "a line separator": "a\u2028b",
  "a byte order mark": "\ufeffa",
  "a leading space": " a",
  "a trailing space": "a ",
  "a lone surrogate": "a\ud800",
  "a number": 42,
  null: null,
  absent: undefined
}

describe("Scope", () => {
  it.each(good)("takes %j", (part) => {
    assert.strictEqual(isScope({ agentId: part, userId: "u" }), true)
    assert.strictEqual(isScope({ agentId: "a", userId: part }), true)
    assert.strictEqual(decodes({ agentId: "a", userId: part }), true)
  })

  it.each(Object.entries(bad))("refuses %s", (_, part) => {
    assert.strictEqual(isScope({ agentId: part, userId: "u" }), false)
    assert.strictEqual(isScope({ agentId: "a", userId: part }), false)
    assert.strictEqual(decodes({ agentId: "a", userId: part }), false)
  })

  it.prop(
    "two scopes share a key exactly when they are the same",
    [ScopeSchema, ScopeSchema],
    ([a, b]) => {
      assert.strictEqual(isScope(a) && isScope(b), true)
      assert.strictEqual(scopeKey(a) === scopeKey(b), sameScope(a, b))
      assert.strictEqual(sameScope(a, { ...a }), true)
    },
    SAME_CASES
  )

  it.prop(
    "an agent's files lie where no scope from outside can",
    [ScopeSchema],
    ([scope]) => {
      const files = filesScope(scope)
      assert.strictEqual(isScope(files), false)
      assert.strictEqual(files.userId, scope.userId)
      assert.strictEqual(sameScope(files, scope), false)
    },
    SAME_CASES
  )

  it("parts do not run together", () => {
    assert.notStrictEqual(scopeKey({ agentId: "ab", userId: "c" }), scopeKey({ agentId: "a", userId: "bc" }))
  })
})
