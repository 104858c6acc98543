import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type FreshStore, openBench } from "./Law.ts"
import { laws } from "./laws.ts"
import type { LawName } from "./manifest.ts"
import { type LawOptions, lawSettings } from "./settings.ts"

/** The outcome of one law. */
export interface Verdict {
  readonly law: string
  /** Why the store broke the law; `null` if it kept it. */
  readonly cause: Cause.Cause<unknown> | null
}

/**
 * Runs the laws one after another and returns a verdict for each: for other test runners, and for none. `only`
 * names the laws to run; all when absent. Fails if the place cannot be acquired.
 */
export const runLaws = (
  fresh: FreshStore,
  options: Omit<LawOptions, "exceptions"> & { readonly only?: ReadonlyArray<LawName> } = {}
): Effect.Effect<ReadonlyArray<Verdict>, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const bench = yield* openBench(fresh, lawSettings(options))
      const names: ReadonlyArray<string> | undefined = options.only
      const chosen = laws.filter(({ name }) => names === undefined || names.includes(name))
      return yield* Effect.forEach(chosen, ({ name, run }) =>
        Effect.suspend(() => run(bench.contextFor())).pipe(
          Effect.scoped,
          Effect.exit,
          Effect.map((exit): Verdict => ({ law: name, cause: Exit.isFailure(exit) ? exit.cause : null }))
        )
      )
    })
  )
