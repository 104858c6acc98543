import { readFileSync } from "node:fs"
import { join } from "node:path"
import { brotliDecompressSync } from "node:zlib"
import { headers } from "./testServer.ts"

/** The collection of the fixtures. */
const WRITTEN_COLLECTION = "first-version"
const BATCH = 250

/** Bodies of the requests that create a store. */
interface Fixture {
  readonly collections: ReadonlyArray<{
    readonly name: string
    readonly create: { readonly metadata: { readonly keepsake: { readonly layout: number } } }
    readonly indexes: ReadonlyArray<unknown>
    readonly points: ReadonlyArray<unknown>
  }>
  readonly aliases: ReadonlyArray<{ readonly alias_name: string; readonly collection_name: string }>
}

const send = async (method: string, url: string, body: unknown): Promise<void> => {
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`)
}

/** Recreates a fixture under another name through the published API, and returns its layout. */
export const restoreFixture = async (
  folder: string,
  url: string,
  collection: string
): Promise<number | undefined> => {
  const text = brotliDecompressSync(readFileSync(join(folder, "store.json.br"))).toString("utf8")
  const { aliases, collections } = JSON.parse(text) as Fixture
  const rename = (name: string) => name.replace(WRITTEN_COLLECTION, collection)
  // One node of a cluster does for all.
  const [server = url] = url.split(",")
  for (const { create, indexes, name, points } of collections) {
    const path = `${server}/collections/${rename(name)}`
    await send("PUT", path, create)
    for (const index of indexes) await send("PUT", `${path}/index?wait=true`, index)
    for (let i = 0; i < points.length; i += BATCH) {
      const operations = [{ upsert: { points: points.slice(i, i + BATCH) } }]
      await send("POST", `${path}/points/batch?wait=true`, { operations })
    }
  }
  const actions = aliases.map(({ alias_name, collection_name }) => ({
    create_alias: { alias_name: rename(alias_name), collection_name: rename(collection_name) }
  }))
  await send("POST", `${server}/collections/aliases`, { actions })
  return collections[0]?.create.metadata.keepsake.layout
}
