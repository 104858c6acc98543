import type { AskedWords } from "./AskedWords.ts"
import type { Sentence, Token } from "../sentences/readSentences.ts"

const NO_TOKENS: ReadonlyArray<Token> = []

/** A text against one question: which sentence answers, and what stands around it. */
export class Statement {
  readonly sentences: ReadonlyArray<Sentence>
  /** The sentence that holds most of the asked words, and their weight. */
  readonly answerAt: number
  readonly weight: number
  /** The bits of the asked words that each sentence holds. */
  readonly #held: ReadonlyArray<number>
  readonly #asked: AskedWords

  constructor(sentences: ReadonlyArray<Sentence>, asked: AskedWords) {
    this.sentences = sentences
    this.#asked = asked
    this.#held = sentences.map(({ tokens }) => asked.bitsOfAll(tokens))
    this.answerAt = this.best(-1)
    this.weight = asked.weigh(this.held(this.answerAt))
  }

  /** Its words, function words too. */
  get words(): number {
    return this.sentences.reduce((sum, { tokens }) => sum + tokens.length, 0)
  }

  held(at: number): number {
    return this.#held[at] ?? 0
  }

  /** The sentence that holds most of some asked words; 0 without one. */
  best(bits: number): number {
    let best = 0
    let most = -1
    this.#held.forEach((held, at) => {
      const weight = this.#asked.weigh(held & bits)
      if (weight <= most) return
      best = at
      most = weight
    })
    return best
  }

  /** The asked words of a sentence and of those beside it. */
  heldAround(at: number): number {
    return this.held(at - 1) | this.held(at) | this.held(at + 1)
  }

  cues(at: number): number {
    return this.sentences[at]?.cues ?? 0
  }

  cuesAround(at: number): number {
    return this.cues(at - 1) | this.cues(at) | this.cues(at + 1)
  }

  tokens(at: number): ReadonlyArray<Token> {
    return this.sentences[at]?.tokens ?? NO_TOKENS
  }

  /** The tokens of a sentence and of those beside it. */
  tokensAround(at: number): ReadonlyArray<Token> {
    return [...this.tokens(at - 1), ...this.tokens(at), ...this.tokens(at + 1)]
  }
}
