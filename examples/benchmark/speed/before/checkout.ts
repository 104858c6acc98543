/** The sources of a checkout, loaded by its folder. */
import { createRequire } from "node:module"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { stubEmbedder } from "../data.ts"

type Core = typeof import("@keepsake/core")
type Backend = typeof import("@keepsake/backend-hnsw")
type Effects = typeof import("effect")

const load = (path: string): Promise<unknown> => import(pathToFileURL(path).href)

/** A module of the checkout, such as `agent/src/index.ts`. */
export const loadSource = (checkout: string, path: string): Promise<unknown> =>
  load(resolve(checkout, "packages", path))

export const loadEffect = async (checkout: string): Promise<Effects> =>
  (await load(createRequire(join(checkout, "packages", "core", "package.json")).resolve("effect"))) as Effects

/** Opens files with the checkout's own store and memory. */
export const loadOpener = async (checkout: string) => {
  const { Effect, Layer, ManagedRuntime } = await loadEffect(checkout)
  const { AgentMemory, Embedder, promiseClient, StoreFingerprint } = (await loadSource(
    checkout,
    "core/src/index.ts"
  )) as Core
  const { HnswStore } = (await loadSource(checkout, "backend-hnsw/src/index.ts")) as Backend
  return async (path: string, withVectors: boolean) => {
    const space = withVectors ? Embedder.layer(stubEmbedder) : StoreFingerprint.wordsOnly
    const store = HnswStore.layer({ path, synchronous: "normal", cacheBytes: 2 ** 30 })
    const runtime = ManagedRuntime.make(
      AgentMemory.layer({ purgeEvery: false }).pipe(Layer.provideMerge(store), Layer.provideMerge(space))
    )
    const context = await runtime.runPromise(Effect.context())
    const client = await promiseClient(Layer.succeedContext(context) as never)
    return { client, close: () => runtime.dispose() }
  }
}
