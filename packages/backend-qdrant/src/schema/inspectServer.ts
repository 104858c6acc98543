import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { makeCollectionsApi } from "../connection/CollectionsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import { checkVersion } from "./checkVersion.ts"
import { entriesName } from "./names.ts"

export type Aliases = ReadonlyArray<Schemas["AliasDescription"]>

/** What opening must know before it asks for its collection. */
export interface ServerState {
  readonly aliases: Aliases
  /** The collection of entries; null if there is none. */
  readonly entries: Schemas["CollectionInfo"] | null
}

/** One trip. Fails with `Unsupported` on a server that is too old, or is not Qdrant. */
export const inspectServer = Effect.fnUntraced(function* (
  http: QdrantHttp
): Effect.fn.Return<ServerState, MemoryError> {
  const { aliases, find } = makeCollectionsApi(http)
  const [, listed, entries] = yield* Effect.all(
    // A server that is none answers the others somehow: the version's failure says why.
    [checkVersion(http), Effect.result(aliases), Effect.result(find(entriesName(http.settings.collection)))],
    { concurrency: "unbounded" }
  )
  return { aliases: yield* Effect.fromResult(listed), entries: yield* Effect.fromResult(entries) }
})
