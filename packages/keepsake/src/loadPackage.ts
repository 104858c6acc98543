import { MemoryError, Unsupported } from "@keepsake/core"
import { Effect } from "effect"
import { isNodeTooOld, NODE_LEAST } from "./nodeVersion.ts"

/** Node says it by a code; a bundler that left an optional package out throws a text of its own. */
const missing = (cause: unknown, name: string): boolean =>
  cause instanceof Error &&
  cause.message.includes(name) &&
  (("code" in cause && (cause.code === "ERR_MODULE_NOT_FOUND" || cause.code === "MODULE_NOT_FOUND")) ||
    cause.message.startsWith("Could not resolve"))

const tooOld = (): string =>
  isNodeTooOld(process.versions.node)
    ? `. It needs Node ${NODE_LEAST} or newer; this is ${process.versions.node}.`
    : ""

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
            : `${name} is installed but could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}${tooOld()}`,
          cause
        })
      })
  })
