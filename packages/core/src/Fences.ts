import { Effect } from "effect"
import { Conflict, MemoryError } from "./MemoryError.ts"
import { type Scope, scopeKey } from "./Scope.ts"

interface Gate {
  /** How often everything in the scope was forgotten. */
  generation: number
  writing: number
  /** Those who wait for the writes under way to end. */
  readonly waiting: Set<() => void>
}

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
  readonly #gates = new Map<string, Gate>()

  #gate(scope: Scope): Gate {
    const key = scopeKey(scope)
    const known = this.#gates.get(key)
    if (known !== undefined) return known
    const gate: Gate = { generation: 0, writing: 0, waiting: new Set() }
    this.#gates.set(key, gate)
    return gate
  }

  /** What a write has to hand over when it is made. */
  token(scope: Scope): number {
    return this.#gates.get(scopeKey(scope))?.generation ?? 0
  }

  /** Runs a store write that began under `token`, or refuses it. */
  write<A, E, R>(
    scope: Scope,
    token: number,
    write: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | MemoryError, R> {
    return Effect.suspend((): Effect.Effect<A, E | MemoryError, R> => {
      const gate = this.#gate(scope)
      if (gate.generation !== token) return Effect.fail(forgotten)
      gate.writing += 1
      return Effect.ensuring(
        write,
        Effect.sync(() => this.#leave(scope, gate))
      )
    })
  }

  #leave(scope: Scope, gate: Gate): void {
    gate.writing -= 1
    if (gate.writing > 0) return
    for (const resume of gate.waiting) resume()
    gate.waiting.clear()
    // A scope that was never forgotten needs no gate while nobody writes.
    if (gate.generation === 0) this.#gates.delete(scopeKey(scope))
  }

  /** Refuses what began earlier, waits for what is at the store already, then runs `forget`. */
  forget<A, E, R>(scope: Scope, forget: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const gate = this.#gate(scope)
      gate.generation += 1
      const quiet = Effect.callback<void>((resume) => {
        if (gate.writing === 0) return resume(Effect.void)
        const done = () => resume(Effect.void)
        gate.waiting.add(done)
        return Effect.sync(() => gate.waiting.delete(done))
      })
      return Effect.andThen(quiet, forget)
    })
  }
}
