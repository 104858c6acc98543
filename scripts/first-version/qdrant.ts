/** Exports the store as the requests that restore it on any Qdrant server. */
import { QdrantStore } from "@keepsake/backend-qdrant"
import { join } from "node:path"
import { type QdrantServer, startQdrant } from "../../../packages/backend-qdrant/test/server/QdrantServer.ts"
import type { Kind, Place } from "./Place.ts"
import { saveCompressed } from "./save.ts"

/** A restore replaces this name. */
const COLLECTION = "first-version"

const exportState = ({ data }: QdrantServer) => ({
  collections: Array.from(data.collections, ([name, { config, indexes, metadata, points }]) => ({
    name,
    create: { ...config, metadata },
    indexes: Array.from(indexes, ([field_name, field_schema]) => ({ field_name, field_schema })),
    points: Array.from(points.values(), ({ dense, id, payload, sparse }) => ({
      id,
      vector: Object.fromEntries<unknown>([
        ...Array.from(dense, ([key, vector]) => [key, Array.from(vector)] as const),
        ...Array.from(
          sparse,
          ([key, terms]) => [key, { indices: [...terms.keys()], values: [...terms.values()] }] as const
        )
      ]),
      payload
    }))
  })),
  aliases: Array.from(data.aliases, ([alias_name, collection_name]) => ({ alias_name, collection_name }))
})

export const qdrantPlace = async (_kind: Kind): Promise<Place> => {
  const server = await startQdrant()
  return {
    layer: QdrantStore.layer({ url: server.url, collection: COLLECTION }),
    save: async (folder) => saveCompressed(join(folder, "store.json"), JSON.stringify(exportState(server))),
    end: () => server.stop()
  }
}
