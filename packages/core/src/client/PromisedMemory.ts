import type { Scope } from "../memory/Scope.ts"
import { BoundMemory } from "./BoundMemory.ts"
import { callPromised, type Runner } from "./promised.ts"
import type { MemoryVerbs, ScopedMemory } from "./ScopedMemory.ts"

/**
 * A memory bound to one scope, as promises. Its verbs are methods: call `memory.recall(…)`, not a `recall`
 * taken off it.
 */
export interface PromiseMemory extends MemoryVerbs<"promise"> {}

/** The Promise twin of a `ScopedMemory`: its prototype gets each verb once, from `BoundMemory`'s. */
export class PromisedMemory {
  readonly scope: Scope
  readonly reads: ReadonlyArray<Scope>
  readonly timeZone: string
  readonly #memory: ScopedMemory
  readonly #runner: Runner

  constructor(memory: ScopedMemory, runner: Runner) {
    this.scope = memory.scope
    this.reads = memory.reads
    this.timeZone = memory.timeZone
    this.#memory = memory
    this.#runner = runner
  }

  static {
    for (const name of Object.getOwnPropertyNames(BoundMemory.prototype)) {
      if (name === "constructor") continue
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        writable: true,
        value(this: PromisedMemory, ...input: ReadonlyArray<unknown>): unknown {
          return callPromised(this.#memory, name, input, this.#runner)
        }
      })
    }
  }

  static of(memory: ScopedMemory, runner: Runner): PromiseMemory {
    return new PromisedMemory(memory, runner) as unknown as PromiseMemory
  }
}
