import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import type { MemorySource, MemoryType } from "@keepsake/core"
import { formerIdOfText, formerIdsOfText, memoryIdOfKey, memoryIdOfText } from "@keepsake/core/driver"
import { ScopeSchema } from "@keepsake/core/schema"
import { Schema } from "effect"
import { SAME_CASES } from "../support/sameCases.ts"

const scope = { agentId: "agent", userId: "user" }

interface Statement {
  readonly source: MemorySource
  readonly speaker: string | null
  readonly type: MemoryType
  readonly content: string
}

const tea: Statement = { source: "user", speaker: null, type: "episodic", content: "I like tea." }

describe("memory ids", () => {
  // From Python: uuid5(uuid5(NAMESPACE_URL, "https://keepsake.dev/memory"), json.dumps([…], separators=(",", ":"))).
  it("are UUIDv5 as another implementation makes them", () => {
    assert.strictEqual(memoryIdOfKey(scope, "order-1"), "98c17db1-319a-5206-9a59-fcad383a6000")
    assert.strictEqual(memoryIdOfKey(scope, 'Größe 👩‍🚀 "q" \\ \n'), "613d39c0-762a-5885-89a9-66ef9576da89")
    assert.strictEqual(
      memoryIdOfKey({ agentId: "a", userId: "b" }, ""),
      "70b217a0-d441-5be2-a3a2-3bda3264b971"
    )
    assert.strictEqual(memoryIdOfText(scope, tea), "1e5f6e87-d08e-58e3-a57f-9d7190864c84")
    assert.strictEqual(formerIdOfText(scope, tea), "dc4b55b3-32c1-556d-b125-5a41768b79b2")
    const other: Statement = {
      source: "assistant",
      speaker: "Zoë",
      type: "semantic",
      content: "Zoe\u0308 mag 東京"
    }
    assert.strictEqual(memoryIdOfText(scope, other), "bba4d81d-5d56-5b29-ab6d-024bf8622a04")
    assert.strictEqual(formerIdOfText(scope, other), "7ca0fb5b-2d07-509c-95f7-417a776c9495")
  })

  it("are made of all of a text, however long", () => {
    const namespace = Buffer.from("b48ca15988d95a29b8aac391d5a30189", "hex")
    for (const length of [1, 1_300, 1_350, 5_000]) {
      const key = "é東\ud800".repeat(length / 3 + 1).slice(0, length)
      const name = JSON.stringify([1, scope.agentId, scope.userId, "key", key])
      const digest = createHash("sha1").update(namespace).update(name).digest("hex")
      const id = memoryIdOfKey(scope, key).replaceAll("-", "")
      // Four bits are the version, two the variant.
      assert.deepStrictEqual(
        [id.slice(0, 12), id.slice(13, 16), id.slice(17)],
        [digest.slice(0, 12), digest.slice(13, 16), digest.slice(17, 32)]
      )
    }
  })

  it("do not tell apart what is the same text, composed or not", () => {
    const composed = memoryIdOfText(scope, { ...tea, content: "Caf\u00e9" })
    assert.strictEqual(memoryIdOfText(scope, { ...tea, content: "Cafe\u0301" }), composed)
  })

  it("do not tell apart spellings of one statement, which the first version did", () => {
    const spellings = ["I like tea.", "I like tea", "i like tea", "I LIKE TEA!"]
    const idsBy = (toId: typeof memoryIdOfText) =>
      new Set(spellings.map((content) => toId(scope, { ...tea, content }))).size
    assert.deepStrictEqual([idsBy(memoryIdOfText), idsBy(formerIdOfText)], [1, 4])
    const former = formerIdsOfText(scope, { ...tea, content: "i  like tea" })
    for (const content of ["i  like tea", "I like tea.", "I like tea"]) {
      assert.include(former, formerIdOfText(scope, { ...tea, content }))
    }
  })

  it("tell apart everything that makes a statement itself", () => {
    const ids = [
      memoryIdOfText(scope, tea),
      memoryIdOfText(scope, { ...tea, content: "I like tea?" }),
      memoryIdOfText(scope, { ...tea, content: "I like Tea." }),
      memoryIdOfText(scope, { ...tea, speaker: "Ana" }),
      memoryIdOfText(scope, { ...tea, speaker: "null" }),
      memoryIdOfText(scope, { ...tea, source: "assistant" }),
      memoryIdOfText(scope, { ...tea, type: "semantic" }),
      memoryIdOfText({ ...scope, userId: "user2" }, tea),
      memoryIdOfText({ agentId: "agentu", userId: "ser" }, tea),
      memoryIdOfText({ agentId: "user", userId: "agent" }, tea),
      memoryIdOfKey(scope, "I like tea.")
    ]
    assert.strictEqual(new Set(ids).size, ids.length)
  })

  it.prop(
    "have the shape of a version 5 UUID",
    [ScopeSchema, Schema.String],
    ([scope, key]) => {
      const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
      assert.match(memoryIdOfKey(scope, key), shape)
      assert.match(memoryIdOfText(scope, { ...tea, content: key }), shape)
      assert.strictEqual(memoryIdOfKey(scope, key), memoryIdOfKey({ ...scope }, key))
    },
    SAME_CASES
  )
})
