/** The calls under way at once, and those that wait for one of them to end. */
import { AsyncLocalStorage } from "node:async_hooks"
import * as Effect from "effect/Effect"

/** Most calls at once. */
export interface CallLimits {
  /** That run. */
  readonly running: number
  /** That wait beyond them. One key takes at most half, and less the more keys wait. */
  readonly waiting: number
}

/** Why a call is refused. */
export interface CallLoad {
  /** Calls that wait, of all keys. */
  readonly waiting: number
  /** When as many have ended as wait now, if they end as fast as the last ones did. */
  readonly retryAfterMs: number
}

/** How a call waits. */
export interface Waiting<A, E> {
  /** Calls with the same key wait for each other, first come, first served. */
  readonly key: () => string
  /** The wait with its limit. */
  readonly limit: (wait: Effect.Effect<void>) => Effect.Effect<void, E>
  readonly refuse: (load: CallLoad) => Effect.Effect<A, E>
}

const RETRY_MIN_MS = 10
const RETRY_MAX_MS = 60_000
/** While none of those that run has ended. */
const RETRY_UNKNOWN_MS = 1_000

/** Whether code runs that a call waits for. */
const withinCall = new AsyncLocalStorage<boolean>()

/**
 * Runs an application's code that a call waits for. Calls that it makes never wait: the calls that they would wait for
 * could be those that wait for them.
 */
export const runWithinCall = <A>(run: () => A): A => withinCall.run(true, run)

/** Bounds calls and serves keys in turn. A call that runs at once costs no more than two sums. */
export class CallQueue {
  readonly #limits: CallLimits
  #running = 0
  /** Those among the running that code within a call made: as many as may wait. */
  #nested = 0
  #waiting = 0
  /** Waiting calls by key; the first key's first call is next. */
  readonly #calls = new Map<string, Array<() => void>>()
  #isStarting = false
  /** Since when calls wait, and how many have ended since. */
  #waitingSince = 0
  #ended = 0

  constructor(limits: CallLimits) {
    this.#limits = limits
  }

  /** Runs the effect at once, in its turn, or not at all. */
  run<A, E>(effect: Effect.Effect<A, E>, waiting: Waiting<A, E>): Effect.Effect<A, E> {
    return Effect.uninterruptibleMask((restore) => {
      if (this.#running - this.#nested < this.#limits.running && this.#waiting === 0) {
        this.#running++
        return Effect.onExit(restore(effect), this.#leave)
      }
      if (withinCall.getStore() === true) {
        if (this.#nested >= this.#limits.waiting) return waiting.refuse(this.#load())
        this.#running++
        this.#nested++
        return Effect.onExit(restore(effect), this.#leaveNested)
      }
      const key = waiting.key()
      const ofKey = this.#calls.get(key)?.length ?? 0
      if (ofKey >= this.#limits.waiting - this.#waiting) return waiting.refuse(this.#load())
      const turn = restore(waiting.limit(this.#awaitTurn(key)))
      return Effect.andThen(turn, Effect.onExit(restore(effect), this.#leave))
    })
  }

  readonly #leave = (): Effect.Effect<void> => {
    this.#running--
    if (this.#waiting > 0) this.#startSoon()
    return Effect.void
  }

  readonly #leaveNested = (): Effect.Effect<void> => {
    this.#nested--
    return this.#leave()
  }

  #load(): CallLoad {
    const ms =
      this.#ended === 0
        ? RETRY_UNKNOWN_MS
        : (this.#waiting * (performance.now() - this.#waitingSince)) / this.#ended
    return {
      waiting: this.#waiting,
      retryAfterMs: Math.round(Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, ms)))
    }
  }

  /** Resumes with a place among the running ones. */
  #awaitTurn(key: string): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const start = () => {
        this.#running++
        resume(Effect.void)
      }
      if (this.#waiting === 0) {
        this.#waitingSince = performance.now()
        this.#ended = 0
      }
      this.#waiting++
      const calls = this.#calls.get(key)
      if (calls === undefined) this.#calls.set(key, [start])
      else calls.push(start)
      return Effect.sync(() => this.#giveUp(key, start))
    })
  }

  #giveUp(key: string, start: () => void): void {
    const calls = this.#calls.get(key)
    const index = calls?.indexOf(start) ?? -1
    if (calls === undefined || index < 0) return
    calls.splice(index, 1)
    if (calls.length === 0) this.#calls.delete(key)
    this.#waiting--
  }

  /** Not at once: a call that ended resumes the next, which may end at once too, and so on down the stack. */
  #startSoon(): void {
    this.#ended++
    if (this.#isStarting) return
    this.#isStarting = true
    queueMicrotask(() => withinCall.run(false, () => this.#startWaiting()))
  }

  #startWaiting(): void {
    while (this.#waiting > 0 && this.#running - this.#nested < this.#limits.running) this.#startNext()
    this.#isStarting = false
  }

  /** Starts the first call of the first key, which becomes the last. */
  #startNext(): void {
    const [next] = this.#calls
    if (next === undefined) return
    const [key, calls] = next
    const start = calls.shift()
    this.#calls.delete(key)
    if (calls.length > 0) this.#calls.set(key, calls)
    this.#waiting--
    start?.()
  }
}
