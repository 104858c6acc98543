import type { Collection } from "./points/Collection.ts"
import { noCollection } from "./refusals.ts"

/** Nodes that share the data. */
export interface Cluster {
  readonly size: number
  /** Nodes that do not run. */
  readonly down: Set<number>
  /** Whether copies between shards wait for `advanceTransfers`; tests set it. */
  holdsTransfers: boolean
}

/** What the server stores; it survives a restart, like a disk. */
export interface ServerData {
  readonly collections: Map<string, Collection>
  /** Names of collections by alias. */
  readonly aliases: Map<string, string>
  /** `null` outside cluster mode. */
  readonly cluster: Cluster | null
}

export const emptyData = (nodes?: number): ServerData => ({
  collections: new Map(),
  aliases: new Map(),
  cluster: nodes === undefined ? null : { size: nodes, down: new Set(), holdsTransfers: false }
})

/** The collection of a name. Requests that change a collection itself do not resolve aliases. */
export const findByName = ({ collections }: ServerData, name: string): Collection => {
  const collection = collections.get(name)
  if (collection === undefined) throw noCollection(name)
  return collection
}

/** The collection of a name or alias. */
export const findCollection = (data: ServerData, name: string): Collection => {
  const collection = data.collections.get(data.aliases.get(name) ?? name)
  if (collection === undefined) throw noCollection(name)
  return collection
}
