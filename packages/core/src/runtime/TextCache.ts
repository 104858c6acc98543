/** Texts in each of two generations, and the longest that is cached, in UTF-16 code units. */
const GENERATION_MAX = 1_536
const LENGTH_MAX = 2_000

/**
 * What is read of texts, cached by the text itself for one tokeniser: it depends on nothing else. Texts that are not
 * asked for during a whole generation go: a recall asks for tens, and an exact LRU writes at each.
 */
export class TextCache<A extends object> {
  #recent = new Map<string, A>()
  #older = new Map<string, A>()
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
    const cached = this.#recent.get(text)
    if (cached !== undefined) return cached
    const found = this.#older.get(text) ?? this.#read(text, tokeniser)
    if (this.#recent.size === GENERATION_MAX) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(text, found)
    return found
  }

  /** The keys are remembered text. */
  clear(): void {
    this.#recent.clear()
    this.#older.clear()
  }
}
