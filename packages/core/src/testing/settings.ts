import type { LawSettings } from "./Law.ts"
import type { LawName } from "./manifest.ts"

/** Options of a backend's run of the laws. */
export interface LawOptions extends Partial<LawSettings> {
  /** Laws that this store cannot keep, each with the reason: `{ "change > touches …": "the server cannot increment" }`. */
  readonly exceptions?: Readonly<Partial<Record<LawName, string>>>
}

/** A whole number from the environment; `otherwise` if the variable is not set. */
const fromEnvironment = (name: string, otherwise: number): number => {
  const text = process.env[name]
  if (text === undefined || text === "") return otherwise
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new Error(`${name}=${text} is not a whole number of 0 or more.`)
  }
  return value
}

/**
 * The settings of a run. `KEEPSAKE_SEED` and `KEEPSAKE_LAW_OPERATIONS` override the options: a failure is
 * replayed, or a search made longer, without a change of code.
 */
export const lawSettings = (options: LawOptions = {}): LawSettings => ({
  dimensions: options.dimensions ?? 16,
  epsilon: options.epsilon ?? 1e-4,
  seed: fromEnvironment("KEEPSAKE_SEED", options.seed ?? 20_261_122),
  operations: fromEnvironment("KEEPSAKE_LAW_OPERATIONS", options.operations ?? 400)
})
