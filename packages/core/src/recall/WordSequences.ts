import { readKeysWith } from "../text/terms/tokenisers.ts"
import { TextCache } from "../runtime/TextCache.ts"

/** The words of texts in order, by their keys, for comparing phrases. At 2,000 characters each, 12 MB at most. */
export class WordSequences extends TextCache<Uint32Array> {
  constructor() {
    super((text, tokeniser) => readKeysWith(tokeniser, text))
  }
}
