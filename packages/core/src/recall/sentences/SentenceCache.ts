import { LruMap } from "../../runtime/LruMap.ts"
import { type Outline, toOutline } from "./copies.ts"
import { readSentences, type Sentence } from "./readSentences.ts"

/** Texts in the cache, and the longest that is cached, in UTF-16 code units. */
const TEXTS_MAX = 2_048
const LENGTH_MAX = 2_000

/** A text, read. */
export interface ReadText {
  readonly sentences: ReadonlyArray<Sentence>
  /** Of all of them. */
  readonly cues: number
  readonly outline: Outline
}

const read = (text: string, tokeniser: string): ReadText => {
  const sentences = readSentences(text, tokeniser)
  const cues = sentences.reduce((bits, sentence) => bits | sentence.cues, 0)
  return { sentences, cues, outline: toOutline(sentences) }
}

/** Texts as sentences, cached by the text itself. */
export class SentenceCache {
  readonly #cached = new LruMap<string, ReadText>(TEXTS_MAX)
  /** Of what is cached: a store has one. */
  #tokeniser = ""

  read(text: string, tokeniser: string): ReadText {
    if (text.length > LENGTH_MAX) return read(text, tokeniser)
    if (tokeniser !== this.#tokeniser) this.clear()
    this.#tokeniser = tokeniser
    const cached = this.#cached.get(text)
    if (cached !== undefined) return cached
    const fresh = read(text, tokeniser)
    this.#cached.set(text, fresh)
    return fresh
  }

  /** The sentences are remembered text. */
  clear(): void {
    this.#cached.clear()
  }
}
