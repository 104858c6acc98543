/** The place of a call among those under way in one memory. */
import * as Effect from "effect/Effect"
import { MemoryError, Overloaded, timedOut } from "../memory/MemoryError.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"
import type { CallLoad, CallQueue } from "../runtime/CallQueue.ts"
import { withinDeadline } from "../runtime/deadline.ts"
import { admit } from "../runtime/timeSlice.ts"

/** Where calls queue, and the longest that one waits. */
interface QueuedCalls {
  readonly calls: CallQueue
  readonly deadlineMs: number
}

const refuse = ({ retryAfterMs, waiting }: CallLoad): Effect.Effect<never, MemoryError> =>
  Effect.suspend(() => {
    const message = `${waiting} calls wait for this memory already. Try again in about ${retryAfterMs} ms, send fewer calls at once, or give a larger queue.`
    return Effect.fail(new MemoryError({ reason: new Overloaded({ message, retryAfterMs }) }))
  })

/**
 * Runs a call at once, or when those before it have ended, scopes in turn; in slices of the event loop. Fails with `Overloaded` at once where too
 * many wait, and with `Timeout` at the call's deadline, or after the memory's own where it has none.
 */
export const queueCall = <A>(
  { calls, deadlineMs }: QueuedCalls,
  scope: Scope,
  verb: string,
  effect: Effect.Effect<A, MemoryError>
): Effect.Effect<A, MemoryError> =>
  calls.run(Effect.andThen(admit, effect), {
    key: () => scopeKey(scope),
    limit: (wait) => withinDeadline<void, MemoryError>(wait, deadlineMs, () => timedOut(verb, deadlineMs)),
    refuse
  })
