/**
 * Puts the modules of a package into few files: each file costs about a millisecond of every process's start. The
 * types stay as the compiler wrote them.
 */
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { glob, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { HASH_LENGTH } from "../packages/keepsake/src/cli/runScript.ts"
import { type OutputChunk, type Plugin, rolldown, type RolldownOptions } from "rolldown"

/** Files that a thread or a child process starts by their path, and the one that starts the thread. */
const STARTED: Readonly<Record<string, ReadonlyArray<string>>> = {
  "backend-hnsw": ["graph/worker"],
  core: ["testing/conformanceSuite"]
}

/** The command's other stores, its chat and its MCP server come as packages of their own, which bring Effect with them. */
const OWN_PACKAGES = /^@keepsake\/(?:agent|backend-pgvector|backend-qdrant|mcp)$/u

/** Third-party packages that the command loads when it needs them, or whose absence it reports, and the table of word pieces. */
const LOADED_LATER = /^(?:@huggingface\/|hnswlib-node$|#table$)/u

/** The command's part of it is small; as a dependency it would bring sockets and the types of Node. */
const INSIDE = /^@effect\/platform-node-shared\//u

const SEGMENTER = /const graphemeSegmenter = (?:\/\*#__PURE__\*\/\s*)?(new Intl\.Segmenter\([^;]+\));/u

/** Effect makes a segmenter as its module loads, and that loads `Intl`: half the time that Node takes to start. */
const lateSegmenter: Plugin = {
  name: "late-segmenter",
  transform: (code, id) => {
    if (!id.endsWith("/effect/dist/cli/CliOutput.js")) return null
    const [made, segmenter] = SEGMENTER.exec(code) ?? []
    if (made === undefined) throw new Error(`${id} makes its segmenter otherwise: drop or mend this plugin`)
    return code.replace(
      made,
      `let madeSegmenter; const graphemeSegmenter = { segment: (text) => (madeSegmenter ??= ${segmenter}).segment(text) };`
    )
  }
}

const isOutsidePackage = (id: string): boolean => !/^[./]/u.test(id) && !INSIDE.test(id)

const build = async (
  input: Readonly<Record<string, string>>,
  external: (id: string) => boolean,
  folder: string,
  chunks: string,
  minify: boolean
): Promise<ReadonlyArray<OutputChunk>> => {
  const options: RolldownOptions = { input, external, platform: "node", logLevel: "warn" }
  const bundle = await rolldown(options)
  const { output } = await bundle.write({
    dir: folder,
    format: "esm",
    // Names stay, so that a stack can be read.
    minify: minify && { mangle: false, compress: true, codegen: true },
    sourcemap: !minify,
    // The package has them beside `dist`.
    sourcemapExcludeSources: true,
    // The declarations have them too.
    comments: { jsdoc: false },
    entryFileNames: "[name].js",
    chunkFileNames: ({ name }) => (name === "graph/runBuild" ? "[name].js" : `${chunks}[name]-[hash].js`),
    // Finds the thread's file beside its own.
    codeSplitting: { groups: [{ name: "graph/runBuild", test: /\/graph\/runBuild\.ts$/u }] }
  })
  await bundle.close()
  return output.filter((file) => file.type === "chunk")
}

const findLicence = async (module: string): Promise<readonly [folder: string, text: string] | undefined> => {
  let folder = dirname(module)
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder)
  for await (const file of glob("LICENSE*", { cwd: folder }))
    return [folder, await readFile(join(folder, file), "utf8")]
  return undefined
}

/** The licences of what the chunks hold of other packages. */
const writeLicences = async (chunks: ReadonlyArray<OutputChunk>, folder: string): Promise<void> => {
  const modules = chunks.flatMap(({ moduleIds }) => moduleIds)
  const licences = new Map<string, string>()
  for (const module of modules.filter((id) => id.includes("/node_modules/"))) {
    const found = await findLicence(module)
    if (found !== undefined) licences.set(...found)
  }
  const texts = Array.from(licences, ([from, text]) => {
    const name = from.slice(from.lastIndexOf("/node_modules/") + "/node_modules/".length)
    return `${name}\n\n${text.trim()}\n`
  })
  if (texts.length > 0) await writeFile(join(folder, "LICENCES.txt"), texts.toSorted().join("\n---\n\n"))
}

/** Entries by their path below `dist`, without the ending. */
const listEntries = (target: unknown): ReadonlyArray<string> => {
  if (typeof target === "string") return /^\.\/dist\/(.+)\.js$/u.exec(target)?.slice(1) ?? []
  return typeof target === "object" && target !== null ? Object.values(target).flatMap(listEntries) : []
}

/** Bundles a package that the compiler has built; its dependencies stay outside. */
export const bundlePackage = async (folder: string, publishConfig: unknown): Promise<void> => {
  const dist = join(folder, "dist")
  const started = Object.entries(STARTED).find(([name]) => folder.endsWith(`/${name}`))?.[1] ?? []
  const entries = [...new Set([...listEntries(publishConfig), ...started])]
  const input = Object.fromEntries(entries.map((entry) => [entry, join(folder, "src", `${entry}.ts`)]))
  for await (const file of glob("**/*.js{,.map}", { cwd: dist })) await rm(join(dist, file))
  const chunks = await build(input, isOutsidePackage, dist, "bundle/", false)
  await writeLicences(chunks, join(dist, "bundle"))
}

const isOutsideCommand = (id: string): boolean =>
  id.startsWith("node:") || OWN_PACKAGES.test(id) || LOADED_LATER.test(id)

/** The thread's file is beside the command's, whose one file has the module that looks for it. */
const workerBeside: Plugin = {
  name: "worker-beside",
  transform: (code, id) =>
    id.endsWith("/graph/runBuild.ts")
      ? code.replace("import.meta.url", 'new URL("graph/runBuild.js", import.meta.url).href')
      : null
}

/** `import` of what is outside: a script has none of its own. */
const OUTSIDE_IMPORT = /(?<![.\w$])import(?=\(["'`])/gu

/**
 * The command as one script, the text of a function with the parameters of `runScript.ts`, after a hash by which its
 * compiled code is known.
 */
const writeScript = async (entry: string, file: string): Promise<ReadonlyArray<OutputChunk>> => {
  const bundle = await rolldown({
    input: entry,
    external: isOutsideCommand,
    plugins: [lateSegmenter, workerBeside],
    platform: "node",
    logLevel: "warn",
    transform: { define: { "import.meta.resolve": "resolveModule", "import.meta.env": "undefined" } }
  })
  const { output } = await bundle.generate({
    format: "cjs",
    codeSplitting: false,
    minify: { mangle: false, compress: true, codegen: true }
  })
  await bundle.close()
  const [chunk] = output
  const code = chunk.code.replaceAll(OUTSIDE_IMPORT, "importModule")
  const script = `(function(exports,require,__filename,importModule,resolveModule){${code}\n})`
  const hash = createHash("sha256").update(script).digest("hex").slice(0, HASH_LENGTH)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `/*${hash}*/${script}`)
  return [chunk]
}

/** The command with Effect and the file store inside, the thread that it may start, and the licences of what they hold. */
export const bundleCommand = async (packages: string): Promise<void> => {
  const folder = join(packages, "keepsake/dist/command")
  const script = await writeScript(join(packages, "keepsake/src/cli/run.ts"), join(folder, "run.cjs"))
  const worker = { "graph/worker": join(packages, "backend-hnsw/src/graph/worker.ts") }
  const chunks = await build(worker, isOutsideCommand, folder, "", true)
  await writeLicences([...script, ...chunks], folder)
}
