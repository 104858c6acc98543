import { MemoryError, Unsupported } from "@keepsake/core"
import { Effect } from "effect"

/** Node says it by a code; a bundler that left an optional package out throws a text of its own. */
const missing = (cause: unknown, name: string): boolean =>
  cause instanceof Error &&
  cause.message.includes(name) &&
  (("code" in cause && (cause.code === "ERR_MODULE_NOT_FOUND" || cause.code === "MODULE_NOT_FOUND")) ||
    cause.message.startsWith("Could not resolve"))

/** Loads what only some installations have; when it is not there, the error is the line that installs it. */
export const loadPackage = <Module>(
  name: string,
  purpose: string,
  load: () => Promise<Module>
): Effect.Effect<Module, MemoryError> =>
  Effect.tryPromise({
    try: load,
    catch: (cause) =>
      new MemoryError({
        reason: new Unsupported({
          message: missing(cause, name)
            ? `${purpose} needs a package that is not installed here. Install it: npm install ${name}`
            : `${name} is installed but could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
          cause
        })
      })
  })
