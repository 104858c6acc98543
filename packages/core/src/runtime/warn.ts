import * as Effect from "effect/Effect"
import * as References from "effect/References"

/** Logs for the operator. Effect's own loggers would write to standard output, which is the program's. */
export const warn = (message: string, cause?: unknown): Effect.Effect<void> =>
  (cause === undefined ? Effect.logWarning(message) : Effect.logWarning(message, cause)).pipe(
    Effect.provideService(References.LogToStderr, true)
  )
