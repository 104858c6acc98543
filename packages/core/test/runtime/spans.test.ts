import { assert, describe, it } from "@effect/vitest"
import { AgentMemory, InMemoryStore, StoreFingerprint } from "@keepsake/core"
import { Effect, Layer, Tracer } from "effect"

describe("spans", () => {
  it.effect("name the verb and a hash of the scope, and carry no content", () => {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return Effect.gen(function* () {
      const user = yield* (yield* AgentMemory).for({ agentId: "agent-name", userId: "user-name" })
      yield* user.remember({ content: "the secret is swordfish", metadata: { place: "attic" } })
      yield* user.recall("what is the secret")
      yield* Effect.flip(user.recall(""))
      const verbs = spans.filter(({ name }) => /^keepsake\.(remember|recall)$/u.test(name))
      assert.deepStrictEqual(
        verbs.map(({ name }) => name),
        ["keepsake.remember", "keepsake.recall", "keepsake.recall"]
      )
      const [remember, recall, failed] = verbs.map(({ attributes }) => Object.fromEntries(attributes))
      assert.deepInclude(remember, { "db.system.name": "memory", "db.operation.name": "remember" })
      assert.strictEqual(recall?.["db.response.returned_rows"], 1)
      assert.match(String(remember?.["keepsake.scope.hash"]), /^[0-9a-f]{16}$/u)
      assert.strictEqual(failed?.["error.type"], "InvalidInput")
      const written = JSON.stringify(
        spans.map(({ attributes, events, name }) => [name, Array.from(attributes), events])
      )
      for (const secret of ["swordfish", "attic", "what is the secret", "user-name", "agent-name"]) {
        assert.notInclude(written, secret)
      }
    }).pipe(
      Effect.provide(
        AgentMemory.layer({ purgeEvery: false }).pipe(
          Layer.provideMerge(InMemoryStore.layer),
          Layer.provide(StoreFingerprint.wordsOnly)
        )
      ),
      Effect.withTracer(tracer)
    )
  })
})
