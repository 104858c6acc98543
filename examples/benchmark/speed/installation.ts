/** The first `npm install` of a user: ours from packed tarballs, compared with the peer's. */
import { execFile } from "node:child_process"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { withFolder } from "./folder.ts"
import { type Installed, npmInstall } from "./install/npmInstall.ts"
import { installMem0, MEM0 } from "./mem0/installMem0.ts"
import { workspaceFolder } from "./paths.ts"
import { type Row, within } from "./Row.ts"

const PACKAGES = ["core", "backend-hnsw"]

const pack = async (folder: string): Promise<ReadonlyArray<string>> => {
  const pnpm = (...args: ReadonlyArray<string>) =>
    promisify(execFile)("npx", ["-y", "pnpm@12", ...args], { cwd: workspaceFolder })
  await pnpm("exec", "tsc", "-b", ...PACKAGES.map((name) => `packages/${name}`))
  for (const name of PACKAGES)
    await pnpm("--filter", `./packages/${name}`, "pack", "--pack-destination", folder)
  const files = await readdir(folder)
  return files.filter((file) => file.endsWith(".tgz")).map((file) => join(folder, file))
}

export const rows = async (): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const ours = await npmInstall(join(folder, "ours"), await pack(folder), process.execPath)
    const theirs = await installMem0()
    const row = (measure: keyof Installed, unit: string): Row => {
      const [value, baseline] = [ours[measure], theirs[measure]]
      return {
        ...within(
          {
            name: `npm install, ${unit === "s" ? "seconds" : unit}`,
            value,
            unit,
            note: "@keepsake/core and @keepsake/backend-hnsw with their peer effect, into an empty folder with an empty cache; the peer as installed on this machine"
          },
          "smaller",
          value < baseline
        ),
        against: MEM0,
        baseline,
        ratio: value / baseline
      }
    }
    return [row("packages", "packages"), row("megabytes", "MB"), row("seconds", "s")]
  })
