import { LruMap } from "../runtime/LruMap.ts"
import type { Memory } from "../memory/Memory.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"
import { type CountedTerms, countTerms } from "../text/bm25.ts"

/** A text as scoring reads it. */
export interface TermCounts extends CountedTerms {
  /** √Σ(1 + ln count)²: the length of the text's vector, without the IDF of words that the query does not hold. */
  readonly norm: number
}

const termCounts = (text: string): TermCounts => {
  const { distinct, length, numbers } = countTerms(text)
  let square = 0
  for (let i = distinct; i < 2 * distinct; i++) square += (1 + Math.log(numbers[i] ?? 0)) ** 2
  return { numbers, distinct, length, norm: Math.sqrt(square) || 1 }
}

/** Kept over all scopes. */
const BYTES_MAX = 64 * 2 ** 20
const SCOPES_MAX = 256

/** A form's numbers, and what the objects around them take. */
const bytesOf = ({ numbers }: TermCounts): number => 300 + numbers.byteLength

interface ScopeForms {
  readonly forms: Map<string, TermCounts>
  bytes: number
}

/**
 * Term forms by memory, so that a text is read once and not at every recall: content never changes under
 * an id. Kept by scope, so that forgetting can drop them.
 */
export class TermCountCache {
  readonly #scopes = new LruMap<string, ScopeForms>(SCOPES_MAX, (_, { bytes }) => {
    this.#bytes -= bytes
  })
  #bytes = 0

  /** For the memories of one recall: the scope is looked up once. */
  of(scope: Scope): (memory: Memory) => TermCounts {
    const key = scopeKey(scope)
    const known = this.#scopes.get(key)?.forms
    return ({ content, id }) => known?.get(id) ?? this.#read(key, id, content)
  }

  #read(key: string, id: string, content: string): TermCounts {
    let kept = this.#scopes.get(key)
    const known = kept?.forms.get(id)
    if (known !== undefined) return known
    const form = termCounts(content)
    const bytes = bytesOf(form)
    if (this.#bytes + bytes > BYTES_MAX) {
      this.#scopes.clear()
      this.#bytes = 0
      kept = undefined
    }
    if (kept === undefined) {
      kept = { forms: new Map(), bytes: 0 }
      this.#scopes.set(key, kept)
    }
    kept.forms.set(id, form)
    kept.bytes += bytes
    this.#bytes += bytes
    return form
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
    this.#bytes -= this.#scopes.get(key)?.bytes ?? 0
    this.#scopes.delete(key)
  }
}
