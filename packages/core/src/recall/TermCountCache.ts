import { LruMap } from "../runtime/LruMap.ts"
import type { Memory } from "../memory/Memory.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"
import { type CountedTerms, countTerms } from "../text/bm25.ts"

/** A text's counted terms, and their norm. */
export interface TermCounts extends CountedTerms {
  /** √Σ(1 + ln count)²: the norm of the text's vector, without IDF: that of other words is unknown. */
  readonly norm: number
}

const toTermCounts = (text: string): TermCounts => {
  const { distinct, length, numbers } = countTerms(text)
  let square = 0
  for (let i = distinct; i < 2 * distinct; i++) square += (1 + Math.log(numbers[i] ?? 0)) ** 2
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

  /** A function for the memories of one recall, which looks up the scope once. */
  of(scope: Scope): (memory: Memory) => TermCounts {
    const key = scopeKey(scope)
    const cached = this.#scopes.get(key)?.byId
    return ({ content, id }) => cached?.get(id) ?? this.#read(key, id, content)
  }

  #read(key: string, id: string, content: string): TermCounts {
    let scopeCounts = this.#scopes.get(key)
    const cached = scopeCounts?.byId.get(id)
    if (cached !== undefined) return cached
    const counts = toTermCounts(content)
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
