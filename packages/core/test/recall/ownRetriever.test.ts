import { assert, describe, it } from "@effect/vitest"
import {
  AgentMemory,
  InMemoryStore,
  makeRetriever,
  promiseClient,
  type RecallRequest,
  Retriever,
  type Scope,
  StoreFingerprint
} from "@keepsake/core"
import { isIn, not } from "@keepsake/core/driver"
import { Effect, Layer } from "effect"

/** Keepsake's candidates, the longest text first, with a cache of the texts it has seen. */
const makeLongestFirst = () => {
  const seen = new Map<string, ReadonlyArray<string>>()
  const requests: Array<RecallRequest> = []
  const forgotten: Array<Scope | string> = []
  const layer = Layer.effect(
    Retriever,
    Effect.gen(function* () {
      const keepsake = yield* makeRetriever
      const recall = Effect.fnUntraced(function* (request: RecallRequest) {
        requests.push(request)
        const candidates = yield* keepsake.recall({ ...request, limit: 50, minScore: 0 })
        seen.set(
          request.scope.userId,
          candidates.map(({ memory }) => memory.content)
        )
        return candidates
          .toSorted((a, b) => b.memory.content.length - a.memory.content.length)
          .slice(0, request.limit)
      })
      return {
        recall,
        rank: recall,
        forget: (scope) => {
          forgotten.push(scope)
          seen.delete(scope.userId)
          keepsake.forget(scope)
        },
        forgetUser: (userId) => {
          forgotten.push(userId)
          seen.delete(userId)
          keepsake.forgetUser(userId)
        }
      }
    })
  )
  return { layer, seen, requests, forgotten }
}

const open = async () => {
  const own = makeLongestFirst()
  const store = Layer.provideMerge(InMemoryStore.layer, StoreFingerprint.wordsOnly)
  const client = await promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(Layer.provide(own.layer), Layer.provideMerge(store))
  )
  return { ...own, client }
}

const SAID = ["freight", "freight by ship", "freight by ship and by rail to the harbour"]

describe("an application's own retriever", () => {
  it("answers recall and context in the place of Keepsake's", async () => {
    const { client, requests } = await open()
    const ada = client.for({ userId: "ada" })
    await ada.rememberMany(SAID)
    const found = await ada.recall("freight", { limit: 2, types: ["episodic"] })
    assert.deepStrictEqual(
      found.map(({ memory }) => memory.content),
      [SAID[2], SAID[1]]
    )
    const { items } = await ada.context("freight", {
      omit: ["profile", "lastTime"],
      limit: 1,
      sessionId: "s"
    })
    assert.deepStrictEqual(
      items.map(({ memory }) => memory.content),
      [SAID[2]]
    )
    const [first, second] = requests
    assert.deepInclude(first, { query: "freight", limit: 2, filter: isIn({ field: "type" }, ["episodic"]) })
    assert.deepInclude(second, { limit: 1, filter: not(isIn({ field: "sessionId" }, ["s"])) })
    await client.close()
  })

  it("is asked with checked requests alone", async () => {
    const { client, requests } = await open()
    const ada = client.for({ userId: "ada" })
    await ada.recall(" ").catch(() => undefined)
    await ada.recall("freight", { limit: 1_000 }).catch(() => undefined)
    await ada.context("freight", { minScore: 2 }).catch(() => undefined)
    assert.lengthOf(requests, 0)
    await ada.recall("freight")
    assert.deepInclude(requests[0], { limit: 10, minScore: undefined, asOf: undefined })
    await client.close()
  })

  it("is reached by every way of forgetting, after the rows are gone", async () => {
    const { client, forgotten, seen } = await open()
    const ada = client.for({ userId: "ada" })
    const scope = { agentId: "default", userId: "ada" }
    const [{ id } = { id: null }] = await ada.rememberMany(SAID)
    assert.isNotNull(id)
    const ways = [
      () => ada.forget(id),
      () => ada.forget({ types: ["semantic"] }),
      () => ada.forgetAll(),
      () => client.eraseUser({ userId: "ada" })
    ]
    for (const forget of ways) {
      await ada.rememberMany(SAID)
      await ada.recall("freight")
      assert.isNotEmpty(seen.get("ada") ?? [])
      await forget()
      assert.isFalse(seen.has("ada"))
    }
    assert.deepStrictEqual(forgotten, [
      scope,
      scope,
      scope,
      { agentId: "default/files", userId: "ada" },
      "ada"
    ])
    await client.close()
  })
})
