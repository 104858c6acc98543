import { HnswStore, type HnswOptions } from "@keepsake/backend-hnsw"
import { fingerprint, MemoryStore, StoreAdmin, StoreFingerprint } from "@keepsake/core/driver"
import { Effect, Layer } from "effect"
import { DIMENSIONS } from "./rows.ts"

/** An open store, closed with the Effect scope. */
export const openStore = (options: HnswOptions, dimensions = DIMENSIONS, layer = HnswStore.layer) =>
  Effect.gen(function* () {
    const given = fingerprint({ model: "test", dimensions, calibration: { mean: 0, spread: 0.2 } })
    const services = yield* Layer.build(Layer.provide(layer(options), StoreFingerprint.layer(given)))
    return yield* Effect.all({ store: MemoryStore, admin: StoreAdmin }).pipe(Effect.provideContext(services))
  })
