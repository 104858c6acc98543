/** Packs every package as it would be published and checks the tarball: manifest, types, that what it exports is there. */
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, posix } from "node:path"
import { fileURLToPath } from "node:url"
import { type Manifest, packAll, readManifest, run } from "./pack.ts"

/** A tool's own program, run by the Node that runs this. */
const program = (manifest: string, path: string): string => fileURLToPath(new URL(path, manifest))

const TOOLS: ReadonlyArray<readonly [program: string, args: (tarball: string) => ReadonlyArray<string>]> = [
  [program(import.meta.resolve("publint"), "cli.js"), (tarball) => ["run", tarball, "--strict"]],
  [
    program(import.meta.resolve("@arethetypeswrong/cli/package.json"), "dist/index.js"),
    (tarball) => [tarball, "--profile", "esm-only", "--no-emoji"]
  ]
]

/** Every file that a manifest's `exports` and `bin` point at. */
const targets = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return [posix.normalize(value)]
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(targets) : []
}

const problemsOf = (manifest: Manifest, files: ReadonlySet<string>): ReadonlyArray<string> => {
  const missing = [...targets(manifest.exports), ...targets(manifest.bin)].filter((file) => !files.has(file))
  const links = Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies }).filter(
    ([, range]) => /^(?:workspace|catalog|link|file):/u.test(range)
  )
  return [
    ...missing.map((file) => `points at ${file}, which is not in the tarball`),
    ...links.map(([name, range]) => `depends on ${name}@${range}, which nobody else can install`),
    ...Array.from(files)
      .filter((file) => /\.(?:tsbuildinfo|test\.\w+)$/u.test(file))
      .map((file) => `carries ${file}`)
  ]
}

const check = async (name: string, tarball: string, folder: string): Promise<ReadonlyArray<string>> => {
  await run("tar", ["-xzf", tarball, "-C", folder])
  const inside = join(folder, "package")
  const files = (await readdir(inside, { recursive: true })).map((file) => file.replaceAll("\\", "/"))
  const problems = [...problemsOf(await readManifest(inside), new Set(files))]
  await rm(inside, { recursive: true })
  for (const [tool, args] of TOOLS) {
    await run(process.execPath, [tool, ...args(tarball)]).catch((error: unknown) =>
      problems.push(String(error))
    )
  }
  return problems.map((problem) => `${name}: ${problem}`)
}

const folder = await mkdtemp(join(tmpdir(), "keepsake-pack-"))
try {
  const problems: Array<string> = []
  const tarballs = await packAll(folder)
  for (const [name, tarball] of tarballs) problems.push(...(await check(name, tarball, folder)))
  for (const problem of problems) console.error(problem)
  console.log(`${tarballs.size} packages packed, ${problems.length} problems`)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
