import { layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Bench, type FreshStore, type Law, openBench } from "./Law.ts"
import { laws } from "./laws.ts"
import { LAWS } from "./manifest.ts"
import { type LawOptions, lawSettings } from "./settings.ts"

export interface StoreLawsOptions extends LawOptions {
  /** Milliseconds per law, plus 25 per operation of a random program; 60,000 when absent. */
  readonly timeout?: number
}

/** Throws if an exception names no law, which would hide that a law was renamed, or gives no reason. */
const excused = (exceptions: NonNullable<LawOptions["exceptions"]>): ReadonlyMap<string, string> => {
  const names: ReadonlyArray<string> = LAWS
  const unknown = Object.keys(exceptions).filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    throw new Error(
      `No such law: ${unknown.join("; ")}. The names are those of LAWS in @keepsake/core/testing.`
    )
  }
  const silent = Object.entries(exceptions).filter(([, reason]) => reason.trim() === "")
  if (silent.length > 0)
    throw new Error(`An exception needs its reason: ${silent.map(([name]) => name).join("; ")}.`)
  return new Map(Object.entries(exceptions))
}

/**
 * Registers every law as a Vitest case under `name`. This is the whole proof of a backend:
 *
 * ```ts
 * storeLaws("my store", Effect.map(emptyPlace, (url) => MyStore.layer({ url })))
 * ```
 *
 * The laws share one place, each in its own scope; a few acquire a fresh place. Exceptions are registered as
 * skipped, with the reason in the title.
 */
export const storeLaws = (name: string, fresh: FreshStore, options: StoreLawsOptions = {}): void => {
  const exceptions = excused(options.exceptions ?? {})
  const settings = lawSettings(options)
  const timeout = (options.timeout ?? 60_000) + 25 * settings.operations
  class LawBench extends Context.Service<LawBench, Bench>()("@keepsake/core/testing/LawBench") {}
  const shared = Layer.effect(LawBench, openBench(fresh, settings))
  // The real clock: a store may wait for its server, and `now` is an argument of every call.
  layer(shared, { timeout, excludeTestServices: true })(name, (it) => {
    const register = (law: Law): void => {
      const reason = exceptions.get(law.name)
      const run = () => Effect.flatMap(LawBench, (bench) => law.run(bench.contextFor()))
      if (reason === undefined) it.effect(law.name, run, timeout)
      else it.effect.skip(`${law.name} (excepted: ${reason})`, run, timeout)
    }
    laws.forEach(register)
  })
}
