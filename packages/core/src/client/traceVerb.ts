import { hash } from "node:crypto"
import { Effect } from "effect"
import type { MemoryError } from "../memory/MemoryError.ts"
import { type Scope, scopeKey } from "../memory/Scope.ts"
import { spanned } from "../runtime/spans.ts"
import { admit } from "../runtime/timeSlice.ts"

/** Tells scopes apart in traces without naming anyone. */
const hashScope = (scope: Scope): string => hash("sha256", scopeKey(scope), "hex").slice(0, 16)

/**
 * Admits a verb to the event loop and wraps it in a span with OpenTelemetry's database attributes. Spans
 * hold no remembered text, no query and no user id.
 */
export const traceVerb = <A>(
  backend: string,
  scope: Scope,
  verb: string,
  effect: Effect.Effect<A, MemoryError>
): Effect.Effect<A, MemoryError> =>
  spanned(
    Effect.tapError(Effect.andThen(admit, effect), (error) =>
      Effect.annotateCurrentSpan({ "error.type": error.reason._tag })
    ),
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
