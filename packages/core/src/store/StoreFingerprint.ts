import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import { type EmbeddingSpace, type Fingerprint, sameFingerprint } from "../memory/Fingerprint.ts"
import { TERM_SETTINGS, type TermSettings } from "../text/bm25.ts"
import { isKnownTokeniser, TOKENISER } from "../text/terms/tokenisers.ts"

/** The fingerprint of a store that this version fills; `null` for recall by words alone. */
export const fingerprint = (
  embedding: EmbeddingSpace | null,
  terms: TermSettings = TERM_SETTINGS
): Fingerprint => ({
  embedding,
  tokeniser: TOKENISER,
  ...terms
})

/**
 * Whether a store that holds `stored` can be opened with `asked`. The terms of an earlier version are no difference:
 * the store goes on with them, and `StoreAdmin.fingerprint` says which they are.
 */
export const canServe = (stored: Fingerprint, asked: Fingerprint): boolean =>
  sameFingerprint({ ...stored, tokeniser: asked.tokeniser }, asked) &&
  (stored.tokeniser === asked.tokeniser ||
    (isKnownTokeniser(stored.tokeniser) && isKnownTokeniser(asked.tokeniser)))

/** Whether a store's terms are those of an earlier version. */
export const hasOldTerms = ({ tokeniser }: Pick<Fingerprint, "tokeniser">): boolean => tokeniser !== TOKENISER

/** The fingerprint a store is opened with: every backend's layer asks for it. */
export class StoreFingerprint extends Context.Service<StoreFingerprint, Fingerprint>()(
  "@keepsake/core/StoreFingerprint"
) {
  static readonly layer = (value: Fingerprint): Layer.Layer<StoreFingerprint> =>
    Layer.succeed(StoreFingerprint, value)

  /** Recall by words alone. */
  static readonly wordsOnly: Layer.Layer<StoreFingerprint> = StoreFingerprint.layer(fingerprint(null))
}
