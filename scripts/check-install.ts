/**
 * Installs the packed packages into an empty project outside the workspace, as a newcomer would, and tries the
 * README's first program there: type-checks it under node16 and bundler, then runs it twice on each Node that the
 * packages support. Installs the README's own line alone, measures it, and tries what it leaves out. Then runs `keepsake-conformance` as a backend author would, without Vitest and with it.
 * `--this-node` skips the other Nodes.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { measureFolder } from "../examples/benchmark/speed/install/npmInstall.ts"
import { FRONT_DOOR, packAll, readManifest, ROOT, run } from "./pack.ts"

/** The lowest version that `engines` allows, then the release lines in use. */
const NODES = ["22.19", "24", "26"]

const compile = async (project: string, module: string, resolution: string): Promise<void> => {
  const config = {
    compilerOptions: {
      module,
      moduleResolution: resolution,
      // Node 22 lacks `await using`: an older target has the compiler replace it.
      target: "es2022",
      lib: ["es2022", "esnext.disposable"],
      types: ["node"],
      strict: true,
      skipLibCheck: true,
      outDir: "out"
    },
    files: ["readme.ts", "everything.ts"]
  }
  await writeFile(join(project, "tsconfig.json"), JSON.stringify(config))
  await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", project], { cwd: project })
  console.log(`types: module ${module}, moduleResolution ${resolution}`)
}

/** Writes a program that imports every entry of every package. */
const writeImports = async (tarballs: ReadonlyMap<string, string>): Promise<string> => {
  const entries: Array<string> = []
  for (const name of tarballs.keys()) {
    const { exports = {} } = await readManifest(join(ROOT, "packages", name.replace("@keepsake/", "")))
    for (const [path, target] of Object.entries(exports)) {
      // Skips private paths, and entries that need a test runner.
      if (target === null || path === "./testing" || path === "./package.json") continue
      entries.push(name + path.slice(1))
    }
  }
  const lines = entries.map((entry, i) => `import * as entry${i} from ${JSON.stringify(entry)}`)
  return [
    ...lines,
    `console.log(${entries.map((_, i) => `Object.keys(entry${i}).length`).join(" + ")})`,
    ""
  ].join("\n")
}

const readme = await readFile(join(ROOT, "README.md"), "utf8")
const program = /```ts\n([\s\S]*?)```/u.exec(readme)?.[1]
if (program === undefined) throw new Error("README.md has no ts block")

const runOn = async (node: string, project: string): Promise<void> => {
  const file = join(project, "out/readme.js")
  const cwd = join(project, `run-${node}`)
  const runScript = async (script: string, args: ReadonlyArray<string> = []): Promise<string> =>
    node === "this"
      ? run(process.execPath, [script, ...args], { cwd })
      : run("npx", ["-y", "-p", `node@${node}`, "node", script, ...args], { cwd })
  await mkdir(cwd)
  await runScript(join(project, "out/everything.js"))
  await runScript(file)
  const second = await runScript(file)
  if (!second.includes("freight"))
    throw new Error(`On Node ${node} the second run of the README's program does not remember:\n${second}`)
  const cli = join(project, "node_modules/@keepsake/keepsake/dist/cli/main.js")
  const store = ["--store", "file:./cli.db"]
  await runScript(cli, ["remember", "Ana ships on Fridays", ...store])
  const recalled = await runScript(cli, ["recall", "ships Fridays", "--threshold", "0", ...store])
  if (!recalled.includes("Fridays"))
    throw new Error(`On Node ${node} the command line does not recall:\n${recalled}`)
  const version = (await runScript(cli, ["--version"])).trim()
  console.log(`runs: ${version} on Node ${node === "this" ? process.versions.node : node}`)
}

const MY_STORE = `import { InMemoryStore, inMemoryData } from "@keepsake/core"
import { Effect } from "effect"
import type { StoreLawsOptions } from "@keepsake/core/testing"

export default Effect.sync(() => InMemoryStore.layerOf(inMemoryData()))
export const options: StoreLawsOptions = { operations: 50 }
`

const npmInstall = (project: string, packages: Iterable<string>): Promise<string> =>
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...packages], { cwd: project })

/** Checks that the installed `keepsake-conformance` asks for Vitest, and runs the laws once it is installed. */
const checkConformance = async (project: string): Promise<void> => {
  await writeFile(join(project, "my-store.ts"), MY_STORE)
  const conformance = (): Promise<string> =>
    run(process.execPath, [join(project, "node_modules/.bin/keepsake-conformance"), "./my-store.ts"], {
      cwd: project,
      env: { ...process.env, NO_COLOR: "1" }
    })
  const missing = await conformance().then(
    () => "",
    (error: Error) => error.message
  )
  if (!missing.includes("npm install --save-dev vitest @effect/vitest"))
    throw new Error(`keepsake-conformance does not ask for Vitest:\n${missing}`)
  const { peerDependencies = {} } = await readManifest(join(ROOT, "packages/core"))
  const runners = ["vitest", "@effect/vitest"].map((name) => `${name}@${peerDependencies[name]}`)
  await npmInstall(project, runners)
  const counts = /Tests.*passed.*/u.exec(await conformance())?.[0]
  if (counts === undefined) throw new Error("keepsake-conformance ran no laws")
  console.log(`keepsake-conformance: ${counts.trim()}`)
}

/** What the README's own line may bring: fewer bytes than mem0ai with its default store. */
const PACKAGES_MAX = 15
const MEGABYTES_MAX = 67.8

/** Commands that need a package more, and its name. */
const OPTIONAL: ReadonlyArray<readonly [args: ReadonlyArray<string>, name: string]> = [
  [["mcp"], "@keepsake/mcp"],
  [["chat", "--model", "claude-sonnet-5-5"], "@keepsake/agent"],
  [["list", "--store", "postgres://localhost/none"], "@keepsake/backend-pgvector"],
  [["list", "--store", "qdrant+http://localhost:1"], "@keepsake/backend-qdrant"]
]

/** The line that a newcomer types, as the tarballs that it fetches. */
const checkFrontDoor = async (project: string, tarballs: ReadonlyMap<string, string>): Promise<void> => {
  await mkdir(project)
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "front-door", private: true }))
  await npmInstall(
    project,
    FRONT_DOOR.map((name) => tarballs.get(name) ?? "")
  )
  const { bytes, packages } = await measureFolder(join(project, "node_modules"))
  const megabytes = bytes / 1e6
  console.log(`npm install @keepsake/keepsake: ${packages} packages, ${megabytes.toFixed(1)} MB`)
  if (packages > PACKAGES_MAX || megabytes >= MEGABYTES_MAX)
    throw new Error(`More than ${PACKAGES_MAX} packages or not less than ${MEGABYTES_MAX} MB`)
  await writeFile(join(project, "memory.mjs"), program.replace("await using memory", "const memory"))
  await run(process.execPath, ["memory.mjs"], { cwd: project })
  const cli = join(project, "node_modules/@keepsake/keepsake/dist/cli/main.js")
  for (const [args, name] of OPTIONAL) {
    const refusal = await run(process.execPath, [cli, ...args], { cwd: project }).then(
      () => "it succeeds",
      (error: Error) => error.message
    )
    if (!refusal.replaceAll(/\s+/gu, " ").includes(`npm install ${name}`))
      throw new Error(`keepsake ${args.join(" ")} does not ask for ${name}:\n${refusal}`)
  }
}

const folder = await mkdtemp(join(tmpdir(), "keepsake-install-"))
try {
  const tarballs = await packAll(join(folder, "tarballs"))
  await checkFrontDoor(join(folder, "front-door"), tarballs)
  const project = join(folder, "project")
  await mkdir(project)
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({ name: "newcomer", private: true, type: "module" })
  )
  // The Claude Agent SDK brings it.
  const { peerDependencies = {} } = await readManifest(join(ROOT, "packages/agent"))
  const sdk = "@modelcontextprotocol/sdk"
  await npmInstall(project, [...tarballs.values(), "@types/node@24", `${sdk}@${peerDependencies[sdk]}`])
  await writeFile(join(project, "readme.ts"), program)
  await writeFile(join(project, "everything.ts"), await writeImports(tarballs))
  await compile(project, "esnext", "bundler")
  await compile(project, "node16", "node16")
  for (const node of process.argv.includes("--this-node") ? ["this"] : NODES) await runOn(node, project)
  await checkConformance(project)
} finally {
  await rm(folder, { recursive: true, force: true })
}
