import type { MemoryError } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { makeCollectionsApi } from "./CollectionsApi.ts"
import type { QdrantHttp } from "./QdrantHttp.ts"
import { isOwnKey, type PointsPlace } from "./shardKeys.ts"

export const NO_KEYS: ReadonlySet<string> = new Set()

/** The keys that promoted scopes of a collection have for themselves. */
export const listOwnKeys = (
  http: QdrantHttp,
  { collection, shardKeys }: PointsPlace
): Effect.Effect<ReadonlySet<string>, MemoryError> =>
  shardKeys?.own == null
    ? Effect.succeed(NO_KEYS)
    : Effect.map(makeCollectionsApi(http).shardKeys(collection), (keys) => new Set(keys.filter(isOwnKey)))
