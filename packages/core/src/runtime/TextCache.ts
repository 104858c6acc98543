import { LruMap } from "./LruMap.ts"

/** Texts in the cache, and the longest that is cached, in UTF-16 code units. */
const TEXTS_MAX = 2_048
const LENGTH_MAX = 2_000

/** What is read of texts, cached by the text itself for one tokeniser: it depends on nothing else. */
export class TextCache<A extends object> {
  readonly #cached = new LruMap<string, A>(TEXTS_MAX)
  readonly #read: (text: string, tokeniser: string) => A
  /** Of what is cached: a store has one. */
  #tokeniser = ""

  constructor(read: (text: string, tokeniser: string) => A) {
    this.#read = read
  }

  read(text: string, tokeniser: string): A {
    if (text.length > LENGTH_MAX) return this.#read(text, tokeniser)
    if (tokeniser !== this.#tokeniser) this.clear()
    this.#tokeniser = tokeniser
    const cached = this.#cached.get(text)
    if (cached !== undefined) return cached
    const fresh = this.#read(text, tokeniser)
    this.#cached.set(text, fresh)
    return fresh
  }

  /** The keys are remembered text. */
  clear(): void {
    this.#cached.clear()
  }
}
