import { Effect } from "effect"
import { LruMap } from "../runtime/LruMap.ts"
import { Conflict, MemoryError } from "../memory/MemoryError.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"

/** A write at the store, and who waits for its end. */
type Write = Set<() => void>

/** Scopes whose forgetting is remembered one by one: some 15 MB at the most. */
const FORGOTTEN_MAX = 100_000

const forgotten = new MemoryError({
  reason: new Conflict({
    message:
      "Everything in this scope, or of this user, was forgotten while this was waiting to be written; say it again if it should be kept."
  })
})

/** What a user's writes are kept under: no scope has an empty agent, so that no scope's key is the same. */
const userKey = (userId: string): string => scopeKey({ agentId: "", userId })

/**
 * Keeps forgetting and writing apart, per scope and per user and within this process: a write that began,
 * or was queued, before `forgetAll` or `eraseUser` cannot land after it.
 */
export class WriteFences {
  /** Counts forgettings over all scopes, so that tokens are comparable whatever is still known of a scope. */
  #clock = 0
  /** When everything in a scope, or of a user, was last forgotten. */
  readonly #forgotten: LruMap<string, number>
  /** Tokens from before this are refused everywhere: it is no longer known what was forgotten since. */
  #floor = 0
  /** A write stands under its scope and under its user. */
  readonly #writing = new Map<string, Set<Write>>()
  /** Users who are being erased, and by how many. */
  readonly #erasing = new Map<string, number>()

  constructor(capacity: number = FORGOTTEN_MAX) {
    this.#forgotten = new LruMap(capacity, (_, at) => {
      this.#floor = Math.max(this.#floor, at)
    })
  }

  /** Scopes and users with a write at the store. */
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
    const keys = [scopeKey(scope), userKey(scope.userId)]
    return Effect.acquireUseRelease(
      Effect.suspend(() => (this.#refuses(keys, token) ? Effect.fail(forgotten) : this.#enter(keys))),
      () => write,
      (entered) => Effect.sync(() => this.#leave(keys, entered))
    )
  }

  #refuses(keys: ReadonlyArray<string>, token: number): boolean {
    return keys.some((key) => this.#erasing.has(key) || token < (this.#forgotten.get(key) ?? this.#floor))
  }

  #enter(keys: ReadonlyArray<string>): Effect.Effect<Write> {
    return Effect.sync(() => {
      const entered: Write = new Set()
      for (const key of keys) {
        const writes = this.#writing.get(key)
        if (writes === undefined) this.#writing.set(key, new Set([entered]))
        else writes.add(entered)
      }
      return entered
    })
  }

  #leave(keys: ReadonlyArray<string>, entered: Write): void {
    for (const key of keys) {
      const writes = this.#writing.get(key)
      writes?.delete(entered)
      if (writes?.size === 0) this.#writing.delete(key)
    }
    for (const ended of entered) ended()
  }

  #forget(key: string): void {
    this.#clock += 1
    this.#forgotten.set(key, this.#clock)
  }

  /** Waits for the writes that are at the store now. */
  #quiet(key: string): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
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
  }

  /**
   * Refuses what began earlier, waits for what is at the store already, then runs `forget`. Who begins to
   * write meanwhile is not waited for: a scope that is always written to could never be forgotten.
   */
  forget<A, E, R>(scope: Scope, forget: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const key = scopeKey(scope)
    return Effect.suspend(() => {
      this.#forget(key)
      return Effect.andThen(this.#quiet(key), forget)
    })
  }

  /**
   * As `forget`, for every scope of a user, known or not; what begins before `erase` has ended is refused
   * too, so that nothing said until then is left.
   */
  eraseUser<A, E, R>(userId: string, erase: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const key = userKey(userId)
    return Effect.acquireUseRelease(
      Effect.sync(() => this.#erasing.set(key, (this.#erasing.get(key) ?? 0) + 1)),
      () => Effect.andThen(this.#quiet(key), erase),
      () =>
        Effect.sync(() => {
          const others = (this.#erasing.get(key) ?? 1) - 1
          if (others === 0) this.#erasing.delete(key)
          else this.#erasing.set(key, others)
          this.#forget(key)
        })
    )
  }
}
