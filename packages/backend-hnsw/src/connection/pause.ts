import * as Effect from "effect/Effect"

/** Real milliseconds, not those of Effect's `Clock`: other processes hold the locks. */
export const pause = (ms: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const handle = setTimeout(() => resume(Effect.void), ms)
    return Effect.sync(() => clearTimeout(handle))
  })
