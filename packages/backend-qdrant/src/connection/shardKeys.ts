/** Shard keys: a scope lies whole in the shard of its key, which alone is asked and counts its terms. */
import type { Scope } from "@keepsake/core/driver"
import { scopeHash } from "../scopeId.ts"

/** The shard keys of a collection; a collection of one shard has none. */
export interface ShardKeys {
  readonly all: ReadonlyArray<string>
  readonly of: (scope: Scope) => string
}

/** `count` keys, `scopes-0` and so on. A scope's is a hash of its name, so the count of a collection never changes. */
export const makeShardKeys = (count: number): ShardKeys => {
  const all = Array.from({ length: count }, (_, i) => `scopes-${i}`)
  return { all, of: (scope) => all[scopeHash(scope) % count] ?? "" }
}
