import { readWith } from "../text/terms/tokenisers.ts"
import { wordKey } from "../text/terms/Word.ts"
import { TextCache } from "../runtime/TextCache.ts"

const toSequence = (text: string, tokeniser: string): Uint32Array =>
  new Uint32Array(readWith(tokeniser, text).words.map(wordKey))

/** The words of texts in order, by their keys, for comparing phrases. At 2,000 characters each, 12 MB at most. */
export class WordSequences extends TextCache<Uint32Array> {
  constructor() {
    super(toSequence)
  }
}
