/** Work that goes on beside a program, and does not keep the program running. */
import { Clock, Context, Duration, Effect, type Scope } from "effect"

/** Sleeps without holding the process; under a clock of the application's own or a test's, by that clock. */
export const sleepInBackground = (period: Duration.Input): Effect.Effect<void> =>
  Effect.clockWith((clock) =>
    clock === Context.get(Context.empty(), Clock.Clock)
      ? Effect.callback<void>((resume) => {
          const timer = setTimeout(() => resume(Effect.void), Duration.toMillis(period))
          timer.unref()
          return Effect.sync(() => clearTimeout(timer))
        })
      : Effect.sleep(period)
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
