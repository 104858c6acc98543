import { MemoryError, Unsupported } from "@keepsake/core"
import { Effect } from "effect"
import { isNodeTooOld, NODE_MIN } from "./nodeVersion.ts"

/** Node's error has a code; a bundle without an optional package throws a text of the bundler's. */
const isMissing = (cause: unknown, name: string): boolean =>
  cause instanceof Error &&
  cause.message.includes(name) &&
  (("code" in cause && (cause.code === "ERR_MODULE_NOT_FOUND" || cause.code === "MODULE_NOT_FOUND")) ||
    cause.message.startsWith("Could not resolve"))

const describeOldNode = (): string =>
  isNodeTooOld(process.versions.node)
    ? `. It needs Node ${NODE_MIN} or newer; this is ${process.versions.node}.`
    : ""

/** Loads an optional package; the error for a missing one says how to install it. */
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
          message: isMissing(cause, name)
            ? `${purpose} needs a package that is not installed here. Install it: npm install ${name}`
            : `${name} is installed but could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}${describeOldNode()}`,
          cause
        })
      })
  })
