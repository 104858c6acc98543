import { idf } from "../../text/bm25.ts"
import { FUNCTION_WORD, surpriseCaps } from "../../text/commonWords.ts"
import type { Query, QueryWeights } from "../query.ts"
import type { Token } from "../sentences/readSentences.ts"

/** Words of a question that are told apart; the others count for nothing here. */
const WORDS_MAX = 30

/** The place of the lowest bit that is set. */
const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits)

/** The words that a question asks for, and what each weighs. */
export class AskedWords {
  /** The bits of the words that a term stands for. */
  readonly #bits = new Map<number, number>()
  readonly #tokeniser: string
  readonly #weights: ReadonlyArray<number>
  readonly #words: Query["words"]
  /** Of those that some memory holds. */
  readonly known: number
  /** Of all of them. */
  readonly all: number

  /** A word weighs what it tells (its surprise): in a memory of a few rows, no IDF tells a rare word from a common one. */
  constructor({ terms, tokeniser, words }: Query, { idfs, n, words: weighed }: QueryWeights) {
    const asked = words.slice(0, WORDS_MAX)
    const unheld = idf(n, 0)
    const weights = asked.map((_, i) => weighed[i]?.surprise ?? 0)
    const areKnown = asked.map(({ key }) => (idfs[key] ?? 0) < unheld)
    this.#tokeniser = tokeniser
    this.#weights = weights
    this.#words = asked
    this.all = weights.reduce((sum, weight) => sum + weight, 0)
    this.known = weights.reduce((sum, weight, i) => (areKnown[i] === true ? sum + weight : sum), 0)
    for (const [i, { key, stems, whole }] of asked.entries()) {
      this.#add(terms[key], i)
      for (const { term } of stems) this.#add(terms[term], i)
      this.#addUnder(whole.mask0, terms, 0, i)
      this.#addUnder(whole.mask1, terms, 32, i)
    }
  }

  /** Whether a word is a function word of some language, and tells nothing. */
  isFunctionWord({ ids }: Token): boolean {
    const [id] = ids
    return id !== undefined && surpriseCaps(this.#tokeniser, false).get(id) === FUNCTION_WORD
  }

  /** Adds the terms of a mask, whose first bit is that of the term at `from`. */
  #addUnder(mask: number, terms: Uint32Array, from: number, word: number): void {
    for (let rest = mask; rest !== 0; rest &= rest - 1) this.#add(terms[from + lowestBit(rest)], word)
  }

  #add(term: number | undefined, word: number): void {
    if (term !== undefined) this.#bits.set(term, (this.#bits.get(term) ?? 0) | (1 << word))
  }

  /** The bits of the words that a token stands for. */
  bitsOf({ ids }: Token): number {
    let bits = 0
    for (const id of ids) bits |= this.#bits.get(id) ?? 0
    return bits
  }

  /** The bits of the words that some of these tokens stand for. */
  bitsOfAll(tokens: ReadonlyArray<Token>): number {
    let bits = 0
    for (const token of tokens) bits |= this.bitsOf(token)
    return bits
  }

  /** The bits of the words of which some form is among the query's terms of these masks. */
  bitsUnder(mask0: number, mask1: number): number {
    let bits = 0
    this.#words.forEach((word, i) => {
      if (((word.mask0 & mask0) | (word.mask1 & mask1)) !== 0) bits |= 1 << i
    })
    return bits
  }

  /** Whether a term stands for one of them. */
  holds(term: number): boolean {
    return this.#bits.has(term)
  }

  /** Σ of the weights of the words of these bits. */
  weigh(bits: number): number {
    let weight = 0
    for (let rest = bits; rest !== 0; rest &= rest - 1) weight += this.#weights[lowestBit(rest)] ?? 0
    return weight
  }
}
