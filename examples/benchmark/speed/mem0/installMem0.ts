import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { delimiter, join } from "node:path"
import { type Installed, npmInstall } from "../install/npmInstall.ts"
import { cacheFolder } from "../paths.ts"

export const MEM0 = "mem0ai@3.3.1"

/** The peer has a folder of its own, so that nothing of it gets near the workspace. */
export const mem0Folder = join(cacheFolder, "mem0")
const record = join(mem0Folder, "installed.json")

/**
 * The Node that runs the peer: `PEER_NODE`, else the first of the PATH that is not the workspace's. Under Node
 * 24.21 the peer's SQLite (better-sqlite3 12.11.1) ends the process at the first garbage collection.
 */
export const peerNode = (): string =>
  process.env["PEER_NODE"] ??
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .map((folder) => join(folder, "node"))
    .find((file) => existsSync(file)) ??
  process.execPath

/** Installs the peer once; a minute or three, since it compiles its SQLite. The figures are of that time. */
export const installMem0 = async (): Promise<Installed> => {
  if (!existsSync(record)) {
    const installed = await npmInstall(mem0Folder, [MEM0], peerNode())
    await writeFile(record, JSON.stringify(installed))
  }
  return JSON.parse(await readFile(record, "utf8")) as Installed
}
