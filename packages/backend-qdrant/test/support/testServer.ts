import { randomBytes } from "node:crypto"
import { Effect, Redacted } from "effect"
import { startQdrant } from "../server/QdrantServer.ts"

/** The operator's server, if one is set. */
const realUrl = process.env["KEEPSAKE_QDRANT_URL"]
const realKey = process.env["KEEPSAKE_QDRANT_API_KEY"]

export const headers = {
  "content-type": "application/json",
  ...(realKey === undefined ? {} : { "api-key": realKey })
}

/** Drops a test's collections; the store itself never drops one. */
const dropCollections = async (url: string, base: string): Promise<void> => {
  const response = await fetch(`${url}/aliases`, { headers }).catch(() => undefined)
  if (response?.ok !== true) return
  const { result } = (await response.json()) as {
    result: { aliases: ReadonlyArray<{ alias_name: string; collection_name: string }> }
  }
  const names = new Set([base, `${base}.sessions`])
  for (const { alias_name, collection_name } of result.aliases) {
    if (alias_name.startsWith(`${base}.`)) names.add(collection_name)
  }
  for (const name of names) await fetch(`${url}/collections/${name}`, { method: "DELETE", headers })
}

/** The server of the suites: the operator's, or a stand-in in this process. */
export const testServer = Effect.acquireRelease(
  Effect.promise(() => (realUrl === undefined ? startQdrant() : Promise.resolve(undefined))),
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
