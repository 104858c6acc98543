import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises"
import { delimiter, dirname, join } from "node:path"

/** What an installation costs its user. */
export interface Installed {
  readonly packages: number
  /** Sizes of the files in `node_modules`, in 10^6 bytes. */
  readonly megabytes: number
  readonly seconds: number
}

/** Where the headers of a Node are, for packages that compile; none where it came without. */
const headers = (node: string): string | undefined => {
  const root = dirname(dirname(node))
  return [root, join(root, "node_modules", `node-${process.platform}-${process.arch}`)].find((folder) =>
    existsSync(join(folder, "include", "node", "node.h"))
  )
}

const npm = async (args: ReadonlyArray<string>, cwd: string, node: string): Promise<void> => {
  const nodedir = headers(node)
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
  const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000))
  child.stdout.on("data", keep)
  child.stderr.on("data", keep)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", resolve)
  })
  if (code !== 0) throw new Error(`npm ${args.join(" ")} ended with ${code}: ${output}`)
}

const measured = async (folder: string): Promise<{ readonly packages: number; readonly bytes: number }> => {
  let packages = 0
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    bytes += (await stat(join(entry.parentPath, entry.name))).size
    if (entry.name === "package.json" && /node_modules\/(@[^/]+\/)?[^/]+$/u.test(entry.parentPath)) packages++
  }
  return { packages, bytes }
}

/** `npm install` of the packages alone, in an emptied folder with an empty cache, for the given Node. */
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
  const { bytes, packages: count } = await measured(join(folder, "node_modules"))
  return { packages: count, megabytes: bytes / 1e6, seconds }
}
