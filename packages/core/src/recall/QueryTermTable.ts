import { STORE_LIMITS } from "../store/MemoryStore.ts"

/** A power of two; three of four slots stay empty. */
const SLOTS = 4 * STORE_LIMITS.queryTerms

/**
 * Finds a term's place among those of a query. Asked for every term of hundreds of texts, most of which are not
 * in the query: an open hash table answers with one look at a small array.
 */
export class QueryTermTable {
  readonly #terms: Uint32Array
  /** A place plus one: 0 is an empty slot. */
  readonly #slots = new Uint8Array(SLOTS)

  /** `terms` are distinct, at most `STORE_LIMITS.queryTerms`. */
  constructor(terms: Uint32Array) {
    this.#terms = terms
    terms.forEach((term, place) => {
      let slot = term % SLOTS
      while (this.#slots[slot] !== 0) slot = (slot + 1) % SLOTS
      this.#slots[slot] = place + 1
    })
  }

  /** 0 for the first term; -1 for one that is not in the query. */
  of(term: number): number {
    for (let slot = term % SLOTS; ; slot = (slot + 1) % SLOTS) {
      const place = (this.#slots[slot] ?? 0) - 1
      if (place < 0 || this.#terms[place] === term) return place
    }
  }
}
