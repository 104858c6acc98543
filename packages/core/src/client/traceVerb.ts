import { hash } from "node:crypto"
import * as Effect from "effect/Effect"
import type { MemoryError } from "../memory/MemoryError.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"
import { spanned } from "../runtime/spans.ts"

/** Tells scopes apart in traces without naming anyone. */
const hashScope = (scope: Scope): string => hash("sha256", scopeKey(scope), "hex").slice(0, 16)

/**
 * Wraps a verb in a span with OpenTelemetry's database attributes. Spans
 * hold no remembered text, no query and no user id.
 */
export const traceVerb = <A>(
  backend: string,
  scope: Scope,
  verb: string,
  effect: Effect.Effect<A, MemoryError>
): Effect.Effect<A, MemoryError> =>
  spanned(
    Effect.tapError(effect, (error) => Effect.annotateCurrentSpan({ "error.type": error.reason._tag })),
    `keepsake.${verb}`,
    {
      "db.system.name": backend,
      "db.operation.name": verb,
      // A getter: only a span that is made pays for the hash.
      get "keepsake.scope.hash"() {
        return hashScope(scope)
      }
    }
  )
