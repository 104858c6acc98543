import {
  AgentMemory,
  Embedder,
  type MemoryClient,
  type MemoryError,
  MemoryStore,
  promiseClient,
  StoreAdmin,
  StoreFingerprint
} from "@keepsake/core"
import { type HnswOptions, HnswStore } from "@keepsake/backend-hnsw"
import { ANY } from "@keepsake/core/driver"
import { Context, Effect, Layer, ManagedRuntime } from "effect"
import { queryVector, makeScope, makeStatement, stubEmbedder } from "./data.ts"

/** A memory and the services under it, over one store. */
export interface Opened {
  readonly client: MemoryClient
  readonly memory: AgentMemory["Service"]
  readonly store: MemoryStore["Service"]
  readonly admin: StoreAdmin["Service"]
  readonly embedder: Embedder["Service"]
  readonly fingerprint: StoreFingerprint["Service"]
  readonly close: () => Promise<void>
}

export type StoreLayer = Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint>

/** Opens any backend's store with the stub embedder. */
export const openLayer = async (store: StoreLayer): Promise<Opened> => {
  const runtime = ManagedRuntime.make(
    AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provideMerge(store),
      Layer.provideMerge(Embedder.layer(stubEmbedder))
    )
  )
  const context = await runtime.runPromise(
    Effect.context<AgentMemory | MemoryStore | StoreAdmin | Embedder | StoreFingerprint>()
  )
  return {
    client: await promiseClient(Layer.succeedContext(context)),
    memory: Context.get(context, AgentMemory),
    store: Context.get(context, MemoryStore),
    admin: Context.get(context, StoreAdmin),
    embedder: Context.get(context, Embedder),
    fingerprint: Context.get(context, StoreFingerprint),
    close: () => runtime.dispose()
  }
}

export const openEmbedded = (path: string, options: Omit<HnswOptions, "path"> = {}): Promise<Opened> =>
  openLayer(HnswStore.layer({ ...options, path }))

/** Searches by the vector of the user's query of that round alone. */
export const searchByMeaning = (
  { store }: Pick<Opened, "store">,
  user: number,
  round: number,
  limit: number,
  exact = false
) =>
  store.search({
    scope: makeScope(user),
    now: Date.now(),
    parts: [{ vector: queryVector(user, round) }],
    filter: ANY,
    limit,
    exact
  })

const BATCH = 256

/** Remembers a user's memories from index `from` to `to`, exclusive. */
export const fill = async (
  { client }: Pick<Opened, "client">,
  user: number,
  from: number,
  to: number
): Promise<void> => {
  const scoped = client.for(makeScope(user))
  for (let at = from; at < to; at += BATCH) {
    await scoped.rememberMany(
      Array.from({ length: Math.min(BATCH, to - at) }, (_, i) => makeStatement({ user, index: at + i }))
    )
  }
}
