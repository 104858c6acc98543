import { AgentMemory, InMemoryStore, StoreFingerprint } from "@keepsake/core"
import { Effect, Layer } from "effect"

/** A service over an empty store, by words alone. */
export const layer = () =>
  AgentMemory.layer({ purgeEvery: false }).pipe(
    Layer.provideMerge(InMemoryStore.layer),
    Layer.provide(StoreFingerprint.wordsOnly)
  )

/** Ana's memory, which reads the team's and the handbook's, and those by themselves. */
export const memories = Effect.gen(function* () {
  const service = yield* AgentMemory
  const [agentId, other] = ["tutor", "handbook"]
  const reads = ["team:blue", { agentId: other, userId: "all" }]
  return {
    alone: yield* service.for({ agentId, userId: "ana" }),
    ana: yield* service.for({ agentId, userId: "ana" }, { reads }),
    team: yield* service.for({ agentId, userId: "team:blue" }),
    handbook: yield* service.for({ agentId: other, userId: "all" })
  }
})
