import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises"
import { delimiter, dirname, join } from "node:path"

/** The size and time of an installation. */
export interface Installed {
  readonly packages: number
  /** Sizes of the files in `node_modules`, in 10^6 bytes. */
  readonly megabytes: number
  readonly seconds: number
}

/** The folder with a Node's headers, for packages that compile; `undefined` if it has none. */
const findHeaders = (node: string): string | undefined => {
  const root = dirname(dirname(node))
  return [root, join(root, "node_modules", `node-${process.platform}-${process.arch}`)].find((folder) =>
    existsSync(join(folder, "include", "node", "node.h"))
  )
}

const npm = async (args: ReadonlyArray<string>, cwd: string, node: string): Promise<void> => {
  const nodedir = findHeaders(node)
  const child = spawn("npm", args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      PATH: `${dirname(node)}${delimiter}${process.env["PATH"]}`,
      ...(nodedir === undefined ? {} : { npm_config_nodedir: nodedir })
    }
  })
  let output = ""
  const append = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000))
  child.stdout.on("data", append)
  child.stderr.on("data", append)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", resolve)
  })
  if (code !== 0) throw new Error(`npm ${args.join(" ")} exited with ${code}: ${output}`)
}

/** Packages and bytes of a `node_modules`. */
export const measureFolder = async (
  folder: string
): Promise<{ readonly packages: number; readonly bytes: number }> => {
  let packages = 0
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    bytes += (await stat(join(entry.parentPath, entry.name))).size
    if (entry.name === "package.json" && /node_modules\/(@[^/]+\/)?[^/]+$/u.test(entry.parentPath)) packages++
  }
  return { packages, bytes }
}

/** Runs `npm install` of the packages in an emptied folder with an empty cache, with the given Node. */
export const npmInstall = async (
  folder: string,
  packages: ReadonlyArray<string>,
  node: string
): Promise<Installed> => {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, "package.json"), '{ "name": "measured", "private": true, "type": "module" }\n')
  const cache = join(folder, ".npm-cache")
  const start = performance.now()
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error", `--cache=${cache}`]
  await npm(["install", ...quiet, ...packages], folder, node)
  const seconds = (performance.now() - start) / 1_000
  await rm(cache, { recursive: true, force: true })
  const { bytes, packages: count } = await measureFolder(join(folder, "node_modules"))
  return { packages: count, megabytes: bytes / 1e6, seconds }
}
