import { randomBytes } from "node:crypto"
import { Effect, Redacted } from "effect"
import { startCluster, startQdrant } from "../server/QdrantServer.ts"

/** The operator's server, if one is set. */
const realUrl = process.env["KEEPSAKE_QDRANT_URL"]
const realKey = process.env["KEEPSAKE_QDRANT_API_KEY"]

export const headers = {
  "content-type": "application/json",
  ...(realKey === undefined ? {} : { "api-key": realKey })
}

/** Drops a test's collections, on the first node that answers; the store itself never drops one. */
const dropCollections = async (urls: string, base: string): Promise<void> => {
  for (const url of urls.split(",")) {
    const response = await fetch(`${url}/collections`, { headers }).catch(() => undefined)
    if (response?.ok !== true) continue
    const { result } = (await response.json()) as {
      result: { collections: ReadonlyArray<{ name: string }> }
    }
    for (const { name } of result.collections) {
      if (name !== base && !name.startsWith(`${base}.`)) continue
      await fetch(`${url}/collections/${name}`, { method: "DELETE", headers })
    }
    return
  }
}

/** The server of the suites: the operator's, or a stand-in in this process. */
export const testServer = Effect.acquireRelease(
  Effect.promise(() => (realUrl === undefined ? startQdrant() : Promise.resolve(undefined))),
  (standIn) => Effect.promise(async () => standIn?.stop())
).pipe(Effect.map((standIn) => ({ url: standIn?.url ?? realUrl ?? "" })))

/** A cluster: the operator's nodes, or the stand-in's, of which the first ones are down. */
export const clusterOf = (size: number, nodesDown = 0) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      if (realUrl?.includes(",") === true) return undefined
      const cluster = await startCluster(size)
      for (let i = 0; i < nodesDown; i++) await cluster.stopNode(i)
      return cluster
    }),
    (standIn) => Effect.promise(async () => standIn?.stop())
  ).pipe(Effect.map((standIn) => ({ url: standIn?.url ?? realUrl ?? "" })))

/** Options with collections of their own, dropped when the Effect scope ends. */
export const freshOptions = (url: string) =>
  Effect.acquireRelease(
    Effect.sync(() => ({
      url,
      ...(realKey === undefined ? {} : { apiKey: Redacted.make(realKey) }),
      collection: `keepsake-test-${randomBytes(6).toString("hex")}`
    })),
    ({ collection }) => Effect.promise(() => dropCollections(url, collection))
  )
