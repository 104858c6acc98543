import { execFile } from "node:child_process"
import { mkdir, readdir, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { bundleCommand, bundlePackage } from "./bundle.ts"

export const ROOT = fileURLToPath(new URL("..", import.meta.url))

const execute = promisify(execFile)

/** Runs a program and returns its output; throws with the output when it fails. */
export const run = async (
  file: string,
  args: ReadonlyArray<string>,
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}
): Promise<string> => {
  try {
    const { stdout } = await execute(file, args, { cwd: ROOT, maxBuffer: 2 ** 26, ...options })
    return stdout
  } catch (error) {
    const { stderr = "", stdout = "" } = error as { stdout?: string; stderr?: string }
    throw new Error(`${[file, ...args].join(" ")} failed:\n${stdout}${stderr}`, { cause: error })
  }
}

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, unknown>>
  readonly bin?: Readonly<Record<string, string>>
  readonly publishConfig?: unknown
  readonly repository?: unknown
  readonly homepage?: string
  readonly bugs?: unknown
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

export const readManifest = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest

export const packageFolders = async (): Promise<ReadonlyArray<string>> => {
  const names = await readdir(join(ROOT, "packages"))
  return names.sort().map((name) => join(ROOT, "packages", name))
}

/** Runs the pnpm that started this script, else pnpm through npx. */
const pnpm = async (args: ReadonlyArray<string>, cwd: string): Promise<string> => {
  const parent = process.env["npm_execpath"]
  if (parent === undefined || !parent.includes("pnpm")) return run("npx", ["-y", "pnpm@12", ...args], { cwd })
  return /\.[cm]?js$/u.test(parent)
    ? run(process.execPath, [parent, ...args], { cwd })
    : run(parent, args, { cwd })
}

/** Deletes old output before it builds: the compiler keeps the output of moved and deleted sources. */
const buildAll = async (): Promise<void> => {
  for (const folder of await packageFolders())
    await rm(join(folder, "dist"), { recursive: true, force: true })
  await run(join(ROOT, "node_modules/.bin/tsc"), ["-b"])
  for (const folder of await packageFolders())
    await bundlePackage(folder, (await readManifest(folder)).publishConfig)
  await bundleCommand(join(ROOT, "packages"))
}

/** What `npm install @keepsake/keepsake` fetches of ours. */
export const FRONT_DOOR = ["@keepsake/core", "@keepsake/backend-hnsw", "@keepsake/keepsake"]

/**
 * Builds and packs every package as it would be published, unless `KEEPSAKE_TARBALLS` names the folder of an earlier
 * run, as in `.ci/run`. Returns the tarballs' paths by package name.
 */
export const packAll = async (destination: string): Promise<ReadonlyMap<string, string>> => {
  const packed = process.env["KEEPSAKE_TARBALLS"]
  if (packed === undefined) {
    await buildAll()
    await mkdir(destination, { recursive: true })
    await pnpm(["--filter", "./packages/*", "pack", "--pack-destination", destination], ROOT)
  }
  const tarballs = new Map<string, string>()
  for (const folder of await packageFolders()) {
    const { name, version } = await readManifest(folder)
    const file = `${name.replace(/^@/u, "").replace("/", "-")}-${version}.tgz`
    tarballs.set(name, join(packed ?? destination, file))
  }
  return tarballs
}
