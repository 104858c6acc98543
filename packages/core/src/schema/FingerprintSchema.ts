import * as Schema from "effect/Schema"
import type { Fingerprint } from "../memory/Fingerprint.ts"

/** Decodes the fingerprint that a store has recorded. */
export const FingerprintSchema: Schema.Codec<Fingerprint> = Schema.Struct({
  embedding: Schema.NullOr(
    Schema.Struct({
      model: Schema.String,
      dimensions: Schema.Int,
      calibration: Schema.Struct({
        mean: Schema.Finite,
        spread: Schema.Finite,
        strength: Schema.optional(Schema.Finite),
        source: Schema.optional(Schema.Literals(["assumed", "measured"]))
      })
    })
  ),
  tokeniser: Schema.String,
  k1: Schema.Finite,
  b: Schema.Finite,
  avgLen: Schema.Finite
})
