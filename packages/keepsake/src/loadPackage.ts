import { MemoryError, Unsupported } from "@keepsake/core"
import * as Effect from "effect/Effect"
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

const describe = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** What `import()` threw. */
export class NotLoaded {
  readonly cause: unknown

  constructor(cause: unknown) {
    this.cause = cause
  }
}

/** Next with webpack bundles an empty module in the place of a missing one. */
const isEmpty = (loaded: unknown): boolean =>
  typeof loaded === "object" && loaded !== null && Object.keys(loaded).every((name) => name === "default")

/**
 * Loads an optional package; the error for a missing one says how to install it. `load` has `import()` of a literal
 * inside `try`, the form that bundlers document: an installed package goes into the bundle, and a missing one fails
 * when it is used.
 */
export const loadPackage = <Module>(
  name: string,
  purpose: string,
  load: () => Promise<Module | NotLoaded>
): Effect.Effect<Module, MemoryError> =>
  Effect.flatMap(Effect.promise(load), (loaded) => {
    const cause = loaded instanceof NotLoaded ? loaded.cause : undefined
    if (!(loaded instanceof NotLoaded) && !isEmpty(loaded)) return Effect.succeed(loaded)
    const message =
      cause === undefined || isMissing(cause, name)
        ? `${purpose} needs a package that is not installed here. Install it: npm install ${name}`
        : `${name} is installed but could not be loaded: ${describe(cause)}${describeOldNode()}`
    return Effect.fail(new MemoryError({ reason: new Unsupported({ message, cause }) }))
  })

export const loadHnsw = loadPackage("@keepsake/backend-hnsw", "A file store", async () => {
  try {
    return await import("@keepsake/backend-hnsw")
  } catch (cause) {
    return new NotLoaded(cause)
  }
})

export const loadPgVector = loadPackage("@keepsake/backend-pgvector", "PostgreSQL", async () => {
  try {
    return await import("@keepsake/backend-pgvector")
  } catch (cause) {
    return new NotLoaded(cause)
  }
})

export const loadQdrant = loadPackage("@keepsake/backend-qdrant", "Qdrant", async () => {
  try {
    return await import("@keepsake/backend-qdrant")
  } catch (cause) {
    return new NotLoaded(cause)
  }
})

export const loadAgent = loadPackage("@keepsake/agent", "keepsake chat", async () => {
  try {
    return await import("@keepsake/agent")
  } catch (cause) {
    return new NotLoaded(cause)
  }
})

export const loadMcp = loadPackage("@keepsake/mcp", "keepsake mcp", async () => {
  try {
    return await import("@keepsake/mcp")
  } catch (cause) {
    return new NotLoaded(cause)
  }
})
