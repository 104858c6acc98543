/** Work that goes on beside a program, and does not keep the program running. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * Calls `onEnd` after some milliseconds unless the function returned is called before. Under a clock of the
 * application's own or a test's, by that clock.
 */
export const startTimer = (
  clock: Clock.Clock,
  ms: number,
  onEnd: () => void,
  { holdsProcess }: { readonly holdsProcess: boolean }
): (() => void) => {
  if (clock !== Context.get(Context.empty(), Clock.Clock)) {
    const sleeper = Effect.runFork(Effect.andThen(clock.sleep(Duration.millis(ms)), Effect.sync(onEnd)))
    return () => sleeper.interruptUnsafe()
  }
  // A longer delay would end at once.
  const timer = setTimeout(onEnd, Math.min(ms, 0x7fff_ffff))
  if (!holdsProcess) timer.unref()
  return () => clearTimeout(timer)
}

/** Sleeps without holding the process. */
export const sleepInBackground = (period: Duration.Input): Effect.Effect<void> =>
  Effect.clockWith((clock) =>
    Effect.callback<void>((resume) => {
      const cancel = startTimer(clock, Duration.toMillis(period), () => resume(Effect.void), {
        holdsProcess: false
      })
      return Effect.sync(cancel)
    })
  )

const endings = new Set<() => void>()

const runEndings = (): void => {
  for (const run of endings) run()
}

/**
 * Runs when the process has nothing left to do and would end, until the Effect scope closes; the process waits for what
 * `run` starts. Node then asks again: `run` must come to have nothing to do.
 */
export const onProcessIdle = (run: () => void): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.sync(() => {
        // One listener for all, since Node warns about more than ten.
        if (endings.size === 0) process.on("beforeExit", runEndings)
        endings.add(run)
      }),
      () =>
        Effect.sync(() => {
          endings.delete(run)
          if (endings.size === 0) process.off("beforeExit", runEndings)
        })
    )
  )
