import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type MemoryStore, STORE_LIMITS } from "../store/MemoryStore.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"

/** Scopes in the queue; beyond, the oldest counts are dropped, since counts are approximate. */
const SCOPES_MAX = 10_000

/**
 * Collects access counts and writes them in batches, so that a recall costs no write. Counts are approximate: a
 * memory recalled twice between two flushes counts once.
 */
export class AccessCounter {
  readonly #store: MemoryStore["Service"]
  #pending = new Map<string, { readonly scope: Scope; readonly ids: Set<string> }>()

  constructor(store: MemoryStore["Service"]) {
    this.#store = store
  }

  add(scope: Scope, ids: ReadonlyArray<string>): void {
    if (ids.length === 0) return
    const key = scopeKey(scope)
    const entry = this.#pending.get(key) ?? { scope, ids: new Set<string>() }
    for (const id of ids) if (entry.ids.size < STORE_LIMITS.batch) entry.ids.add(id)
    this.#pending.set(key, entry)
    if (this.#pending.size > SCOPES_MAX) {
      const [oldest] = this.#pending.keys()
      if (oldest !== undefined) this.#pending.delete(oldest)
    }
  }

  get hasPending(): boolean {
    return this.#pending.size > 0
  }

  forget(scope: Scope): void {
    this.#pending.delete(scopeKey(scope))
  }

  /** Across agents. */
  forgetUser(userId: string): void {
    for (const [key, { scope }] of this.#pending) if (scope.userId === userId) this.#pending.delete(key)
  }

  /** Writes all counts; a failure loses counts and nothing else. */
  readonly flush: Effect.Effect<void> = Effect.suspend(() => {
    const entries = Array.from(this.#pending.values())
    this.#pending = new Map()
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.forEach(
        entries,
        ({ ids, scope }) => Effect.ignoreCause(this.#store.touch({ scope, now, ids: Array.from(ids) })),
        { concurrency: 4, discard: true }
      )
    )
  })
}
