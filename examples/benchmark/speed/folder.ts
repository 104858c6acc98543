import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { cacheFolder } from "./paths.ts"

/** Runs `use` with a temporary folder, on the workspace's disk because /tmp may be in memory. */
export const withFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const parent = join(cacheFolder, "speed")
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, "run-"))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
