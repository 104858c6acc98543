import { LruMap } from "./LruMap.ts"
import type { Memory } from "./Memory.ts"
import { type Scope, scopeKey } from "./Scope.ts"
import { termId, tokenise } from "./terms.ts"

/** A text as scoring reads it. */
export interface TermForm {
  /** Distinct term ids, ascending. */
  readonly ids: Uint32Array
  /** How often each of `ids` occurs. */
  readonly counts: Uint32Array
  /** Every term in order of appearance. */
  readonly sequence: Uint32Array
  /** √Σ(1 + ln count)²: the length of the text's vector, without the IDF of words that the query does not hold. */
  readonly norm: number
}

export const termForm = (text: string): TermForm => {
  const sequence = Uint32Array.from(tokenise(text), termId)
  const sorted = sequence.slice().sort()
  const ids: Array<number> = []
  const counts: Array<number> = []
  for (const id of sorted) {
    if (ids.at(-1) === id) counts[counts.length - 1] = (counts.at(-1) ?? 0) + 1
    else {
      ids.push(id)
      counts.push(1)
    }
  }
  const square = counts.reduce((sum, count) => sum + (1 + Math.log(count)) ** 2, 0)
  return {
    ids: Uint32Array.from(ids),
    counts: Uint32Array.from(counts),
    sequence,
    norm: Math.sqrt(square) || 1
  }
}

/** How often a term occurs. */
export const countOf = ({ counts, ids }: TermForm, id: number): number => {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] ?? 0) < id) low = middle + 1
    else high = middle
  }
  return ids[low] === id ? (counts[low] ?? 0) : 0
}

/** Terms kept over all scopes: 2 million are about 24 MB. */
const TERMS_MAX = 2_000_000
const SCOPES_MAX = 256

/**
 * Term forms by memory, so that a text is read once and not at every recall: content never changes under
 * an id. Kept by scope, so that forgetting can drop them.
 */
export class TermFormCache {
  readonly #scopes = new LruMap<string, Map<string, TermForm>>(SCOPES_MAX)
  #terms = 0

  of(scope: Scope): (memory: Memory) => TermForm {
    const key = scopeKey(scope)
    return ({ content, id }) => {
      let forms = this.#scopes.get(key)
      const known = forms?.get(id)
      if (known !== undefined) return known
      const form = termForm(content)
      if (this.#terms + form.sequence.length > TERMS_MAX) {
        this.#scopes.clear()
        this.#terms = 0
        forms = undefined
      }
      if (forms === undefined) {
        forms = new Map()
        this.#scopes.set(key, forms)
      }
      forms.set(id, form)
      this.#terms += form.sequence.length
      return form
    }
  }

  forget(scope: Scope): void {
    this.#drop(scopeKey(scope))
  }

  /** Across agents. */
  forgetUser(userId: string): void {
    const ending = scopeKey({ agentId: "", userId })
    for (const key of this.#scopes.keys()) if (key.endsWith(ending)) this.#drop(key)
  }

  #drop(key: string): void {
    for (const form of this.#scopes.get(key)?.values() ?? []) this.#terms -= form.sequence.length
    this.#scopes.delete(key)
  }
}
