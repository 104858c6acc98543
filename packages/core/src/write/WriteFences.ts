import * as Effect from "effect/Effect"
import { LruMap } from "../runtime/LruMap.ts"
import { Conflict, MemoryError } from "../memory/MemoryError.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"

/** A write at the store: the callbacks that run when it ends. */
type Write = Set<() => void>

/** Scopes and users whose last forgetting is kept: up to some 15 MB. */
const FORGOTTEN_MAX = 100_000

const forgotten = new MemoryError({
  reason: new Conflict({
    message:
      "Everything in this scope, or of this user, was forgotten while this was waiting to be written; say it again if it should be kept."
  })
})

/** The key of a user's writes: no scope has an empty agent, so it differs from every scope's key. */
const userKey = (userId: string): string => scopeKey({ agentId: "", userId })

/**
 * Fencing tokens per scope and per user, within this process: a write that began, or was queued, before
 * `forgetAll` or `eraseUser` cannot land after it.
 */
export class WriteFences {
  /** Counts forgettings over all scopes, so that any two tokens can be compared. */
  #clock = 0
  /** The count at which a scope, or a user, was last forgotten. */
  readonly #forgotten: LruMap<string, number>
  /** Oldest valid token; older ones may predate an evicted entry. */
  #floor = 0
  /** Each write stands under its scope and under its user. */
  readonly #writing = new Map<string, Set<Write>>()
  /** Erasures under way per user. */
  readonly #erasing = new Map<string, number>()

  constructor(capacity: number = FORGOTTEN_MAX) {
    this.#forgotten = new LruMap(capacity, (_, token) => {
      this.#floor = Math.max(this.#floor, token)
    })
  }

  /** How many scopes and users have a write at the store. */
  get writing(): number {
    return this.#writing.size
  }

  /** The token of a write that is queued or begins now. */
  token(): number {
    return this.#clock
  }

  /** The token of a forgetting that is queued or begins now: writes that begin later have one as new. */
  forgettingToken(): number {
    return ++this.#clock
  }

  /** Runs a store write, or refuses it if its scope or user was forgotten since `token`. */
  write<A, E, R>(
    scope: Scope,
    token: number,
    write: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | MemoryError, R> {
    const keys = [scopeKey(scope), userKey(scope.userId)]
    return Effect.acquireUseRelease(
      Effect.suspend(() => (this.#refuses(keys, token) ? Effect.fail(forgotten) : this.#enter(keys))),
      () => write,
      (entry) => Effect.sync(() => this.#leave(keys, entry))
    )
  }

  #refuses(keys: ReadonlyArray<string>, token: number): boolean {
    return keys.some((key) => this.#erasing.has(key) || token < (this.#forgotten.get(key) ?? this.#floor))
  }

  #enter(keys: ReadonlyArray<string>): Effect.Effect<Write> {
    return Effect.sync(() => {
      const entry: Write = new Set()
      for (const key of keys) {
        const writes = this.#writing.get(key)
        if (writes === undefined) this.#writing.set(key, new Set([entry]))
        else writes.add(entry)
      }
      return entry
    })
  }

  #leave(keys: ReadonlyArray<string>, entry: Write): void {
    for (const key of keys) {
      const writes = this.#writing.get(key)
      writes?.delete(entry)
      if (writes?.size === 0) this.#writing.delete(key)
    }
    for (const onEnd of entry) onEnd()
  }

  #forget(key: string, token: number): void {
    this.#forgotten.set(key, Math.max(token, this.#forgotten.get(key) ?? 0))
  }

  /** Waits for the writes that are at the store now. */
  #quiet(key: string): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const writes = Array.from(this.#writing.get(key) ?? [])
      if (writes.length === 0) return resume(Effect.void)
      let remaining = writes.length
      const onEnd = () => {
        remaining -= 1
        if (remaining === 0) resume(Effect.void)
      }
      for (const write of writes) write.add(onEnd)
      return Effect.sync(() => {
        for (const write of writes) write.delete(onEnd)
      })
    })
  }

  /**
   * Refuses writes that began before `token`, waits for those already at the store, then runs `forget`. Does not
   * wait for writes that begin meanwhile: a scope that is always written to could never be forgotten.
   */
  forget<A, E, R>(scope: Scope, token: number, forget: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const key = scopeKey(scope)
    return Effect.suspend(() => {
      this.#forget(key, token)
      return Effect.andThen(this.#quiet(key), forget)
    })
  }

  /**
   * Like `forget`, for every scope of a user. Refuses writes that begin before `erase` ends too, so that it
   * leaves nothing written until then.
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
          this.#forget(key, this.forgettingToken())
        })
    )
  }
}
