import { HnswStore, type HnswOptions } from "@keepsake/backend-hnsw"
import { MemoryStore, StoreAdmin, StoreFingerprint } from "@keepsake/core/driver"
import { Effect, Layer } from "effect"
import { DIMENSIONS, makeFingerprint } from "./rows.ts"

/** Opens a store; the Effect scope closes it. */
export const openStore = (options: HnswOptions, dimensions = DIMENSIONS, layer = HnswStore.layer) =>
  Effect.gen(function* () {
    const fingerprintLayer = StoreFingerprint.layer(makeFingerprint(dimensions))
    const services = yield* Layer.build(Layer.provide(layer(options), fingerprintLayer))
    return yield* Effect.all({ store: MemoryStore, admin: StoreAdmin }).pipe(Effect.provideContext(services))
  })
