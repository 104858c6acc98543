import { createHash } from "node:crypto"
import { Effect } from "effect"
import type { MemoryError } from "./MemoryError.ts"
import { type Scope, scopeKey } from "./Scope.ts"
import { inTurn } from "./turns.ts"

/** Tells scopes apart in traces without naming anybody. */
const scopeHash = (scope: Scope): string =>
  createHash("sha256").update(scopeKey(scope)).digest("hex").slice(0, 16)

export type Traced = <A, R>(
  verb: string,
  effect: Effect.Effect<A, MemoryError, R>
) => Effect.Effect<A, MemoryError, R>

/**
 * A verb's turn of the event loop and its span, with OpenTelemetry's database attribute names. Spans carry no remembered text, no query
 * and no ids of users.
 */
export const traced = (backend: string, scope: Scope): Traced => {
  const hash = scopeHash(scope)
  return (verb, effect) =>
    Effect.andThen(inTurn, effect).pipe(
      Effect.tapError((error) => Effect.annotateCurrentSpan({ "error.type": error.reason._tag })),
      Effect.withSpan(
        `keepsake.${verb}`,
        {
          attributes: { "db.system.name": backend, "db.operation.name": verb, "keepsake.scope.hash": hash }
        },
        { captureStackTrace: false }
      )
    )
}
