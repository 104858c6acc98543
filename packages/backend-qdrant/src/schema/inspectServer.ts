import type { MemoryError } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { makeCollectionsApi } from "../connection/CollectionsApi.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import { checkVersion } from "./checkVersion.ts"
import { accessName, entriesName } from "./names.ts"

export type Aliases = ReadonlyArray<Schemas["AliasDescription"]>

/** What opening must know before it asks for its collection. */
export interface ServerState {
  readonly aliases: Aliases
  /** The collection of entries; null if there is none. */
  readonly entries: Schemas["CollectionInfo"] | null
  /** The collection of access counts; null if there is none. */
  readonly access: Schemas["CollectionInfo"] | null
}

/** One trip. Fails with `Unsupported` on a server that is too old, or is not Qdrant. */
export const inspectServer = Effect.fnUntraced(function* (
  http: QdrantHttp
): Effect.fn.Return<ServerState, MemoryError> {
  const { aliases, find } = makeCollectionsApi(http)
  const { collection } = http.settings
  const [, listed, entries, access] = yield* Effect.all(
    // A server that is none answers the others somehow: the version's failure says why.
    [
      checkVersion(http),
      Effect.result(aliases),
      Effect.result(find(entriesName(collection))),
      Effect.result(find(accessName(collection)))
    ],
    { concurrency: "unbounded" }
  )
  return {
    aliases: yield* Effect.fromResult(listed),
    entries: yield* Effect.fromResult(entries),
    access: yield* Effect.fromResult(access)
  }
})
