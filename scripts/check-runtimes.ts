/**
 * Runs the embedded store on Bun and Deno: 1,000 memories in a file. Packs the packages, and installs them and the
 * runtimes in a folder outside the workspace.
 */
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { packAll, ROOT, run } from "./pack.ts"

const RUNTIMES = [
  { name: "bun", version: "1.4.5", args: ["main.mjs"] },
  { name: "deno", version: "2.9.6", args: ["run", "--allow-all", "main.mjs"] }
]

const EXPECTED = JSON.stringify({ rows: 1_000, best: "Crate 321 stands in hall 6", qdrant: "Unsupported" })

const folder = await mkdtemp(join(tmpdir(), "keepsake-runtimes-"))
try {
  const tarballs = await packAll(join(folder, "tarballs"))
  await cp(join(ROOT, "scripts/bundles"), folder, { recursive: true })
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "app", private: true }))
  const packages = ["core", "agent", "backend-hnsw", "keepsake"].map(
    (name) => tarballs.get(`@keepsake/${name}`) ?? ""
  )
  const runtimes = RUNTIMES.map(({ name, version }) => `${name}@${version}`)
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...packages, ...runtimes], {
    cwd: folder
  })
  for (const { args, name, version } of RUNTIMES) {
    const output = await run(join(folder, "node_modules/.bin", name), args, { cwd: folder })
    if (output.trim() !== EXPECTED) throw new Error(`${name}: ${output.trim()} instead of ${EXPECTED}`)
    console.log(`${name} ${version}: ${EXPECTED}`)
    await rm(join(folder, "memory.db"))
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
