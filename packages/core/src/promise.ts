/**
 * The Promise twin of the Effect API: derived from it by type and by a proxy of its methods, so that the
 * two cannot drift apart.
 */
import type { Effect, Stream } from "effect"
import type { ScopedMemory } from "./AgentMemory.ts"

/** Last argument of every method: aborting it rejects with the signal's reason. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined
}

/** Effects become promises, streams become async iterables, plain values stay. */
export type Promised<Service> = {
  readonly [Name in keyof Service]: Service[Name] extends (...args: infer Args) => infer Returned
    ? Returned extends Effect.Effect<infer A, infer _E, never>
      ? (...args: [...args: Args, run?: RunOptions]) => Promise<A>
      : Returned extends Stream.Stream<infer A, infer _E, never>
        ? (...args: Args) => AsyncIterable<A>
        : Service[Name]
    : Service[Name]
}

/** A scoped memory for people who do not use Effect. */
export type PromiseMemory = Promised<ScopedMemory>

/** What `openMemory` gives: a memory per user, and a store to let go of at the end. */
export interface MemoryClient extends AsyncDisposable {
  /** The memory of one user. `agentId` is `"default"` when absent. Throws `InvalidInput` at once for a bad id. */
  for(scope: { readonly userId: string; readonly agentId?: string | undefined }): PromiseMemory
  /** Finishes what was acknowledged and closes the store. Safe to call twice. */
  close(): Promise<void>
}
