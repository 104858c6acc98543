import { existsSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { npmInstall } from "../install/npmInstall.ts"
import { cacheFolder } from "../paths.ts"

/** Each is installed alone, so that one that fails leaves the others. */
export const PEERS = {
  "sqlite-vec": ["sqlite-vec@0.1.9"],
  langgraph: ["@langchain/langgraph-checkpoint@1.2.2", "@langchain/core@1.4.0"],
  lancedb: ["@lancedb/lancedb@0.39.0", "apache-arrow@18.1.0"],
  libsql: ["libsql@0.5.29"]
} as const

export type PeerName = keyof typeof PEERS

/** A separate folder, so that the peers' packages stay out of the workspace. */
export const peerFolder = (name: PeerName): string => join(cacheFolder, "peers", name)

/** Installs a peer once. */
export const installPeer = async (name: PeerName): Promise<void> => {
  const record = join(peerFolder(name), "installed.json")
  if (existsSync(record)) return
  const installed = await npmInstall(peerFolder(name), PEERS[name], process.execPath)
  await writeFile(record, JSON.stringify(installed))
}
