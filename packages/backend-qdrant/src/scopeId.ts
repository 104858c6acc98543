/** A scope's id can be read back: Qdrant keeps no other list of scopes. */
import { type Scope, termId } from "@keepsake/core/driver"

/** JSON, so that `["a","bc"]` and `["ab","c"]` differ and people can read it. */
export const scopeId = ({ agentId, userId }: Scope): string => JSON.stringify([agentId, userId])

export const parseScopeId = (id: string): Scope => {
  const [agentId, userId] = JSON.parse(id) as [string, string]
  return { agentId, userId }
}

/** Spreads scopes evenly over 32 bits, so that they can be listed range by range. */
export const scopeHash = (scope: Scope): number => termId(scopeId(scope))
