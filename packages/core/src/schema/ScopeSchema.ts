import * as Schema from "effect/Schema"
import { isScopePart, type Scope, SCOPE_PART_MAX } from "../memory/Scope.ts"

const ScopePart = Schema.String.check(
  Schema.isMinLength(1),
  Schema.isMaxLength(SCOPE_PART_MAX),
  Schema.makeFilter(isScopePart, {
    expected: "no control characters, no slash or backslash, no space at either end"
  })
)

/** `{ agentId, userId }` with ids that every store takes. */
export const ScopeSchema: Schema.Codec<Scope> = Schema.Struct({ agentId: ScopePart, userId: ScopePart })
