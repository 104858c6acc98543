/** Virtual time, for calls that also take turns of the event loop. */
import { type Duration, Effect } from "effect"
import { TestClock } from "effect/testing"

const nextTurn = Effect.promise(async () => {
  // oxlint-disable-next-line promise/avoid-new
  await new Promise((resolve) => setImmediate(resolve))
})

/** More turns than a call takes between two of its waits, which it does after each few milliseconds of work. */
const TURNS = 100

/** Lets work under way come to where it waits for time, or ends. */
const settle = Effect.repeat(nextTurn, { times: TURNS })

/**
 * `TestClock.adjust` beside a fiber under way: a call that were still on its way to a timer would set it only
 * after the time had passed, and wait for ever.
 */
export const passTime = (duration: Duration.Input) =>
  Effect.andThen(settle, Effect.andThen(TestClock.adjust(duration), settle))
