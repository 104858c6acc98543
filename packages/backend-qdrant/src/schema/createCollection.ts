import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import type { CollectionsApi } from "../connection/CollectionsApi.ts"

/** Creates a collection unless another process, or the first of several attempts, created it meanwhile. */
export const createCollection = (
  collections: CollectionsApi,
  name: string,
  config: Schemas["CreateCollection"]
): Effect.Effect<void, MemoryError> =>
  collections.create(name, config).pipe(
    Effect.asVoid,
    Effect.catch((error) =>
      Effect.flatMap(collections.exists(name), (exists) => (exists ? Effect.void : Effect.fail(error)))
    )
  )

/** Creates indexes that do not exist yet. */
export const createIndexes = Effect.fnUntraced(function* (
  collections: CollectionsApi,
  name: string,
  indexes: Readonly<Record<string, Schemas["PayloadSchemaParams"]>>
): Effect.fn.Return<void, MemoryError> {
  for (const [key, params] of Object.entries(indexes)) yield* collections.createIndex(name, key, params)
})
