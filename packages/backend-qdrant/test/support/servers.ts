import { randomBytes } from "node:crypto"
import type { QdrantOptions } from "@keepsake/backend-qdrant"
import { QdrantStore } from "@keepsake/backend-qdrant"
import { Effect, Redacted } from "effect"
import { startQdrant } from "../server/QdrantServer.ts"

/** A real server's address, where the operator gave one. */
const realUrl = process.env["KEEPSAKE_QDRANT_URL"]
const realKey = process.env["KEEPSAKE_QDRANT_API_KEY"]

/** The server the suites run on: the real one, or a stand-in in this process. */
export const server = Effect.acquireRelease(
  Effect.promise(() => (realUrl === undefined ? startQdrant() : Promise.resolve(undefined))),
  (started) => Effect.promise(async () => started?.stop())
).pipe(Effect.map((started) => ({ url: started?.url ?? realUrl ?? "" })))

/** Options of a place nobody has used: collections of their own, dropped when the Effect scope ends. */
export const freshOptions = (url: string) =>
  Effect.acquireRelease(
    Effect.sync(() => ({
      url,
      ...(realKey === undefined ? {} : { apiKey: Redacted.make(realKey) }),
      collection: `keepsake-test-${randomBytes(6).toString("hex")}`
    })),
    ({ collection }) => Effect.promise(() => dropCollections(url, collection))
  )

export const headers = {
  "content-type": "application/json",
  ...(realKey === undefined ? {} : { "api-key": realKey })
}

/** Drops what a test made: the collections whose name starts with `base`. The store itself never does. */
const dropCollections = async (url: string, base: string): Promise<void> => {
  const answer = await fetch(`${url}/aliases`, { headers }).catch(() => undefined)
  if (answer?.ok !== true) return
  const { result } = (await answer.json()) as {
    result: { aliases: ReadonlyArray<{ alias_name: string; collection_name: string }> }
  }
  const names = new Set([base])
  for (const { alias_name, collection_name } of result.aliases) {
    if (alias_name.startsWith(`${base}.`)) names.add(collection_name)
  }
  for (const name of names) await fetch(`${url}/collections/${name}`, { method: "DELETE", headers })
}

export const storeOf = (options: QdrantOptions) => QdrantStore.layer(options)
