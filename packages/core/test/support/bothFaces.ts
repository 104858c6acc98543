import {
  AgentMemory,
  type AgentMemoryOptions,
  InMemoryStore,
  type MemoryError,
  type MemoryStore,
  promiseClient,
  type PromiseMemory,
  type Scope,
  type StoreAdmin,
  StoreFingerprint
} from "@keepsake/core"
import { type Effect, Layer, ManagedRuntime } from "effect"

type StoreLayer = Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint>

/** A memory of one user, asked through one of its faces, and how to end it. */
interface Face {
  readonly memory: (scope?: Partial<Scope>) => PromiseMemory
  readonly close: () => Promise<void>
}

const layerOver = (store: StoreLayer, options: AgentMemoryOptions) =>
  AgentMemory.layer({ purgeEvery: false, ...options }).pipe(
    Layer.provideMerge(store),
    Layer.provide(StoreFingerprint.wordsOnly)
  )

const ADA: Scope = { agentId: "tutor", userId: "ada" }

const openPromises = async (store: StoreLayer, options: AgentMemoryOptions): Promise<Face> => {
  const client = await promiseClient(layerOver(store, options))
  return { memory: (scope) => client.for({ ...ADA, ...scope }), close: () => client.close() }
}

/** The Effect handle; each verb is run where it is called. */
const openEffects = async (store: StoreLayer, options: AgentMemoryOptions): Promise<Face> => {
  const runtime = ManagedRuntime.make(layerOver(store, options))
  const memories = await runtime.runPromise(AgentMemory)
  const memory: Face["memory"] = (scope) => {
    const handle = runtime.runSync(memories.for({ ...ADA, ...scope }))
    const runVerb =
      (verb: string) =>
      async (...input: ReadonlyArray<unknown>): Promise<unknown> => {
        const method: (...args: Array<unknown>) => Effect.Effect<unknown, MemoryError> = Reflect.get(
          handle,
          verb
        )
        return runtime.runPromise(method.apply(handle, [...input]))
      }
    // Without a method `then` the memory is no promise of itself.
    return new Proxy(
      {},
      { get: (_, verb) => (verb in handle ? runVerb(String(verb)) : undefined) }
    ) as PromiseMemory
  }
  return { memory, close: () => runtime.dispose() }
}

const FACES = [
  ["the Promise twin", openPromises],
  ["the Effect handle", openEffects]
] as const

/** For `describe.each`: both faces over stores of their own. */
export const bothFaces = FACES.map(
  ([name, open]) =>
    [
      name,
      (store: StoreLayer = InMemoryStore.layer, options: AgentMemoryOptions = {}) => open(store, options)
    ] as const
)
