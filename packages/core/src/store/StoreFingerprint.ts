import { Context, Layer } from "effect"
import type { EmbeddingSpace, Fingerprint } from "../memory/Fingerprint.ts"
import { TERM_SETTINGS, type TermSettings } from "../text/bm25.ts"
import { TOKENISER } from "../text/tokenise.ts"

/** The fingerprint of a store that this version fills; `null` for recall by words alone. */
export const fingerprint = (
  embedding: EmbeddingSpace | null,
  terms: TermSettings = TERM_SETTINGS
): Fingerprint => ({
  embedding,
  tokeniser: TOKENISER,
  ...terms
})

/** The fingerprint a store is opened with: every backend's layer asks for it. */
export class StoreFingerprint extends Context.Service<StoreFingerprint, Fingerprint>()(
  "@keepsake/core/StoreFingerprint"
) {
  static readonly layer = (value: Fingerprint): Layer.Layer<StoreFingerprint> =>
    Layer.succeed(StoreFingerprint, value)

  /** Recall by words alone. */
  static readonly wordsOnly: Layer.Layer<StoreFingerprint> = StoreFingerprint.layer(fingerprint(null))
}
