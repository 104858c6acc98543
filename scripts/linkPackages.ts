import { existsSync } from "node:fs"
import { glob, mkdir, symlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import { packageFolders, readManifest, ROOT } from "./pack.ts"

/** The packages and the examples: a document may import their dependencies. */
const workspaceFolders = async (): Promise<ReadonlyArray<string>> => {
  const folders = [...(await packageFolders())]
  for await (const manifest of glob("examples/*/package.json", { cwd: ROOT }))
    folders.push(dirname(join(ROOT, manifest)))
  return folders
}

/** Fills a folder's `node_modules` with links to the workspace's packages and to their dependencies. */
export const linkPackages = async (folder: string): Promise<void> => {
  const linked = new Set<string>()
  const link = async (name: string, target: string): Promise<void> => {
    if (linked.has(name) || !existsSync(target)) return
    linked.add(name)
    await mkdir(dirname(join(folder, "node_modules", name)), { recursive: true })
    await symlink(target, join(folder, "node_modules", name))
  }
  for (const member of await workspaceFolders()) {
    const { dependencies, devDependencies, name, peerDependencies } = await readManifest(member)
    await link(name, member)
    for (const dependency of Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies })) {
      if (!dependency.startsWith("@keepsake/"))
        await link(dependency, join(member, "node_modules", dependency))
    }
  }
}
