import { LruMap } from "../runtime/LruMap.ts"
import { readWith } from "../text/terms/tokenisers.ts"
import { wordKey } from "../text/terms/Word.ts"

/** Texts in the cache, and the longest that is cached, in UTF-16 code units: 8 MB at most, and much less as a rule. */
const TEXTS_MAX = 2_048
const LENGTH_MAX = 2_000

/**
 * The words of texts in order, by their keys, for comparing phrases. Cached by the text itself, for one tokeniser:
 * they depend on nothing else.
 */
export class WordSequences {
  readonly #cached = new LruMap<string, Uint32Array>(TEXTS_MAX)
  /** Of the cached sequences. */
  #tokeniser = ""

  read(text: string, tokeniser: string): Uint32Array {
    if (text.length > LENGTH_MAX) return toSequence(text, tokeniser)
    if (tokeniser !== this.#tokeniser) {
      this.#cached.clear()
      this.#tokeniser = tokeniser
    }
    const cached = this.#cached.get(text)
    if (cached !== undefined) return cached
    const sequence = toSequence(text, tokeniser)
    this.#cached.set(text, sequence)
    return sequence
  }

  /** The keys are remembered text. */
  clear(): void {
    this.#cached.clear()
  }
}

const toSequence = (text: string, tokeniser: string): Uint32Array =>
  Uint32Array.from(readWith(tokeniser, text).words, wordKey)
