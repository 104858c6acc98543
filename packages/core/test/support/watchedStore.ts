import {
  MemoryError,
  MemoryStore,
  type Scope,
  type StoreAdmin,
  type StoreFingerprint,
  Unavailable
} from "@keepsake/core"
import { Context, Effect, Layer } from "effect"

/** A call that a store got. */
export interface StoreCall {
  readonly method: string
  readonly scope: Scope
}

type StoreLayer = Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint>

/** A store that notes what it is asked, and fails every call on the scopes of `failing` users. */
export const watchedStore = (store: StoreLayer) => {
  const calls: Array<StoreCall> = []
  const failing = new Set<string>()
  const watch = (service: MemoryStore["Service"]): MemoryStore["Service"] =>
    new Proxy(service, {
      get: (target, method, receiver) => {
        const verb: unknown = Reflect.get(target, method, receiver)
        if (typeof verb !== "function") return verb
        return (request: { readonly scope: Scope }) =>
          Effect.suspend(() => {
            calls.push({ method: String(method), scope: request.scope })
            return failing.has(request.scope.userId)
              ? Effect.fail(new MemoryError({ reason: new Unavailable({ message: "The store is out." }) }))
              : (Reflect.apply(verb, target, [request]) as Effect.Effect<unknown, MemoryError>)
          })
      }
    })
  const layer: StoreLayer = Layer.effectContext(
    Effect.map(Layer.build(store), (services) =>
      Context.add(services, MemoryStore, watch(Context.get(services, MemoryStore)))
    )
  )
  return { layer, calls, failing }
}
