import { STORE_LIMITS } from "../store/MemoryStore.ts"

/** A power of two; three of four slots stay empty. */
const SLOTS = 4 * STORE_LIMITS.queryTerms

/**
 * Finds the index of a term in a query. Called for every term of hundreds of texts, most of which are not
 * in the query: an open hash table answers with one look at a small array.
 */
export class QueryTermTable {
  readonly #terms: Uint32Array
  /** The term's index plus one: 0 is an empty slot. */
  readonly #slots = new Uint8Array(SLOTS)

  /** `terms` are distinct, up to `STORE_LIMITS.queryTerms`. */
  constructor(terms: Uint32Array) {
    this.#terms = terms
    terms.forEach((term, index) => {
      let slot = term % SLOTS
      while (this.#slots[slot] !== 0) slot = (slot + 1) % SLOTS
      this.#slots[slot] = index + 1
    })
  }

  /** -1 for a term that is not in the query. */
  indexOf(term: number): number {
    for (let slot = term % SLOTS; ; slot = (slot + 1) % SLOTS) {
      const index = (this.#slots[slot] ?? 0) - 1
      if (index < 0 || this.#terms[index] === term) return index
    }
  }
}
