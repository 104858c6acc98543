import { Effect } from "effect"
import { LruMap } from "./LruMap.ts"
import { Conflict, MemoryError } from "./MemoryError.ts"
import { type Scope, scopeKey } from "./Scope.ts"

/** A write at the store, and who waits for its end. */
type Write = Set<() => void>

/** Scopes whose forgetting is remembered one by one: some 15 MB at the most. */
const FORGOTTEN_MAX = 100_000

const forgotten = new MemoryError({
  reason: new Conflict({
    message:
      "Everything in this scope was forgotten while this was waiting to be written; say it again if it should be kept."
  })
})

/**
 * Keeps forgetting and writing apart, per scope and within this process: a write that began, or was
 * queued, before `forgetAll` cannot land after it.
 */
export class Fences {
  /** Counts forgettings over all scopes, so that tokens are comparable whatever is still known of a scope. */
  #clock = 0
  /** When everything in a scope was last forgotten. */
  readonly #forgotten: LruMap<string, number>
  /** Tokens from before this are refused everywhere: it is no longer known what was forgotten since. */
  #floor = 0
  readonly #writing = new Map<string, Set<Write>>()

  constructor(capacity: number = FORGOTTEN_MAX) {
    this.#forgotten = new LruMap(capacity, (_, at) => {
      this.#floor = Math.max(this.#floor, at)
    })
  }

  /** Scopes with a write at the store. */
  get writing(): number {
    return this.#writing.size
  }

  /** What a write has to hand over when it is made. */
  token(): number {
    return this.#clock
  }

  /** Runs a store write that began under `token`, or refuses it. */
  write<A, E, R>(
    scope: Scope,
    token: number,
    write: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | MemoryError, R> {
    const key = scopeKey(scope)
    return Effect.acquireUseRelease(
      Effect.suspend(() =>
        token < (this.#forgotten.get(key) ?? this.#floor) ? Effect.fail(forgotten) : this.#enter(key)
      ),
      () => write,
      (entered) => Effect.sync(() => this.#leave(key, entered))
    )
  }

  #enter(key: string): Effect.Effect<Write> {
    return Effect.sync(() => {
      const entered: Write = new Set()
      const writes = this.#writing.get(key)
      if (writes === undefined) this.#writing.set(key, new Set([entered]))
      else writes.add(entered)
      return entered
    })
  }

  #leave(key: string, entered: Write): void {
    const writes = this.#writing.get(key)
    writes?.delete(entered)
    if (writes?.size === 0) this.#writing.delete(key)
    for (const ended of entered) ended()
  }

  /**
   * Refuses what began earlier, waits for what is at the store already, then runs `forget`. Who begins to
   * write meanwhile is not waited for: a scope that is always written to could never be forgotten.
   */
  forget<A, E, R>(scope: Scope, forget: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const key = scopeKey(scope)
    return Effect.suspend(() => {
      this.#clock += 1
      this.#forgotten.set(key, this.#clock)
      const quiet = Effect.callback<void>((resume) => {
        const writes = Array.from(this.#writing.get(key) ?? [])
        if (writes.length === 0) return resume(Effect.void)
        let left = writes.length
        const ended = () => {
          left -= 1
          if (left === 0) resume(Effect.void)
        }
        for (const write of writes) write.add(ended)
        return Effect.sync(() => {
          for (const write of writes) write.delete(ended)
        })
      })
      return Effect.andThen(quiet, forget)
    })
  }
}
