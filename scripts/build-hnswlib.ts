/**
 * Compiles hnswlib-node inside node_modules, so that the tests use real graphs. Its install script is denied
 * (`allowBuilds`), because the workspace must install without a compiler. Needs g++, make and python3. The headers
 * come from the Node that runs this script, not from a download.
 */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { arch, platform } from "node:process"
import { dirname, join, resolve } from "node:path"

const from = createRequire(resolve(import.meta.dirname, "../packages/backend-hnsw/package.json"))
const addon = dirname(from.resolve("hnswlib-node/package.json"))

/** The folder with Node's headers: of a normal installation, or of the `node` package. */
const findNodeFolder = (): string => {
  const installation = dirname(dirname(process.execPath))
  const folders = [installation, join(installation, "node_modules", `node-${platform}-${arch}`)]
  const nodeFolder = folders.find((folder) => existsSync(join(folder, "include", "node", "node_api.h")))
  if (nodeFolder === undefined)
    throw new Error(`No Node headers beside ${process.execPath}: install Node with its headers.`)
  return nodeFolder
}

execFileSync("npx", ["-y", "node-gyp@12", "rebuild", `--nodedir=${findNodeFolder()}`], {
  cwd: addon,
  stdio: "inherit"
})
createRequire(import.meta.url)(join(addon, "lib", "index.js"))
process.stdout.write(`hnswlib-node is compiled in ${addon}\n`)
