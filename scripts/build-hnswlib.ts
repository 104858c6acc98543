/**
 * Compiles hnswlib-node inside node_modules, so that the tests exercise real graphs: its install script is
 * denied (`allowBuilds`), because no user of the workspace needs a compiler. Wants g++, make and python3.
 * Headers come from the Node that runs this, so that nothing is downloaded for them.
 */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { arch, platform } from "node:process"
import { dirname, join, resolve } from "node:path"

const from = createRequire(resolve(import.meta.dirname, "../packages/backend-hnsw/package.json"))
const addon = dirname(from.resolve("hnswlib-node/package.json"))

/** Node's own folder: a normal installation, or the one that the `node` package keeps beside itself. */
const nodeFolder = (): string => {
  const installed = dirname(dirname(process.execPath))
  const found = [installed, join(installed, "node_modules", `node-${platform}-${arch}`)].find((folder) =>
    existsSync(join(folder, "include", "node", "node_api.h"))
  )
  if (found === undefined)
    throw new Error(`No Node headers beside ${process.execPath}: install Node with its headers.`)
  return found
}

execFileSync("npx", ["-y", "node-gyp@12", "rebuild", `--nodedir=${nodeFolder()}`], {
  cwd: addon,
  stdio: "inherit"
})
createRequire(import.meta.url)(join(addon, "lib", "index.js"))
process.stdout.write(`hnswlib-node is compiled in ${addon}\n`)
