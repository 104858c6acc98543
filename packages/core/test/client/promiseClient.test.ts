import {
  AgentMemory,
  Embedder,
  InMemoryStore,
  MemoryError,
  promiseClient,
  type Promised,
  type PromiseMemory,
  type ScopedMemory,
  StoreFingerprint
} from "@keepsake/core"
import { Layer } from "effect"
import { assert, describe, expectTypeOf, it } from "vitest"
import { BoundMemory } from "../../src/client/BoundMemory.ts"

const words = () =>
  promiseClient(
    AgentMemory.layer().pipe(
      Layer.provideMerge(InMemoryStore.layer),
      Layer.provide(StoreFingerprint.wordsOnly)
    )
  )

const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  return assert.fail("did not reject")
}

describe("the Promise twin", () => {
  it("has every verb of the Effect handle", async () => {
    await using client = await words()
    const user = client.for({ userId: "ada" })
    await user.remember("I play the cello")
    const [best] = await user.recall("cello")
    assert.strictEqual(best?.memory.scope.agentId, "default")
    const exported: Array<string> = []
    for await (const memory of user.export()) exported.push(memory.content)
    assert.deepStrictEqual(exported, ["I play the cello"])
    assert.strictEqual((await client.admin.scopes({ limit: 10 })).length, 1)
    assert.isNull((await client.admin.fingerprint()).embedding)
  })

  it("has a promise for each effect, and the same prototype for every scope", async () => {
    expectTypeOf<PromiseMemory>().toExtend<Promised<ScopedMemory>>()
    expectTypeOf<Promised<ScopedMemory>>().toExtend<PromiseMemory>()
    await using client = await words()
    const user = client.for({ userId: "ada" })
    const prototype: object = Object.getPrototypeOf(user)
    assert.sameMembers(
      Object.getOwnPropertyNames(prototype),
      Object.getOwnPropertyNames(BoundMemory.prototype)
    )
    assert.strictEqual(Object.getPrototypeOf(client.for({ userId: "bob" })), prototype)
  })

  it("shows its scope and what it reads, and neither the store nor another scope's memories", async () => {
    await using client = await words()
    const user = client.for({ userId: "ada" })
    assert.deepStrictEqual(JSON.parse(JSON.stringify(user)), {
      scope: { agentId: "default", userId: "ada" },
      reads: [],
      timeZone: "UTC"
    })
    assert.deepStrictEqual(Reflect.ownKeys(user), ["scope", "reads", "timeZone"])
  })

  it("rejects with the typed error itself", async () => {
    await using client = await words()
    const error = await rejection(client.for({ userId: "ada" }).remember(""))
    assert.instanceOf(error, MemoryError)
    assert.strictEqual(error.reason._tag, "InvalidInput")
    assert.isFalse(error.isRetryable)
    assert.throws(() => client.for({ userId: "../etc" }), MemoryError)
  })

  it("rejects with the signal's reason when aborted, before and during a call", async () => {
    const begun = Promise.withResolvers<void>()
    const client = await promiseClient(
      AgentMemory.layer().pipe(
        Layer.provideMerge(InMemoryStore.layer),
        Layer.provideMerge(
          Embedder.layer({
            model: "never",
            dimensions: 2,
            embed: () => {
              begun.resolve()
              return new Promise(() => undefined)
            }
          })
        )
      )
    )
    await using _ = client
    const user = client.for({ userId: "ada" })
    const reason = new Error("changed my mind")
    assert.strictEqual(await rejection(user.recall("x", {}, { signal: AbortSignal.abort(reason) })), reason)
    const controller = new AbortController()
    const waiting = rejection(user.remember("x", {}, { signal: controller.signal }))
    await begun.promise
    controller.abort(reason)
    assert.strictEqual(await waiting, reason)
  })

  it("is closed after close, twice", async () => {
    const client = await words()
    const user = client.for({ userId: "ada" })
    await client.close()
    await client.close()
    const error = await rejection(user.recall("x"))
    assert.instanceOf(error, MemoryError)
    assert.strictEqual(error.reason._tag, "Closed")
  })
})
