import { QdrantAdmin, type QdrantOptions, QdrantStore } from "@keepsake/backend-qdrant"
import {
  fingerprint,
  type Fingerprint,
  MemoryError,
  MemoryStore,
  StoreAdmin,
  StoreFingerprint
} from "@keepsake/core/driver"
import { Context, Effect, Layer } from "effect"
import { DIMENSIONS } from "./rows.ts"

export const FINGERPRINT: Fingerprint = fingerprint({
  model: "test",
  dimensions: DIMENSIONS,
  calibration: { mean: 0, spread: 0.1 }
})

/** A store that closes with the Effect scope. */
export const openStore = (options: QdrantOptions, fingerprint: Fingerprint = FINGERPRINT) =>
  Layer.build(QdrantStore.layer(options).pipe(Layer.provide(StoreFingerprint.layer(fingerprint)))).pipe(
    Effect.map((context) => ({
      store: Context.get(context, MemoryStore),
      admin: Context.get(context, StoreAdmin),
      qdrant: Context.get(context, QdrantAdmin)
    }))
  )

/** The `MemoryError` of a call that must fail. */
export const flipError = <A, R>(call: Effect.Effect<A, unknown, R>) =>
  Effect.flatMap(Effect.flip(call), (error) =>
    error instanceof MemoryError ? Effect.succeed(error) : Effect.die(error)
  )
