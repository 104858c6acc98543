/** Packs every package as it would be published and checks the tarball: manifest, types, exported files, stale output. */
import { existsSync } from "node:fs"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, posix } from "node:path"
import { fileURLToPath } from "node:url"
import { type Manifest, packAll, readManifest, ROOT, run } from "./pack.ts"

/** The path of a tool's program; it runs on the Node that runs this. */
const program = (manifest: string, path: string): string => fileURLToPath(new URL(path, manifest))

const TOOLS: ReadonlyArray<readonly [program: string, args: (tarball: string) => ReadonlyArray<string>]> = [
  [program(import.meta.resolve("publint"), "cli.js"), (tarball) => ["run", tarball, "--strict"]],
  [
    program(import.meta.resolve("@arethetypeswrong/cli/package.json"), "dist/index.js"),
    (tarball) => [tarball, "--profile", "esm-only", "--no-emoji"]
  ]
]

/** Every file that a manifest's `exports` and `bin` point at. */
const listTargets = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return [posix.normalize(value)]
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(listTargets) : []
}

/** Build output without a source in the package; a file of `bundle` or `command` has many. */
const findStaleOutput = (files: ReadonlySet<string>): ReadonlyArray<string> =>
  Array.from(files).filter((file) => {
    if (/^dist\/(?:bundle|command)\//u.test(file)) return false
    const source = /^dist\/(.+?)(?:\.d\.ts|\.js)(?:\.map)?$/u.exec(file)?.[1]
    return source !== undefined && !files.has(`src/${source}.ts`)
  })

/** A pinned version would give a program two Effects. */
const findPins = ({ dependencies, peerDependencies }: Manifest): ReadonlyArray<string> =>
  Object.entries({ ...dependencies, ...peerDependencies })
    .filter(([, range]) => /^\d/u.test(range))
    .map(([name, range]) => `depends on ${name} ${range} alone; give a range`)

const IMPORTED = /(?:\bfrom |\bimport\(|\bimport )"([^".][^"]*)"/gu

/** `@scope/name` or `name` of what is imported, and the package of its types where those come apart. */
const toPackages = (specifier: string, folder: string): ReadonlyArray<string> => {
  if (specifier.startsWith("node:")) return []
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")
  const types = `@types/${name.replace(/^@/u, "").replace("/", "__")}`
  return existsSync(join(folder, "node_modules", types)) ? [name, types] : [name]
}

/** Declarations that import what an installed package does not bring. */
const findUndeclaredTypes = async (
  manifest: Manifest,
  unpacked: string,
  files: ReadonlyArray<string>
): Promise<ReadonlyArray<string>> => {
  const folder = join(ROOT, "packages", manifest.name.replace("@keepsake/", ""))
  const declared = new Set([
    manifest.name,
    ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  ])
  const problems = new Set<string>()
  for (const file of files.filter((path) => path.endsWith(".d.ts"))) {
    const text = await readFile(join(unpacked, file), "utf8")
    for (const [, specifier = ""] of text.matchAll(IMPORTED))
      for (const name of toPackages(specifier, folder))
        if (!declared.has(name))
          problems.add(`${file} needs the types of ${name}, which it does not depend on`)
  }
  return [...problems]
}

const findProblems = (manifest: Manifest, files: ReadonlySet<string>): ReadonlyArray<string> => {
  const targets = [...listTargets(manifest.exports), ...listTargets(manifest.bin)]
  const missing = targets.filter((file) => !files.has(file))
  const links = Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies }).filter(
    ([, range]) => /^(?:workspace|catalog|link|file):/u.test(range)
  )
  const blank = (["repository", "homepage", "bugs"] as const).filter((field) => manifest[field] === undefined)
  return [
    ...blank.map((field) => `has no ${field}`),
    ...findPins(manifest),
    ...missing.map((file) => `points at ${file}, which is not in the tarball`),
    ...links.map(([name, range]) => `depends on ${name}@${range}, which only this workspace can install`),
    ...Array.from(files)
      .filter((file) => /\.(?:tsbuildinfo|test\.\w+)$/u.test(file))
      .map((file) => `contains ${file}`),
    ...findStaleOutput(files).map((file) => `contains ${file}, which has no source`)
  ]
}

const check = async (name: string, tarball: string, folder: string): Promise<ReadonlyArray<string>> => {
  await run("tar", ["-xzf", tarball, "-C", folder])
  const unpacked = join(folder, "package")
  const files = (await readdir(unpacked, { recursive: true })).map((file) => file.replaceAll("\\", "/"))
  const manifest = await readManifest(unpacked)
  const problems = [
    ...findProblems(manifest, new Set(files)),
    ...(await findUndeclaredTypes(manifest, unpacked, files))
  ]
  await rm(unpacked, { recursive: true })
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
