/** `opener.ts PATH` opens a store and prints why it failed. */
import { HnswStore } from "@keepsake/backend-hnsw"
import { Effect, Layer } from "effect"
import { DIMENSIONS, fingerprintLayer } from "../support/rows.ts"

const open = Layer.build(
  Layer.provide(HnswStore.layer({ path: process.argv[2] ?? "" }), fingerprintLayer(DIMENSIONS))
)
const error = await Effect.runPromise(Effect.flip(Effect.scoped(open)))
process.stdout.write(`${error.reason._tag}\n`)
