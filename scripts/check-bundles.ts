/**
 * Bundles one program with every bundler that people deploy with, and runs the result: 1,000 memories in a file store.
 * Packs the packages, and installs them and the bundlers in a folder outside the workspace. `--short` tries esbuild
 * alone.
 */
import { spawn } from "node:child_process"
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { packAll, ROOT, run } from "./pack.ts"

const ESBUILD = ["esbuild@0.28.2"]
const OTHERS = [
  "@rollup/plugin-commonjs@29.0.3",
  "@rollup/plugin-json@6.1.0",
  "@rollup/plugin-node-resolve@16.0.3",
  "next@16.4.6",
  "react@19.3.1",
  "react-dom@19.3.1",
  "rollup@4.68.8",
  "vite@8.3.8",
  "webpack@5.113.0"
]
/** Optional peers of the front door. */
const BACKENDS = ["backend-pgvector", "backend-qdrant"]

interface Bundler {
  readonly name: string
  /** Writes `main.mjs` or `main.cjs` into the folder. */
  readonly build: (project: string, folder: string) => Promise<string>
}

const bin = (project: string, name: string): string => join(project, "node_modules/.bin", name)

/** esbuild's ES modules lack the `require` by which packages in CommonJS load Node's own modules. */
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'

const esbuild = (format: "cjs" | "esm"): Bundler => ({
  name: `esbuild ${format}`,
  build: async (project, folder) => {
    const file = join(folder, format === "cjs" ? "main.cjs" : "main.mjs")
    const options = ["--bundle", "--platform=node", `--format=${format}`, `--outfile=${file}`]
    const banner = format === "esm" ? [`--banner:js=${REQUIRE}`] : []
    await run(bin(project, "esbuild"), ["main.mjs", ...options, ...banner], { cwd: project })
    return file
  }
})

const webpack = (format: "commonjs" | "module"): Bundler => ({
  name: `webpack ${format}`,
  build: async (project, folder) => {
    await run(process.execPath, ["webpack.cjs", format, folder], { cwd: project })
    return join(folder, format === "module" ? "main.mjs" : "main.cjs")
  }
})

const rollup: Bundler = {
  name: "rollup",
  build: async (project, folder) => {
    await run(bin(project, "rollup"), ["--config", "--dir", folder], { cwd: project })
    return join(folder, "main.mjs")
  }
}

const vite: Bundler = {
  name: "vite ssr",
  build: async (project, folder) => {
    await run(bin(project, "vite"), ["build", "--outDir", folder, "--emptyOutDir"], { cwd: project })
    return join(folder, "main.mjs")
  }
}

const npmInstall = (project: string, packages: Iterable<string>): Promise<string> =>
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...packages], { cwd: project })

/** @param qdrant how the store fails whose package is optional */
const check = (name: string, output: string, qdrant: string): void => {
  const expected = JSON.stringify({ rows: 1_000, best: "Crate 321 stands in hall 6", qdrant })
  if (output.trim() !== expected) throw new Error(`${name}: ${output.trim()} instead of ${expected}`)
  console.log(`${name}: ${expected}`)
}

const tryBundler = async (project: string, { build, name }: Bundler, qdrant: string): Promise<void> => {
  const folder = join(project, `out-${name.replaceAll(" ", "-")}-${qdrant}`)
  await mkdir(folder)
  const file = await build(project, folder)
  check(name, await run(process.execPath, [file], { cwd: folder }), qdrant)
}

const findFreePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })

const fetchOnceUp = async (url: string, tries = 100): Promise<string> => {
  try {
    return await (await fetch(url)).text()
  } catch (error) {
    if (tries === 0) throw error
    await new Promise((done) => setTimeout(done, 100))
    return fetchOnceUp(url, tries - 1)
  }
}

/** Builds an app with one route, starts it, and asks the route. */
const tryNext = async (project: string, bundler: "turbopack" | "webpack"): Promise<void> => {
  const app = join(project, `next-${bundler}`)
  await mkdir(join(app, "app/write"), { recursive: true })
  await cp(join(project, "route.js"), join(app, "app/write/route.js"))
  await cp(join(project, "program.mjs"), join(app, "program.mjs"))
  await writeFile(join(app, "package.json"), JSON.stringify({ name: "app", private: true }))
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" }
  const next = join(project, "node_modules/next/dist/bin/next")
  await run(process.execPath, [next, "build", `--${bundler}`], { cwd: app, env })
  const port = await findFreePort()
  const server = spawn(process.execPath, [next, "start", "--port", String(port)], { cwd: app, env })
  try {
    check(`next (${bundler})`, await fetchOnceUp(`http://127.0.0.1:${port}/write`), "Unsupported")
  } finally {
    server.kill()
  }
}

const isShort = process.argv.includes("--short")
const folder = await mkdtemp(join(tmpdir(), "keepsake-bundles-"))
try {
  const tarballs = await packAll(join(folder, "tarballs"))
  const project = join(folder, "project")
  await cp(join(ROOT, "scripts/bundles"), project, { recursive: true })
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "app", private: true }))
  const tarball = (name: string): string => tarballs.get(`@keepsake/${name}`) ?? ""
  const required = ["core", "agent", "backend-hnsw", "keepsake"].map(tarball)
  await npmInstall(project, [...required, ...ESBUILD, ...(isShort ? [] : OTHERS)])
  const short = [esbuild("cjs"), esbuild("esm")]
  const all = [...short, webpack("commonjs"), webpack("module"), rollup, vite]
  for (const bundler of isShort ? short : all) await tryBundler(project, bundler, "Unsupported")
  if (!isShort) {
    await tryNext(project, "turbopack")
    await tryNext(project, "webpack")
    // An optional package that is installed goes into the bundle: nothing answers at the address.
    await npmInstall(project, BACKENDS.map(tarball))
    for (const bundler of all) await tryBundler(project, bundler, "Unavailable")
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
