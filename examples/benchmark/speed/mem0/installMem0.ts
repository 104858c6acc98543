import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { delimiter, join } from "node:path"
import { type Installed, npmInstall } from "../install/npmInstall.ts"
import { cacheFolder } from "../paths.ts"

export const MEM0 = "mem0ai@3.3.1"

/** A separate folder, so that the peer's packages stay out of the workspace. */
export const mem0Folder = join(cacheFolder, "mem0")
const record = join(mem0Folder, "installed.json")

/**
 * The Node that runs the peer: `PEER_NODE`, else the first in the PATH outside the workspace. Under Node 24.21 the
 * peer's SQLite (better-sqlite3 12.11.1) crashes the process at the first garbage collection.
 */
export const peerNode = (): string =>
  process.env["PEER_NODE"] ??
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .map((folder) => join(folder, "node"))
    .find((file) => existsSync(file)) ??
  process.execPath

/** Installs the peer once, in one to three minutes (it compiles SQLite), and returns that installation's figures. */
export const installMem0 = async (): Promise<Installed> => {
  if (!existsSync(record)) {
    const installed = await npmInstall(mem0Folder, [MEM0], peerNode())
    await writeFile(record, JSON.stringify(installed))
  }
  return JSON.parse(await readFile(record, "utf8")) as Installed
}
