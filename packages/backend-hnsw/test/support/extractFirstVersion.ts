import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, realpathSync, symlinkSync } from "node:fs"
import { join, resolve } from "node:path"
import { FIRST_VERSION } from "../../../../scripts/first-version/commit.ts"

const root = resolve(import.meta.dirname, "..", "..", "..", "..")

/** A shallow clone lacks the commit. */
export const hasFirstVersion =
  spawnSync("git", ["cat-file", "-e", `${FIRST_VERSION}^{commit}`], { cwd: root }).status === 0

const link = (target: string, path: string): void => {
  mkdirSync(join(path, ".."), { recursive: true })
  symlinkSync(target, path)
}

/** Writes the first version's packages to a folder, to be imported from `packages/<name>/src/index.ts`. */
export const extractFirstVersion = (folder: string): void => {
  const archive = execFileSync("git", ["archive", FIRST_VERSION, "packages/core", "packages/backend-hnsw"], {
    cwd: root,
    maxBuffer: 2 ** 28
  })
  execFileSync("tar", ["-x", "-C", folder], { input: archive })
  for (const name of ["effect", "stemmer"]) {
    link(
      realpathSync(join(root, "packages", "core", "node_modules", name)),
      join(folder, "packages", "core", "node_modules", name)
    )
  }
  const modules = join(folder, "packages", "backend-hnsw", "node_modules")
  link(join(folder, "packages", "core", "node_modules", "effect"), join(modules, "effect"))
  link(join(folder, "packages", "core"), join(modules, "@keepsake", "core"))
}
