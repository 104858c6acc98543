import { LruMap } from "../runtime/LruMap.ts"
import type { Memory } from "../memory/Memory.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"
import { type CountedTerms, countTerms } from "../text/bm25.ts"

/** A text's counted terms, and their norm. */
export interface TermCounts extends CountedTerms {
  /** √Σ(1 + ln count)²: the norm of the text's vector, each word once, without IDF: that of other words is unknown. */
  readonly norm: number
}

const toTermCounts = (text: string, tokeniser: string): TermCounts => {
  const { distinct, length, numbers } = countTerms(text, tokeniser)
  const keys = numbers.slice(2 * distinct).sort()
  let square = 0
  for (let i = 0; i < length;) {
    const key = keys[i]
    let count = 0
    while (i < length && keys[i] === key) {
      count++
      i++
    }
    square += (1 + Math.log(count)) ** 2
  }
  return { numbers, distinct, length, norm: Math.sqrt(square) || 1 }
}

/** Bounds over all scopes. */
const BYTES_MAX = 64 * 2 ** 20
const SCOPES_MAX = 256

/** Estimates the bytes of the numbers and of the objects around them. */
const countBytes = ({ numbers }: TermCounts): number => 300 + numbers.byteLength

interface ScopeCounts {
  readonly byId: Map<string, TermCounts>
  bytes: number
}

/**
 * Caches term counts by memory, so that recalls do not tokenise a text again: content never changes under an
 * id. Grouped by scope, so that forgetting can drop them.
 */
export class TermCountCache {
  readonly #scopes = new LruMap<string, ScopeCounts>(SCOPES_MAX, (_, { bytes }) => {
    this.#bytes -= bytes
  })
  #bytes = 0
  #tokeniser = ""

  /** A function for the memories of one recall, which looks up the scope once. */
  of(scope: Scope, tokeniser: string): (memory: Memory) => TermCounts {
    if (tokeniser !== this.#tokeniser) {
      // The store was moved to other terms.
      this.#scopes.clear()
      this.#bytes = 0
      this.#tokeniser = tokeniser
    }
    const key = scopeKey(scope)
    const cached = this.#scopes.get(key)?.byId
    return ({ content, id }) => cached?.get(id) ?? this.#read(key, id, content)
  }

  #read(key: string, id: string, content: string): TermCounts {
    let scopeCounts = this.#scopes.get(key)
    const cached = scopeCounts?.byId.get(id)
    if (cached !== undefined) return cached
    const counts = toTermCounts(content, this.#tokeniser)
    const bytes = countBytes(counts)
    if (this.#bytes + bytes > BYTES_MAX) {
      this.#scopes.clear()
      this.#bytes = 0
      scopeCounts = undefined
    }
    if (scopeCounts === undefined) {
      scopeCounts = { byId: new Map(), bytes: 0 }
      this.#scopes.set(key, scopeCounts)
    }
    scopeCounts.byId.set(id, counts)
    scopeCounts.bytes += bytes
    this.#bytes += bytes
    return counts
  }

  forget(scope: Scope): void {
    this.#drop(scopeKey(scope))
  }

  /** Drops the scopes of a user, of every agent. */
  forgetUser(userId: string): void {
    const ending = scopeKey({ agentId: "", userId })
    for (const key of this.#scopes.keys()) if (key.endsWith(ending)) this.#drop(key)
  }

  #drop(key: string): void {
    this.#bytes -= this.#scopes.get(key)?.bytes ?? 0
    this.#scopes.delete(key)
  }
}
