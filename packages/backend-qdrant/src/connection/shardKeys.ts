/** Shard keys: a scope lies whole in the shard of its key, which alone is asked and counts its terms. */
import { createHash } from "node:crypto"
import type { Scope } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { scopeHash, scopeId } from "../scopeId.ts"

export type ShardSelector = Schemas["ShardKeySelector"]

/** The shard keys of a collection; a collection of one shard has none. */
export interface ShardKeys {
  /** The keys that scopes share, whose number never changes. */
  readonly all: ReadonlyArray<string>
  /** The shared key of a scope. */
  readonly of: (scope: Scope) => string
  /** The key that a scope has for itself once it is promoted; `null` in a collection that promotes none. */
  readonly own: ((scope: Scope) => string) | null
}

/** A collection's name or alias, and its shard keys. */
export interface PointsPlace {
  readonly collection: string
  readonly shardKeys: ShardKeys | null
}

/** A hash, so that the name of a scope that was forgotten is nowhere. */
const ownKey = (scope: Scope): string =>
  `scope-${createHash("sha256").update(scopeId(scope)).digest("hex").slice(0, 32)}`

/** Whether a key is one scope's own. */
export const isOwnKey = (key: string): boolean => /^scope-[0-9a-f]{32}$/u.test(key)

/** `count` shared keys, `scopes-0` and so on: a scope's is a hash of its name. */
export const makeShardKeys = (count: number, promotes: boolean): ShardKeys => {
  const all = Array.from({ length: count }, (_, i) => `scopes-${i}`)
  return {
    all,
    of: (scope) => all[scopeHash(scope) % count] ?? "",
    own: promotes ? ownKey : null
  }
}

/**
 * The shards of a scope. Which of the two keys serves is the server's to know, for all programs at once: the own one
 * where it is whole, else the shared one.
 */
export const selectScope = ({ of, own }: ShardKeys, scope: Scope): ShardSelector =>
  own === null ? of(scope) : { target: own(scope), fallback: of(scope) }
