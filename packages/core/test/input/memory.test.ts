import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, StoreFingerprint } from "@keepsake/core"
import { readMemory } from "@keepsake/core/driver"
import { Effect, Layer, Result, Stream } from "effect"

const layer = () =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(InMemoryStore.layer),
    Layer.provide(StoreFingerprint.wordsOnly)
  )

const exported = Effect.gen(function* () {
  const memories = yield* AgentMemory
  const notes = yield* memories.files({ agentId: "tutor", userId: "ada" })
  yield* notes.remember({ content: "cafe\u0301", sessionId: "s", metadata: { path: "/notes.md" } })
  const rows = yield* Stream.runCollect(notes.export())
  return rows[0] ?? assert.fail("nothing exported")
})

describe("readMemory", () => {
  it.effect("reads what export wrote, in NFC, an agent's notes included", () =>
    Effect.gen(function* () {
      const row = yield* exported
      assert.strictEqual(row.scope.agentId, "tutor/files")
      assert.deepStrictEqual(readMemory({ ...row, content: "cafe\u0301" }), Result.succeed(row))
      const memories = yield* AgentMemory
      const notes = yield* memories.files({ agentId: "tutor", userId: "bob" })
      assert.strictEqual((yield* notes.import([row])).created, 1)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("names the bad field, or none where the row is no object", () =>
    Effect.gen(function* () {
      const row = yield* exported
      const cases: ReadonlyArray<readonly [string, unknown]> = [
        ["", "a text"],
        ["sesionId", { ...row, sesionId: "s" }],
        ["scope.tenant", { ...row, scope: { ...row.scope, tenant: "t" } }],
        ["scope.agentId", { ...row, scope: { userId: "ada" } }],
        ["scope", { ...row, scope: { agentId: "a/b", userId: "ada" } }],
        ["scope", { ...row, scope: { agentId: "/files", userId: "ada" } }],
        ["validity", { ...row, validity: [{ from: 1, to: null, note: "x" }] }],
        ["saidAt", { ...row, saidAt: new Date(0) }]
      ]
      for (const [field, value] of cases) {
        assert.strictEqual(Result.getOrUndefined(Result.flip(readMemory(value)))?.[0], field)
      }
    }).pipe(Effect.provide(layer()))
  )
})
