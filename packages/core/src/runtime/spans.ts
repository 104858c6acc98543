import { hash } from "node:crypto"
import { Effect, Tracer } from "effect"
import type { MemoryError } from "../memory/MemoryError.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"
import { admit } from "./timeSlice.ts"

/** Tells scopes apart in traces without naming anybody. */
const scopeHash = (scope: Scope): string => hash("sha256", scopeKey(scope), "hex").slice(0, 16)

export type Traced = <A>(verb: string, effect: Effect.Effect<A, MemoryError>) => Effect.Effect<A, MemoryError>

/**
 * A span around an effect where somebody may see it: under a tracer of the user's, or within a span of theirs.
 * Effect's own tracer tells nobody, and its spans were a sixth of what core does for a `remember`.
 */
export const spanned = <A, E>(
  effect: Effect.Effect<A, E>,
  name: string,
  attributes: { readonly [name: string]: unknown } = {}
): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) =>
    fiber.getRef(Tracer.Tracer) === Tracer.nativeTracer && fiber.cache.span === undefined
      ? effect
      : // Taking a stack costs more than all the rest of a span.
        effect.pipe(Effect.withSpan(name, { attributes }, { captureStackTrace: false }))
  )

/**
 * A verb's turn of the event loop and its span, with OpenTelemetry's database attribute names. Spans carry no remembered text, no query
 * and no ids of users.
 */
export const traced = (backend: string, scope: Scope): Traced => {
  let known: string | undefined
  return (verb, effect) =>
    spanned(
      Effect.tapError(Effect.andThen(admit, effect), (error) =>
        Effect.annotateCurrentSpan({ "error.type": error.reason._tag })
      ),
      `keepsake.${verb}`,
      {
        "db.system.name": backend,
        "db.operation.name": verb,
        // Read by a span that is made: a server asks for a scope at every request.
        get "keepsake.scope.hash"() {
          return (known ??= scopeHash(scope))
        }
      }
    )
}
