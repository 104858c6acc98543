import { join } from "node:path"
import { fingerprint } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { QdrantServer } from "../server/QdrantServer.ts"
import { openStore } from "./openStore.ts"
import { restoreFixture } from "./restoreFixture.ts"
import { startStandIn } from "./standIn.ts"

/** The collection that `startFirstVersion` restores. */
export const COLLECTION = "old"

export const NAMED_LAYOUT_1 = `${COLLECTION}.serving-`

/** A stand-in with a store of the first version, of which words alone find memories. */
export const startFirstVersion = Effect.gen(function* () {
  const server = yield* startStandIn()
  const folder = join(import.meta.dirname, "..", "fixtures", "first-version", "words")
  yield* Effect.promise(() => restoreFixture(folder, server.url, COLLECTION))
  server.requests.length = 0
  return server
})

/** Opens that store. */
export const openFirstVersion = (
  { url }: QdrantServer,
  options: Partial<Parameters<typeof openStore>[0]> = {}
) => openStore({ url, collection: COLLECTION, retries: 0, ...options }, fingerprint(null))

/** The collection's points and metadata, in the server's data. */
export const firstCollection = ({ data }: QdrantServer) => {
  const collection = data.collections.get(COLLECTION)
  if (collection === undefined) throw new Error("the fixture is not restored")
  return collection
}
